"""Database sequences: numbers that nobody waits for and that are never given twice."""

from frappe import db, scrub


def create_sequence(
	doctype_name: str, *, check_not_exists: bool = False, cache: int = 0, start_value: int = 0
) -> str:
	"""Commit and create the sequence; returns its name. Without a cache every number is a write."""
	name = scrub(f"{doctype_name}_id_seq")
	db.sql_ddl(
		f"create sequence {'if not exists' if check_not_exists else ''} {name}"
		f" {f'start {start_value}' if start_value else ''} {f'cache {cache}' if cache else 'nocache'} nocycle"
	)
	return name


def get_next_val(doctype_name: str) -> int:
	return db.sql(f"select nextval(`{scrub(f'{doctype_name}_id_seq')}`)")[0][0]
