"""The hooks of the framework itself."""

app_name = "frappe"
app_title = "Frappe Framework"

doc_events = {}

permission_query_conditions = {
	"File": "frappe.core.doctype.file.file.get_permission_query_conditions",
	"Notification Log": (
		"frappe.desk.doctype.notification_log.notification_log.get_permission_query_conditions"
	),
	"User": "frappe.core.doctype.user.user.get_permission_query_conditions",
}

has_permission = {
	"File": "frappe.core.doctype.file.file.has_permission",
	"User": "frappe.core.doctype.user.user.has_permission",
}

scheduler_events = {
	"cron": {
		"45 0 * * *": ["frappe.core.doctype.log_settings.log_settings.run_log_clean_up"],
	},
}

default_log_clearing_doctypes = {
	"Error Log": 30,
	"Scheduled Job Log": 90,
	"Activity Log": 90,
	"Notification Log": 180,
}

ignore_links_on_delete = [
	"Activity Log",
	"Comment",
	"File",
	"Notification Log",
]
