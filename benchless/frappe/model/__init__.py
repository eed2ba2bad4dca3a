"""Field types and the fields that every document has."""

# the column of each field type that has a value: its type and size in MariaDB
TYPE_MAP = {
	"Currency": ("decimal", "21,9"),
	"Int": ("int", "11"),
	"Long Int": ("bigint", "20"),
	"Float": ("decimal", "21,9"),
	"Percent": ("decimal", "21,9"),
	"Check": ("int", "1"),
	"Rating": ("decimal", "3,2"),
	"Duration": ("decimal", "21,9"),
	"Date": ("date", ""),
	"Datetime": ("datetime", "6"),
	"Time": ("time", "6"),
	"JSON": ("json", ""),
	**dict.fromkeys(("Small Text", "Text", "Password", "Attach", "Attach Image"), ("text", "")),
	**dict.fromkeys(
		(
			*("Long Text", "Code", "Text Editor", "Markdown Editor", "HTML Editor"),
			*("Signature", "Barcode", "Geolocation"),
		),
		("longtext", ""),
	),
	**dict.fromkeys(
		(
			*("Data", "Link", "Dynamic Link", "Select", "Read Only"),
			*("Color", "Icon", "Phone", "Autocomplete"),
		),
		("varchar", "140"),
	),
}
float_like_fields = {"Float", "Currency", "Percent"}
datetime_fields = {"Datetime", "Date", "Time"}
table_fields = ("Table", "Table MultiSelect")
data_fieldtypes = tuple(TYPE_MAP)
display_fieldtypes = (
	*("Section Break", "Column Break", "Tab Break", "HTML", "Button", "Image", "Fold", "Heading"),
)
no_value_fields = (*display_fieldtypes, *table_fields)

default_fields = ("doctype", "name", "owner", "creation", "modified", "modified_by", "docstatus", "idx")
child_table_fields = ("parent", "parentfield", "parenttype")
optional_fields = ("_user_tags", "_comments", "_assign", "_liked_by", "_seen")
