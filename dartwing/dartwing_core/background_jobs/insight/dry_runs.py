"""What a dry run would do, in words: as the pages show it."""

from collections import Counter
from typing import Any

from frappe import _

KINDS = ("created", "changed", "deleted")


def in_words(job: dict[str, Any]) -> list[dict[str, Any]]:
	"""`[{text, items}]` of a job as `get_job_status` has it: `items` name documents, to its owner only.

	Empty for what is no dry run, or has no result.
	"""
	result = job["result"]
	if not job["is_dry_run"] or not isinstance(result, dict):
		return []
	told = {kind: result.get(kind) or {"count": 0} for kind in KINDS}
	lines = [_line(kind, **of_kind) for kind, of_kind in told.items() if of_kind["count"]]
	if result.get("other_statements"):
		lines.append(
			{
				"text": _("Would write by other statements: {0}").format(result["other_statements"]),
				"items": [],
			}
		)
	if result.get("submitted"):
		lines.append({"text": _("Would submit jobs: {0}").format(result["submitted"]), "items": []})
	lines = lines or [{"text": _("Would write nothing."), "items": []}]
	further = (_held_back(result.get("held_back") or {}), _why_not_named(told))
	return [*lines, *({"text": text, "items": []} for text in further if text)]


def _line(kind: str, count: int, documents: list[dict[str, Any]] | None = None) -> dict[str, Any]:
	texts = {
		"created": _("Would create documents: {0}"),
		"changed": _("Would change documents: {0}"),
		"deleted": _("Would delete documents: {0}"),
	}
	told = documents or []
	text = texts[kind].format(count)
	if len(told) == count:
		of_each = Counter(one["doctype"] for one in told)
		text += f" ({', '.join(f'{_(doctype)}: {of_it}' for doctype, of_it in of_each.most_common())})"
	in_order = sorted(told, key=lambda one: one["doctype"])
	return {"text": text, "items": [_document(**one) for one in in_order]}


def _document(doctype: str, name: str, fields: list[str]) -> str:
	document = f"{_(doctype)} {name}"
	return f"{document}: {', '.join(fields)}" if fields else document


def _held_back(counts: dict[str, int]) -> str:
	texts = {
		"mails": (_("1 mail"), _("{0} mails")),
		"enqueued": (_("1 job to enqueue"), _("{0} jobs to enqueue")),
		"realtime": (_("1 event"), _("{0} events")),
		"callbacks": (_("1 callback"), _("{0} callbacks")),
		"files": (_("1 file to remove"), _("{0} files to remove")),
	}
	said = [
		(one if counts[what] == 1 else many.format(counts[what]))
		for what, (one, many) in texts.items()
		if counts.get(what)
	]
	return _("Held back: {0}").format(", ".join(said)) if said else ""


def _why_not_named(told: dict[str, dict[str, Any]]) -> str:
	if not any(of_kind["count"] for of_kind in told.values()):
		return ""
	if not any("documents" in of_kind for of_kind in told.values()):
		return _("Which documents these are is told to who submitted it.")
	missing = sum(of_kind["count"] - len(of_kind.get("documents", ())) for of_kind in told.values())
	return _("Not named: {0} that you may not read, or that are too many").format(missing) if missing else ""
