"""Files that an export writes page by page, in memory that does not grow with the rows."""

import csv
import hashlib
import shutil
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import frappe
from frappe import _
from openpyxl import Workbook
from openpyxl.cell.cell import WriteOnlyCell

from dartwing.dartwing_core.background_jobs.database.job_files import (
	MOVED,
	parts_folder,
	remove,
	remove_part,
	remove_parts,
)
from dartwing.dartwing_core.background_jobs.errors import PermanentError
from dartwing.dartwing_core.background_jobs.handlers.export_cells import Cells, InertCsvCells, XlsxCells

PART_LIFETIME_SECONDS = 7 * 24 * 60 * 60
XLSX_MAX_ROWS = 1_048_576


class ExportFile(ABC):
	"""A file that is written to a part of its own, and moved to its place when it is whole.

	Each attempt writes another part, so that a worker that comes back from the dead cannot disturb
	the attempt that replaced it.
	"""

	extension: ClassVar[str]
	is_resumable: ClassVar[bool] = False
	# parameters of this format alone, arguments of its class: true or false
	switches: ClassVar[tuple[str, ...]] = ()

	def __init__(self, job_id: str, fields: list[str], cells: Cells):
		self.fields = fields
		self.cells = cells
		self._job_id = job_id
		self.token = f"{job_id}-{frappe.generate_hash(length=8)}"
		self.rows = 0
		self.last_name: str | None = None
		self.size = 0
		self.content_hash = ""
		self._part = parts_folder() / f"{self.token}.{self.extension}"

	def start(self, checkpoint: Mapping[str, Any] | None) -> None:
		"""Begin the file, or go on where the checkpoint of an earlier attempt ends."""
		remove_leftovers()
		self._open(checkpoint)

	def write(self, rows: list[frappe._dict]) -> None:
		self._write([[self.cells.cell(row.get(field)) for field in self.fields] for row in rows])
		self.rows += len(rows)
		self.last_name = rows[-1].name

	def finish(self, path: str) -> None:
		"""Complete the file, learn its size and hash, and move it to `path`.

		It belongs to nobody until the caller's transaction is committed: until then a note of where it
		is lies beside the parts, for `remove_leftovers`. A rollback removes the file.
		"""
		self._save()
		self.size = self._part.stat().st_size
		self.content_hash = hash_of(self._part)
		note = self._part.with_suffix(MOVED)
		note.write_text(Path(path).name)
		frappe.db.after_rollback.add(partial(remove, path))
		frappe.db.after_rollback.add(partial(remove, note))
		# with the note, and with what earlier attempts had begun
		frappe.db.after_commit.add(partial(remove_parts, [self._job_id]))
		# a copy, where the folder of files is a file system of its own
		shutil.move(self._part, path)

	def checkpoint(self) -> dict[str, Any]:
		raise NotImplementedError(f"{self.extension} files cannot be continued")

	@abstractmethod
	def _open(self, checkpoint: Mapping[str, Any] | None) -> None: ...

	@abstractmethod
	def _write(self, rows: list[list[Any]]) -> None: ...

	@abstractmethod
	def _save(self) -> None: ...

	@abstractmethod
	def close(self) -> None:
		"""Release what is open; called however the export ends."""


class CsvFile(ExportFile):
	"""UTF-8 with a byte order mark, by which Excel recognises it; without one if it is not wanted."""

	extension = "csv"
	is_resumable = True
	switches = ("inert_texts", "byte_order_mark")

	def __init__(
		self, job_id: str, fields: list[str], inert_texts: bool = True, byte_order_mark: bool = True
	):
		super().__init__(job_id, fields, InertCsvCells() if inert_texts else Cells())
		self._byte_order_mark = "\ufeff" if byte_order_mark else ""

	def _open(self, checkpoint: Mapping[str, Any] | None) -> None:
		resumed = checkpoint is not None and self._resume(checkpoint)
		self._file = open(self._part, "a", encoding="utf-8", newline="")  # noqa: SIM115
		self._writer = csv.writer(self._file)
		if not resumed:
			self._file.write(self._byte_order_mark)
			self._writer.writerow(self.fields)

	def _resume(self, checkpoint: Mapping[str, Any]) -> bool:
		"""Take over what an earlier attempt wrote, if its part is there, is whole and has the same columns.

		The end of a part is lost if the machine died before its system had written it to the disk.
		"""
		earlier = parts_folder() / Path(checkpoint["part"]).name
		if not earlier.exists() or earlier.stat().st_size < checkpoint["size"]:
			return False
		if checkpoint["fields"] != self.fields:
			return False
		copy_beginning(earlier, self._part, checkpoint["size"])
		self.rows, self.last_name = checkpoint["rows"], checkpoint["last_name"]
		self.cells.changed.update(checkpoint.get("changed_cells", {}))
		return True

	def _write(self, rows: list[list[Any]]) -> None:
		self._writer.writerows(rows)
		self._file.flush()

	def checkpoint(self) -> dict[str, Any]:
		return {
			"part": self._part.name,
			"size": self._part.stat().st_size,
			"rows": self.rows,
			"last_name": self.last_name,
			"fields": self.fields,
			"changed_cells": dict(self.cells.changed),
		}

	def _save(self) -> None:
		self._file.close()

	def close(self) -> None:
		self._file.close()


class XlsxFile(ExportFile):
	extension = "xlsx"

	def __init__(self, job_id: str, fields: list[str]):
		super().__init__(job_id, fields, XlsxCells())

	def _open(self, checkpoint: Mapping[str, Any] | None) -> None:
		self._book = Workbook(write_only=True)
		self._sheet = self._book.create_sheet("Export")
		self._sheet.append(self.fields)

	def _write(self, rows: list[list[Any]]) -> None:
		if self.rows + len(rows) >= XLSX_MAX_ROWS:
			raise PermanentError(_("an XLSX sheet holds {0} rows at most; export CSV").format(XLSX_MAX_ROWS))
		for row in rows:
			self._sheet.append([self._inert(value) for value in row])

	def _inert(self, value: Any) -> Any:
		"""Texts stay texts: one that begins with "=" must not become a formula."""
		if not isinstance(value, str):
			return value
		cell = WriteOnlyCell(self._sheet, value)
		cell.data_type = "s"
		return cell

	def _save(self) -> None:
		self._book.save(self._part)

	def close(self) -> None:
		self._book.close()
		# what a full disk let be written of it; a whole one has been moved away
		self._part.unlink(missing_ok=True)


FORMATS: dict[str, type[CsvFile | XlsxFile]] = {"CSV": CsvFile, "XLSX": XlsxFile}


def remove_leftovers() -> None:
	"""Remove what interrupted exports left behind a week ago: parts, and files that no File stands for."""
	oldest = time.time() - PART_LIFETIME_SECONDS
	for left in parts_folder().iterdir():
		with suppress(FileNotFoundError):
			if left.stat().st_mtime < oldest:
				remove_part(left)


def copy_beginning(source: Path, target: Path, size: int) -> None:
	with open(source, "rb") as reader, open(target, "wb") as writer:
		shutil.copyfileobj(reader, writer)
		writer.truncate(size)


def hash_of(path: Path) -> str:
	"""MD5 as Frappe's File keeps it, to recognise equal files."""
	digest = hashlib.md5(usedforsecurity=False)
	with open(path, "rb") as file:
		for chunk in _chunks(file):
			digest.update(chunk)
	return digest.hexdigest()


def _chunks(file: Any, size: int = 1024 * 1024) -> Iterable[bytes]:
	return iter(lambda: file.read(size), b"")
