"""The hooks of the framework itself."""

app_name = "frappe"
app_title = "Frappe Framework"

default_log_clearing_doctypes = {
	"Error Log": 30,
	"Scheduled Job Log": 90,
	"Activity Log": 90,
	"Notification Log": 180,
}
