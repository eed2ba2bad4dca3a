"""What MariaDB's error numbers mean."""

import pymysql
from pymysql.constants import ER

READ_ONLY_TRANSACTION = 1792
STATEMENT_TIMEOUT = 1969
SEQUENCE_RUN_OUT = 4084


def has_code(*codes: int):
	return staticmethod(lambda e: e.args[0] in codes)


class ErrorPredicates:
	"""Each predicate takes the pymysql error; Frappe's own translated errors match none."""

	ProgrammingError = pymysql.ProgrammingError
	TableMissingError = pymysql.ProgrammingError
	SQLError = pymysql.ProgrammingError
	OperationalError = pymysql.OperationalError
	SequenceGeneratorLimitExceeded = pymysql.OperationalError
	InternalError = pymysql.InternalError
	DataError = pymysql.DataError

	is_deadlocked = has_code(ER.LOCK_DEADLOCK)
	is_timedout = has_code(ER.LOCK_WAIT_TIMEOUT)
	is_read_only_mode_error = has_code(READ_ONLY_TRANSACTION)
	is_table_missing = has_code(ER.NO_SUCH_TABLE)
	is_missing_table = is_table_missing
	is_missing_column = has_code(ER.BAD_FIELD_ERROR)
	is_column_missing = is_missing_column
	is_missing_table_or_column = has_code(ER.NO_SUCH_TABLE, ER.BAD_FIELD_ERROR)
	is_duplicate_fieldname = has_code(ER.DUP_FIELDNAME)
	is_duplicate_entry = has_code(ER.DUP_ENTRY)
	is_access_denied = has_code(ER.ACCESS_DENIED_ERROR)
	cant_drop_field_or_key = has_code(ER.CANT_DROP_FIELD_OR_KEY)
	is_syntax_error = has_code(ER.PARSE_ERROR)
	is_statement_timeout = has_code(STATEMENT_TIMEOUT)
	is_data_too_long = has_code(ER.DATA_TOO_LONG)
	is_db_table_size_limit = has_code(ER.TOO_BIG_ROWSIZE)

	@staticmethod
	def is_primary_key_violation(e) -> bool:
		return is_duplicate(e) and "PRIMARY" in str(e.args[1])

	@staticmethod
	def is_unique_key_violation(e) -> bool:
		return is_duplicate(e) and "Duplicate" in str(e.args[1])

	@staticmethod
	def is_interface_error(e) -> bool:
		return isinstance(e, pymysql.InterfaceError)


def is_duplicate(e) -> bool:
	return isinstance(e, pymysql.IntegrityError) and e.args[0] == ER.DUP_ENTRY
