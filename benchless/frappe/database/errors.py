"""What MariaDB's error numbers mean."""

import pymysql
from pymysql.constants import ER


def has_code(*codes: int):
	return staticmethod(lambda e: e.args[0] in codes)


class ErrorPredicates:
	"""Each predicate takes the pymysql error; Frappe's own translated errors match none."""

	ProgrammingError = pymysql.ProgrammingError
	TableMissingError = pymysql.ProgrammingError
	OperationalError = pymysql.OperationalError
	InternalError = pymysql.InternalError
	DataError = pymysql.DataError

	is_deadlocked = has_code(ER.LOCK_DEADLOCK)
	is_timedout = has_code(ER.LOCK_WAIT_TIMEOUT)
	is_table_missing = has_code(ER.NO_SUCH_TABLE)
	is_missing_column = has_code(ER.BAD_FIELD_ERROR)
	is_missing_table_or_column = has_code(ER.NO_SUCH_TABLE, ER.BAD_FIELD_ERROR)
	is_duplicate_entry = has_code(ER.DUP_ENTRY)
	is_syntax_error = has_code(ER.PARSE_ERROR)

	@staticmethod
	def is_primary_key_violation(e) -> bool:
		return is_duplicate(e) and "PRIMARY" in str(e.args[1])

	@staticmethod
	def is_unique_key_violation(e) -> bool:
		return is_duplicate(e) and "Duplicate" in str(e.args[1])


def is_duplicate(e) -> bool:
	return isinstance(e, pymysql.IntegrityError) and e.args[0] == ER.DUP_ENTRY
