"""What is sent where filters are asked for: good ones, SQL, guesses, foreign names, any JSON."""

from hypothesis import strategies as st

# what only Beta may know, what nobody may search for, and what stands in a table that nobody reads
FOREIGN, PARAMETER, HASH = "known to Beta only", "hunter2", "c4n4ry-hash-of-a-password"

SQL = (
	"1=1 or 1=1",
	"1=0",
	"exists(select 1 from `__Auth` where password like 'c4n4ry%') or 1=0",
	"extractvalue(1,concat(0x7e,(select password from `__Auth` where password like 'c4n4ry%' limit 1)))",
	"name` like '%' or `name",
	"ifnull(name, '') or ifnull(name, '')",
	"`tabBackground Job`.`input_parameters`",
	"job_type.handler_method",
	"(select password from `__Auth` limit 1)",
	"%' or '1'='1",
	"\\' or 1=1 -- ",
	"name; drop table `tabBackground Job`",
)
READABLE = ("name", "status", "organization", "error_message", "creation", "retry_count", "owner_user")
HIDDEN = (
	*("input_parameters", "job_hash", "deduplication_key", "INPUT_PARAMETERS", "password", "no_such_field"),
	*("parent", "_comments", "name ", "reset_password_key"),
)
OPERATORS = (
	"=",
	"!=",
	"<",
	">=",
	"like",
	"not like",
	"in",
	"not in",
	"is",
	"between",
	"timespan",
	"IN",
	"Like",
)
NO_OPERATORS = ("regexp", "descendants of", "= 1 or", "is not", "", "ifnull", "rlike", "not")
VALUES = (
	*("Dead Letter", "Beta Test Org", "Alpha Test Org", "set", "today", "2024-01-31", "0", "", "%"),
	*(f"%{FOREIGN}%", f"%{PARAMETER}%", f"{HASH[:6]}%", "a, b", "é", "🦇", "\ud800", "x" * 300),
	*(0, 1, -1, 10**30, 1.5, float("nan"), float("inf"), True, False, None),
)

words = st.sampled_from([*SQL, *READABLE, *HIDDEN, *OPERATORS, *NO_OPERATORS])
scalars = st.sampled_from(VALUES) | st.sampled_from(SQL)
values = scalars | st.lists(scalars, max_size=3) | st.dictionaries(words, scalars, max_size=1)
fields = st.sampled_from([*READABLE] * 4 + [*HIDDEN, *SQL]) | scalars
operators = st.sampled_from([*OPERATORS] * 3 + [*NO_OPERATORS, *SQL]) | scalars
doctypes = st.sampled_from(["Background Job"] * 3 + ["background job", "Person", "User", *SQL])
triples = st.tuples(fields, operators, values).map(list)
fair_triples = st.tuples(
	st.sampled_from(READABLE), st.sampled_from(OPERATORS), st.sampled_from(VALUES[:16])
).map(list)
conditions = (
	fair_triples
	| triples
	| st.tuples(doctypes, triples).map(lambda pair: [pair[0], *pair[1]])
	| st.sampled_from(SQL)
	| scalars
)
objects = st.dictionaries(
	st.sampled_from([*READABLE] * 3 + [*HIDDEN, *SQL]),
	scalars | st.tuples(operators, values).map(list) | values,
	max_size=3,
)
nested = st.recursive(
	scalars,
	lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=2),
	max_leaves=8,
)
asked = st.lists(fair_triples | conditions, max_size=3) | objects | nested
