"""PDFs for the demo's scans, with one page for each text."""

import warnings
from collections.abc import Sequence
from io import BytesIO

with warnings.catch_warnings():
	# pypdf 3, which Frappe v15 has, imports what cryptography calls deprecated
	warnings.simplefilter("ignore")
	from pypdf import PdfWriter
	from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject


def made_of(texts: Sequence[str]) -> bytes:
	font = _named(Type=NameObject("/Font"), Subtype=NameObject("/Type1"), BaseFont=NameObject("/Helvetica"))
	writer, written = PdfWriter(), BytesIO()
	for text in texts:
		page, drawing = writer.add_blank_page(595, 842), DecodedStreamObject()
		drawing.set_data(f"BT /F 14 Tf 72 760 Td ({text}) Tj ET".encode())
		page.update(_named(Resources=_named(Font=_named(F=font)), Contents=drawing))
	writer.write(written)
	return written.getvalue()


def _named(**values: object) -> DictionaryObject:
	return DictionaryObject({NameObject(f"/{key}"): value for key, value in values.items()})
