"""The hooks of the framework itself."""

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

ignore_links_on_delete = ["Activity Log", "Comment", "File", "Notification Log"]
