"""Table names."""


def get_table_name(table_name: str, wrap_in_backticks: bool = False) -> str:
	"""`tabUser` for User; names that begin with two underscores are no DocTypes."""
	name = table_name if table_name.startswith("__") else f"tab{table_name}"
	return f"`{name}`" if wrap_in_backticks else name
