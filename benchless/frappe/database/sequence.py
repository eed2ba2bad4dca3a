"""Database sequences: numbers that nobody waits for and that are never given twice."""

from frappe import db, scrub


def create_sequence(
	doctype_name: str,
	*,
	slug: str = "_id_seq",
	temporary: bool = False,
	check_not_exists: bool = False,
	cycle: bool = False,
	cache: int = 0,
	start_value: int = 0,
	increment_by: int = 0,
	min_value: int = 0,
	max_value: int = 0,
) -> str:
	"""Commit and create the sequence; returns its name. Zero means the database's default."""
	name = scrub(doctype_name + slug)
	parts = [
		"create temporary sequence" if temporary else "create sequence",
		"if not exists" if check_not_exists else "",
		name,
		f"increment by {increment_by}" if increment_by else "",
		f"minvalue {min_value}" if min_value else "",
		f"maxvalue {max_value}" if max_value else "",
		f"start {start_value}" if start_value else "",
		f"cache {cache}" if cache else "nocache",
		"cycle" if cycle else "nocycle",
	]
	db.sql_ddl(" ".join(filter(None, parts)))
	return name


def get_next_val(doctype_name: str, slug: str = "_id_seq") -> int:
	rows = db.sql(f"SELECT nextval(`{scrub(doctype_name + slug)}`)")
	if not rows:
		raise db.SequenceGeneratorLimitExceeded
	return rows[0][0]


def set_next_val(
	doctype_name: str, next_val: int, *, slug: str = "_id_seq", is_val_used: bool = False
) -> None:
	used = "true" if is_val_used else "false"
	db.sql(f"SELECT SETVAL(`{scrub(doctype_name + slug)}`, {next_val}, {used})")
