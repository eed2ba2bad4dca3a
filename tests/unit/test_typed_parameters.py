"""The contract of a typed handler: its schema, its normal form, and errors that name the place."""

import json
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Generic, Literal, TypeVar

import pytest
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SecretStr, computed_field, field_validator
from typing_extensions import TypedDict

from dartwing.dartwing_core.background_jobs.execution.context import JobContext
from dartwing.dartwing_core.background_jobs.parameters import contracts, references, written_schemas
from dartwing.dartwing_core.background_jobs.parameters.contracts import Contract, contract_of
from dartwing.dartwing_core.background_jobs.parameters.problems import (
	ContractError,
	Hiding,
	ParametersError,
	Problem,
)
from dartwing.dartwing_core.background_jobs.parameters.references import Link, LinkTo, References, Upload
from dartwing.dartwing_core.background_jobs.parameters.written_schemas import WrittenContract

OPEN = Hiding(lambda name: False, str)
HIDING = Hiding(lambda name: "token" in name, lambda text: text.replace("hunter22", "•••"))


class Person(BaseModel):
	name: str = Field(min_length=1, description="How they are called")
	e_mail: str | None = None
	born: date | None = None


class Card(BaseModel):
	kind: Literal["card"]
	number: int


class Transfer(BaseModel):
	kind: Literal["transfer"]
	iban: str


class Paper(Enum):
	A4 = "A4"
	A5 = "A5"


class ImportPeople(BaseModel):
	people: list[Person] = Field(min_length=1)
	amount: Decimal = Field(Decimal("1.10"), ge=0)
	paper: Paper = Paper.A4
	pay: Annotated[Card | Transfer, Field(discriminator="kind")] | None = None
	due: datetime | None = None
	count: int = 0


@dataclass
class Page:
	number: int
	turned: bool = False


@dataclass
class Scan:
	pages: list[Page]
	title: str = "untitled"
	tags: set[str] = field(default_factory=set)


def normal(kind: Any, parameters: Any, hiding: Hiding = OPEN) -> dict[str, Any]:
	return Contract(kind).normal_form(parameters, References(), lambda text: hiding)


def refused(kind: Any, parameters: Any, hiding: Hiding = OPEN) -> str:
	with pytest.raises(ParametersError) as error:
		normal(kind, parameters, hiding)
	return str(error.value)


def import_people(context: JobContext[ImportPeople]) -> None: ...
def import_people_in_words(context: "JobContext[ImportPeople]") -> None: ...
def untyped(context: JobContext) -> None: ...
def untyped_in_words(context: "JobContext") -> None: ...
def named_only(context) -> None: ...
def of_dicts(context: JobContext[dict[str, Any]]) -> None: ...
def of_nobody_knows(context: "JobContext[NoSuchClass]") -> None: ...  # noqa: F821
def scan(job: JobContext[Scan]) -> None: ...


def test_a_handler_says_its_parameters_in_the_brackets():
	assert contract_of(import_people).schema == contract_of(import_people_in_words).schema
	assert contract_of(scan).schema["properties"]["title"]["default"] == "untitled"
	for handler in (untyped, untyped_in_words, named_only, of_dicts):
		assert contract_of(handler) is None
	with pytest.raises(ContractError, match="NoSuchClass"):
		contract_of(of_nobody_knows)


def test_the_contract_of_a_handler_is_made_once(monkeypatch):
	made = []

	def kept(context: JobContext[ImportPeople]) -> None: ...

	monkeypatch.setattr(contracts, "Contract", lambda kind: made.append(kind) or Contract(kind))
	assert contract_of(kept) is contract_of(kept)
	assert made == [ImportPeople]


def test_the_schema_says_what_a_form_needs():
	schema = contract_of(import_people).schema
	assert list(schema["properties"]) == ["people", "amount", "paper", "pay", "due", "count"]
	assert schema["required"] == ["people"]
	assert schema["additionalProperties"] is False
	assert schema["properties"]["people"]["items"] == {"$ref": "#/$defs/Person"}
	assert schema["$defs"]["Person"]["properties"]["name"]["description"] == "How they are called"
	assert schema["$defs"]["Paper"]["enum"] == ["A4", "A5"]
	amount = schema["properties"]["amount"]
	assert (amount["type"], amount["format"], amount["default"]) == ("string", "decimal", "1.10")
	assert amount["minimum"] == 0
	formats = [one.get("format") for one in schema["properties"]["due"]["anyOf"]]
	assert formats == ["date-time", None]
	json.dumps(schema)


def test_documents_and_files_are_named_in_the_schema():
	class Named(BaseModel):
		person: Link("Person")
		others: list[Annotated[str, LinkTo("Person")]] = []
		scan: Upload | None = None

	properties = Contract(Named).schema["properties"]
	assert properties["person"] == {"type": "string", "title": "Person", "x-dartwing-link": "Person"}
	assert properties["others"]["items"] == {"type": "string", "x-dartwing-link": "Person"}
	assert properties["scan"]["anyOf"][0] == {"type": "string", "x-dartwing-upload": True}


@pytest.mark.parametrize(
	("wrong", "place"),
	[
		({}, "parameters.people: is missing"),
		({"people": [{"name": "A"}, {}]}, "parameters.people[1].name: is missing"),
		({"people": [{"name": "A", "e_mail": 1}]}, "parameters.people[0].e_mail: must be a valid string"),
		({"people": [{"name": "A", "born": "yesterday"}]}, "parameters.people[0].born: must be a valid date"),
		({"people": []}, "parameters.people: must have at least 1 item"),
		({"people": [{"name": "A"}], "amount": "-1"}, "parameters.amount: must be greater"),
		({"people": [{"name": "A"}], "paper": "B5"}, "parameters.paper: must be 'A4' or 'A5'"),
		(
			{"people": [{"name": "A"}], "pay": {"kind": "card", "number": "x"}},
			"parameters.pay.number: must be a valid integer",
		),
		(
			{"people": [{"name": "A"}], "pay": {"kind": "transfer"}},
			"parameters.pay.iban: is missing",
		),
		({"people": [{"name": "A"}], "pay": {"kind": "cash"}}, "parameters.pay: Input tag 'cash'"),
		([], "parameters: must be an object"),
		({"people": [{"name": "A", "a b": 1}]}, 'parameters.people[0]["a b"]: there is no such parameter'),
	],
)
def test_errors_name_the_place(wrong, place):
	assert refused(ImportPeople, wrong).startswith(place)


@pytest.mark.parametrize(
	("wrong", "place"),
	[
		({"people": [{"name": "A"}], "nonsense": 1}, "parameters.nonsense"),
		({"people": [{"name": "A", "mail": "a"}]}, "parameters.people[0].mail"),
		(
			{"people": [{"name": "A"}], "pay": {"kind": "card", "number": 1, "iban": "x"}},
			"parameters.pay.iban",
		),
	],
)
def test_unknown_names_are_refused_at_every_depth(wrong, place):
	assert refused(ImportPeople, wrong) == f"{place}: there is no such parameter"


def test_all_unknown_names_are_said_at_once():
	wrong = {"people": [{"name": "A", "mail": "a"}], "nonsense": 1, "more": {"at": 2}}
	with pytest.raises(ParametersError) as error:
		normal(ImportPeople, wrong)
	places = [one.place for one in error.value.problems]
	assert places == [("nonsense",), ("more",), ("people", 0, "mail")]


def test_unknown_names_in_dataclasses_and_typed_dicts_are_refused():
	class Options(TypedDict):
		colour: bool

	@dataclass
	class Printed:
		scan: Scan
		options: Options

	good = {"scan": {"pages": [{"number": 1}]}, "options": {"colour": True}}
	assert normal(Printed, good)["scan"]["pages"] == [{"number": 1, "turned": False}]
	assert "scan.pages[0].numbr" in refused(Printed, {**good, "scan": {"pages": [{"number": 1, "numbr": 2}]}})
	assert "options.color" in refused(Printed, {**good, "options": {"colour": True, "color": 1}})


def test_a_class_may_say_itself_what_becomes_of_unknown_names():
	class Loose(BaseModel):
		model_config = ConfigDict(extra="allow")
		a: int

	class Deaf(BaseModel):
		model_config = ConfigDict(extra="ignore")
		a: int

	assert normal(Loose, {"a": 1, "b": 2}) == {"a": 1, "b": 2}
	assert normal(Deaf, {"a": 1, "b": 2}) == {"a": 1}
	assert "additionalProperties" not in Contract(Deaf).schema


def test_mappings_take_any_names():
	class Mapped(BaseModel):
		by_day: dict[date, Page]

	assert normal(Mapped, {"by_day": {"2026-01-02": {"number": 3}}}) == {
		"by_day": {"2026-01-02": {"number": 3, "turned": False}}
	}
	assert "numbr" in refused(Mapped, {"by_day": {"2026-01-02": {"number": 3, "numbr": 3}}})


def test_the_normal_form_has_the_defaults_and_is_the_same_for_equal_parameters():
	one = normal(ImportPeople, {"people": [{"name": "A"}], "amount": 2, "due": "2026-01-02T03:04:05Z"})
	other = normal(
		ImportPeople,
		{
			"people": [Person(name="A")],
			"amount": Decimal("2"),
			"due": datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc),
			"count": "0",
		},
	)
	assert one == other
	assert one == {
		"people": [{"name": "A", "e_mail": None, "born": None}],
		"amount": "2",
		"paper": "A4",
		"pay": None,
		"due": "2026-01-02T03:04:05Z",
		"count": 0,
	}


def test_numbers_are_exact():
	given = {"people": [{"name": "A"}], "count": 2**80 + 1, "amount": "0.1000000000000000000000000000001"}
	stored = normal(ImportPeople, given)
	assert (stored["count"], stored["amount"]) == (given["count"], given["amount"])
	typed = Contract(ImportPeople).read(json.dumps(stored), OPEN)
	assert (typed.count, typed.amount) == (given["count"], Decimal(given["amount"]))


def test_a_model_may_be_given_itself():
	assert normal(Scan, Scan([Page(1)], tags={"a"})) == {
		"pages": [{"number": 1, "turned": False}],
		"title": "untitled",
		"tags": ["a"],
	}


def test_aliases_are_the_names_of_parameters():
	class Aliased(BaseModel):
		e_mail: str = Field(alias="eMail")
		phone: str = Field("", validation_alias=AliasChoices("phone", "telephone"))

		@computed_field
		def shouted(self) -> str:
			return self.e_mail.upper()

	assert normal(Aliased, {"eMail": "a", "telephone": "1"}) == {"eMail": "a", "phone": "1"}
	assert refused(Aliased, {"e_mail": "a"}) == "parameters.eMail: is missing"
	assert refused(Aliased, {"eMail": "a", "e_mail": "b"}) == "parameters.e_mail: there is no such parameter"


def test_what_the_type_could_not_read_again_is_refused():
	class OneWay(BaseModel):
		a: int = Field(validation_alias="A", serialization_alias="b")

	assert "parameters.A: is missing" in refused(OneWay, {"A": 1})


@pytest.mark.parametrize("kind", [int, list[int], "nonsense"])
def test_a_type_that_is_no_object_is_no_contract(kind):
	with pytest.raises(ContractError):
		Contract(kind)


def test_a_type_whose_values_are_lost_when_they_are_stored_is_no_contract():
	class Login(BaseModel):
		people: list[Person]
		token: SecretStr | None = None

	with pytest.raises(ContractError, match="SecretStr"):
		Contract(Login)


def test_generic_models_are_contracts():
	Kind = TypeVar("Kind")

	class Box(BaseModel, Generic[Kind]):
		content: Kind

	assert normal(Box[Person], {"content": {"name": "A"}})["content"]["name"] == "A"


class Login(BaseModel):
	api_token: str = Field(max_length=5)
	user: str = "nobody"

	@field_validator("user")
	@classmethod
	def known(cls, user: str) -> str:
		raise ValueError(f"{user} is unknown here")

	@field_validator("api_token")
	@classmethod
	def told(cls, token: str) -> str:
		raise ValueError(f"{token} is wrong")


def test_errors_do_not_say_the_values_of_masked_parameters():
	assert refused(Login, {"api_token": "abc"}, HIDING) == (
		"parameters.api_token: is not valid; its value is masked"
	)
	said = refused(Login, {"api_token": "abc"}, OPEN)
	assert said == "parameters.api_token: abc is wrong"


def test_errors_do_not_repeat_a_secret_in_another_place():
	class Copied(BaseModel):
		user: str

		@field_validator("user")
		@classmethod
		def known(cls, user: str) -> str:
			raise ValueError(f"{user} is unknown here")

	assert refused(Copied, {"user": "hunter22"}, HIDING) == "parameters.user: ••• is unknown here"


def test_an_error_does_not_repeat_a_secret_as_the_name_of_its_place():
	error = HIDING.error(Problem(("to", "hunter22"), "there is no such parameter"), [])
	assert str(error) == "parameters.to: there is no such parameter"
	assert error.problems[0].place == ("to",)


def test_documents_that_cannot_be_read_are_named_with_their_place(monkeypatch):
	looks = []

	def readable(kind, names):
		looks.append((kind, names))
		return {name for name in names if name != "Eve"}

	class Named(BaseModel):
		people: list[Link("Person")]
		scan: Upload | None = None

	monkeypatch.setattr(references, "readable", readable)
	found = References()
	contract = Contract(Named)
	stored = contract.normal_form({"people": ["Ann", "Bob"]}, found, lambda text: OPEN)
	assert stored["people"] == ["Ann", "Bob"]
	with pytest.raises(ParametersError, match=r"parameters.people\[1\]: no Person 'Eve'"):
		contract.normal_form({"people": ["Ann", "Eve"]}, found, lambda text: OPEN)
	# what was looked up for another job of the same submission is not looked up again
	assert looks == [(("Person", False), ["Ann", "Bob"]), (("Person", False), ["Eve"])]
	contract.read('{"people": ["Eve"]}', OPEN)


def test_too_many_parameters_are_refused_before_they_are_read(monkeypatch):
	monkeypatch.setattr(Contract, "read", lambda *_arguments: pytest.fail("read"))
	assert refused(ImportPeople, {"people": [""] * 400_000}) == (
		"parameters: 1200012 bytes of JSON, at most 1048576 are allowed; put large data in a File"
	)


def test_of_too_many_errors_only_their_number_is_told(monkeypatch):
	class Numbers(BaseModel):
		numbers: list[int]

	monkeypatch.setattr(contracts, "MOST_DESCRIBED", 3)
	assert refused(Numbers, {"numbers": [""] * 3}).startswith("parameters.numbers[0]: must be a valid int")
	assert refused(Numbers, {"numbers": [""] * 4}) == "parameters: 4 values are not valid"


@pytest.mark.parametrize("text", ["0", "-1.50", "+.5", "1.", "1e3", "1E-18", "9" * 100])
def test_a_decimal_of_a_written_schema_is_a_number(text):
	WrittenContract({"items": {"format": "decimal"}}).check([text], References(), OPEN)


@pytest.mark.parametrize(
	"text",
	["", "NaN", "sNaN", "Infinity", "-inf", "1e999999999", "1e1000", "١٢", "1_000", " 1", "1\n", ".", "e3"],
)
def test_what_is_no_number_is_no_decimal_of_a_written_schema(text):
	with pytest.raises(ParametersError, match=r"^parameters\[0\]: must be a valid decimal"):
		WrittenContract({"items": {"format": "decimal"}}).check([text], References(), OPEN)


def test_a_schema_that_is_nested_without_end_is_refused():
	with pytest.raises(ContractError, match=r"^is nested too deeply"):
		written_schemas.checked_schema("[" * 100_000)


def test_a_written_schema_makes_only_so_many_errors(monkeypatch):
	seen = []

	def read(text):
		seen.append(text)
		raise ValueError(text)

	monkeypatch.setitem(written_schemas.FORMATS, "decimal", read)
	contract = WrittenContract({"properties": {"rows": {"items": {"format": "decimal"}}}})
	with pytest.raises(ParametersError, match=r"parameters\.rows\[0\]: "):
		contract.check({"rows": ["x"] * 5000}, References(), OPEN)
	assert len(seen) == written_schemas.MOST_COMPARED


@pytest.fixture
def looks(monkeypatch):
	"""What was looked up: nobody can read a name that begins with `no`."""
	made = []

	def readable(kind, names):
		made.append((kind[0], names))
		return [name for name in names if not name.startswith("no")]

	monkeypatch.setattr(references, "readable", readable)
	return made


def test_the_first_document_that_cannot_be_read_decides(monkeypatch, looks):
	class Named(BaseModel):
		people: list[Link("Person")]

	monkeypatch.setattr(references, "LOOKED_UP_AT_ONCE", 2)
	names = ["a", "b", "c", "no-1", "no-2", "d"]
	assert refused(Named, {"people": names}) == "parameters.people[3]: no Person 'no-1'"
	written = WrittenContract({"properties": {"people": {"items": {"x-dartwing-link": "Person"}}}})
	with pytest.raises(ParametersError, match=r"parameters\.people\[3\]: no Person 'no-1'"):
		written.check({"people": names}, References(), OPEN)
	assert looks == [("Person", ["a", "b"]), ("Person", ["c", "no-1"])] * 2


def test_a_document_of_another_kind_is_looked_up_as_well(looks):
	class Named(BaseModel):
		who: Link("Person") | Link("User")

	assert normal(Named, {"who": "Ann"}) == {"who": "Ann"}
	assert refused(Named, {"who": "nobody"}).startswith("parameters.who: no ")
	assert [kind for kind, _names in looks[-2:]] == ["Person", "User"]


def unfit(schema: dict[str, Any], parameters: Any) -> str:
	with pytest.raises(ParametersError) as error:
		WrittenContract(schema).check(parameters, References(), OPEN)
	return str(error.value)


@pytest.mark.parametrize(
	("schema", "value", "reason"),
	[
		({"type": "string"}, 1, "must be a valid string"),
		({"type": ["array", "null"]}, 1, "must be a valid list or null"),
		({"enum": ["A4", "A5", 6]}, "B5", "must be 'A4', 'A5' or 6"),
		({"const": True}, 1, "must be true"),
		({"minLength": 2}, "a", "must have at least 2 characters"),
		({"maxLength": 1}, "ab", "must have at most 1 character"),
		({"minItems": 1}, [], "must have at least 1 item"),
		({"exclusiveMaximum": 3}, 3, "must be less than 3"),
		({"pattern": "^a"}, "b", "must match pattern '^a'"),
		({"format": "date-time"}, "b", "must be a valid datetime"),
		({"uniqueItems": True}, [{"a": 1, "b": [2.0]}, {"b": [2], "a": 1.0}], "must have no two equal items"),
		({"not": {}}, 1, "does not fulfil not: {}"),
		({"enum": list(range(50))}, "x", "must be one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …"),
	],
)
def test_a_written_schema_speaks_as_a_typed_handler(schema, value, reason):
	assert unfit({"properties": {"it": schema}}, {"it": value}) == f"parameters.it: {reason}"


def test_both_say_the_same():
	class Typed(BaseModel):
		name: str = Field(min_length=2)
		age: int = Field(ge=6, le=99)
		size: Literal["S", "M"]
		nights: float = Field(gt=0, multiple_of=0.5)

	good = {"name": "ab", "age": 7, "size": "S", "nights": 1}
	for wrong in ({"name": "a"}, {"age": 5}, {"age": 100}, {"size": "X"}, {"nights": -1}, {"nights": 0.7}):
		given = {**good, **wrong}
		assert unfit(Contract(Typed).schema, given) == refused(Typed, given)


def test_multiples_are_those_of_the_numbers_as_they_are_written():
	contract = WrittenContract({"properties": {"it": {"multipleOf": 0.1}}})
	for number in (0.3, 1.1, -0.7, 0, 3, 10**400, 1e21, 1e-1, "0.25", True, None):
		contract.check({"it": number}, References(), OPEN)
	for number in (0.25, 1e-2, -0.05):
		with pytest.raises(ParametersError, match=r"must be a multiple of 0\.1"):
			contract.check({"it": number}, References(), OPEN)


def test_each_item_is_looked_at_once_to_see_whether_all_differ(monkeypatch):
	asked = []
	identity = written_schemas.identity
	monkeypatch.setattr(written_schemas, "identity", lambda item: asked.append(item) or identity(item))
	items = [*({"a": number} for number in range(3000)), True, 1, 1.5, False, 0, "1", [1], [True], None]
	WrittenContract({"properties": {"rows": {"uniqueItems": True}}}).check(
		{"rows": items}, References(), OPEN
	)
	assert len(asked) == len(items)


EITHER = {"$ref": "#/$defs/either"}
ASKING = {
	"choices in choices": (
		{**EITHER, "$defs": {"either": {"properties": {"a": {"oneOf": [EITHER] * 3}}}}},
		json.loads('{"a":' * 25 + "1" + "}" * 25),
	),
	"long lists of values": (
		{"properties": {"a": {"items": {"enum": [*range(2000)]}}}},
		{"a": [1999] * 500},
	),
	"what nobody evaluated": (
		{"allOf": [{"additionalProperties": {}}], "unevaluatedProperties": False},
		{str(number): 0 for number in range(2000)},
	),
}


@pytest.mark.parametrize(("schema", "parameters"), ASKING.values(), ids=ASKING)
def test_a_schema_that_asks_for_too_many_steps_refuses_the_parameters(schema, parameters, monkeypatch):
	monkeypatch.setattr(written_schemas, "MOST_STEPS", 10_000)
	assert unfit(schema, parameters).startswith("parameters: to check them by their schema takes more than")


@pytest.mark.parametrize("is_written", [False, True])
def test_all_that_is_wrong_is_said_at_once(is_written):
	class Named(BaseModel):
		a: int
		b: list[int] = []
		token: int = 0
		e: int

	def told(parameters):
		if not is_written:
			return refused(Named, parameters, HIDING)
		with pytest.raises(ParametersError) as error:
			WrittenContract(Contract(Named).schema).check(parameters, References(), HIDING)
		return str(error.value)

	one = told({"a": "x", "e": 1})
	assert one.startswith("parameters.a: must be a valid integer")
	assert "also" not in one
	few = told({"a": "x", "token": "hunter22", "b": ["y"]})
	said = few.removeprefix("parameters.").replace("also wrong: ", "")
	assert "hunter22" not in few
	for problem in (
		"a: must be a valid integer",
		"b[0]: must be a valid integer",
		"token: is not valid; its value is masked",
		"e: is missing",
	):
		assert f"; {problem}" in f"; {said}"
	many = told({"a": "x", "b": ["y"] * 12, "e": 2})
	assert many.count("must be a valid integer") == 10
	assert many.endswith("; 3 more")


@pytest.mark.parametrize("is_written", [False, True])
def test_all_that_is_missing_or_unknown_is_said_at_once(is_written):
	class Closed(BaseModel):
		model_config = ConfigDict(extra="forbid")
		a: int
		b: int

	def check(parameters):
		if not is_written:
			return normal(Closed, parameters)
		return WrittenContract(Contract(Closed).schema).check(parameters, References(), OPEN)

	with pytest.raises(ParametersError) as error:
		check({"c": 1, "d": 2})
	told = {one.place: one.reason for one in error.value.problems}
	unknown = "there is no such parameter"
	assert told == {("a",): "is missing", ("b",): "is missing", ("c",): unknown, ("d",): unknown}
