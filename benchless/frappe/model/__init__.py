"""Field types and the fields that every document has."""

TEXT_COLUMNS = ("Small Text", "Text")
LONG_COLUMNS = ("Long Text", "Code", "Text Editor", "Markdown Editor", "HTML Editor", "Signature", "Barcode")
SHORT_COLUMNS = (
	"Data",
	"Link",
	"Dynamic Link",
	"Select",
	"Read Only",
	"Color",
	"Icon",
	"Phone",
	"Autocomplete",
)
float_like_fields = {"Float", "Currency", "Percent"}
datetime_fields = {"Datetime", "Date", "Time"}
attachment_fieldtypes = ("Attach", "Attach Image")
table_fields = ("Table", "Table MultiSelect")
data_fieldtypes = (
	*SHORT_COLUMNS,
	*TEXT_COLUMNS,
	*LONG_COLUMNS,
	*("Int", "Long Int", "Float", "Currency", "Percent", "Check", "Rating", "Duration"),
	*("Date", "Datetime", "Time"),
	*attachment_fieldtypes,
	*("Password", "Geolocation", "JSON"),
)
display_fieldtypes = (
	"Section Break",
	"Column Break",
	"Tab Break",
	"HTML",
	"Button",
	"Image",
	"Fold",
	"Heading",
)
no_value_fields = (*display_fieldtypes, *table_fields)

default_fields = ("doctype", "name", "owner", "creation", "modified", "modified_by", "docstatus", "idx")
child_table_fields = ("parent", "parentfield", "parenttype")
optional_fields = ("_user_tags", "_comments", "_assign", "_liked_by", "_seen")
