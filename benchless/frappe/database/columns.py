"""Field types as MariaDB columns."""

TYPE_MAP = {
	"Currency": ("decimal", "21,9"),
	"Int": ("int", "11"),
	"Long Int": ("bigint", "20"),
	"Float": ("decimal", "21,9"),
	"Percent": ("decimal", "21,9"),
	"Check": ("int", "1"),
	"Rating": ("decimal", "3,2"),
	"Duration": ("decimal", "21,9"),
	"Date": ("date", ""),
	"Datetime": ("datetime", "6"),
	"Time": ("time", "6"),
	"JSON": ("json", ""),
	**dict.fromkeys(("Small Text", "Text", "Password", "Attach", "Attach Image"), ("text", "")),
	**dict.fromkeys(
		(
			*("Long Text", "Code", "Text Editor", "Markdown Editor", "HTML Editor"),
			*("Signature", "Barcode", "Geolocation"),
		),
		("longtext", ""),
	),
	**dict.fromkeys(
		(
			*("Data", "Link", "Dynamic Link", "Select", "Read Only"),
			*("Color", "Icon", "Phone", "Autocomplete"),
		),
		("varchar", "140"),
	),
}
WIDEST_INT = 11


def column_type(fieldtype: str, length: int | None = None) -> str | None:
	"""The column of a field, None for a field without a value."""
	if fieldtype not in TYPE_MAP:
		return None
	if fieldtype == "Int" and length and length > WIDEST_INT:
		fieldtype, length = "Long Int", None
	base, size = TYPE_MAP[fieldtype]
	if length and (base == "varchar" or (base == "int" and length < WIDEST_INT)):
		size = str(length)
	return f"{base}({size})" if size else base
