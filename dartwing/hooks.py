app_name = "dartwing"
app_title = "Dartwing"
app_publisher = "Dartwing contributors"
app_description = "Background job engine: accepted jobs end, organizations are walls, effects count once"
app_email = "dartwing@example.com"
app_license = "mit"

after_install = "dartwing.install.after_install"
after_uninstall = "dartwing.install.after_uninstall"

fixtures = [
	{"dt": "Role", "filters": [["name", "in", ["Dartwing Admin", "Dartwing User", "Job Metrics Reader"]]]},
	{
		"dt": "Job Type",
		"filters": [["name", "in", ["data_export", "echo_job", "long_running_job", "sample_job"]]],
	},
]

permission_query_conditions = {
	"Background Job": "dartwing.dartwing_core.background_jobs.access_hooks.job_query_conditions",
	"Job Execution Log": "dartwing.dartwing_core.background_jobs.access_hooks.job_log_query_conditions",
	"Org Member": "dartwing.dartwing_core.background_jobs.access_hooks.org_member_query_conditions",
	"Organization": "dartwing.dartwing_core.background_jobs.access_hooks.organization_query_conditions",
	"Person": "dartwing.dartwing_core.background_jobs.access_hooks.person_query_conditions",
	"*": "dartwing.dartwing_core.background_jobs.references.query_conditions",
}

has_permission = {
	"Background Job": "dartwing.dartwing_core.background_jobs.access_hooks.has_job_permission",
	"File": "dartwing.dartwing_core.background_jobs.access_hooks.has_file_permission",
	"Job Execution Log": "dartwing.dartwing_core.background_jobs.access_hooks.has_job_permission",
	"Job Type": "dartwing.dartwing_core.background_jobs.access_hooks.has_job_type_permission",
	"Org Member": "dartwing.dartwing_core.background_jobs.access_hooks.has_org_member_permission",
	"Organization": "dartwing.dartwing_core.background_jobs.access_hooks.has_organization_permission",
	"Person": "dartwing.dartwing_core.background_jobs.access_hooks.has_person_permission",
	"*": "dartwing.dartwing_core.background_jobs.references.has_permission",
}

# Frappe v15 answers these without asking who may see the row
override_whitelisted_methods = {
	"frappe.client.get": "dartwing.dartwing_core.api.frappe_methods.get",
	"frappe.client.get_count": "dartwing.dartwing_core.api.frappe_methods.get_count",
	"frappe.core.doctype.user_permission.user_permission.get_user_permissions": (
		"dartwing.dartwing_core.api.frappe_methods.get_user_permissions"
	),
	"frappe.email.relink": "dartwing.dartwing_core.api.frappe_methods.relink",
}

# searches for links, which a client may otherwise tell to ignore permissions
standard_queries = {
	"Background Job": "dartwing.dartwing_core.api.frappe_methods.search",
	"Job Execution Log": "dartwing.dartwing_core.api.frappe_methods.search",
	"Org Member": "dartwing.dartwing_core.api.frappe_methods.search",
	"Organization": "dartwing.dartwing_core.api.frappe_methods.search",
	"Person": "dartwing.dartwing_core.api.frappe_methods.search",
}

before_request = [
	"dartwing.dartwing_core.api.answers.before_request",
	"dartwing.dartwing_core.api.newest_rows.before_request",
]
# the first place at which Frappe knows whom an API key belongs to
auth_hooks = ["dartwing.dartwing_core.api.door.close"]
after_request = [
	"dartwing.dartwing_core.api.answers.after_request",
	"dartwing.dartwing_core.api.door.open_again",
]

doctype_js = {
	"Background Job": "public/js/dartwing_jobs.js",
	"Job Engine Settings": "public/js/dartwing_jobs.js",
	"Job Type": "public/js/dartwing_jobs.js",
}
doctype_list_js = {
	"Background Job": "public/js/dartwing_jobs.js",
	"Org Member": "public/js/dartwing_jobs.js",
}

scheduler_events = {
	"cron": {
		"* * * * *": ["dartwing.dartwing_core.background_jobs.scheduler.every_minute"],
	},
	"daily": ["dartwing.dartwing_core.background_jobs.scheduler.daily"],
}

doc_events = {
	"*": {"before_validate": "dartwing.dartwing_core.api.links.refuse_hidden"},
	"Custom HTML Block": {"validate": "dartwing.dartwing_core.api.links.refuse_blocks"},
	"Kanban Board": {"validate": "dartwing.dartwing_core.api.links.refuse_boards"},
	"List Filter": {"validate": "dartwing.dartwing_core.api.links.refuse_other_desks"},
	"Workspace": {"validate": "dartwing.dartwing_core.api.links.refuse_other_desks"},
	"Job Engine Settings": {"on_update": "dartwing.dartwing_core.background_jobs.maintenance.switched"},
	"Job Type": {"on_update": "dartwing.dartwing_core.background_jobs.maintenance.switched"},
	"Organization": {
		"on_update": "dartwing.dartwing_core.background_jobs.maintenance.organization_saved",
		"after_delete": "dartwing.dartwing_core.background_jobs.former_organizations.organization_deleted",
		"before_rename": "dartwing.dartwing_core.background_jobs.former_organizations.organization_renamed",
		"validate": "dartwing.dartwing_core.background_jobs.former_organizations.organization_validated",
	},
}

before_migrate = "dartwing.dartwing_core.background_jobs.maintenance.hold_for_migration"
after_migrate = "dartwing.install.after_migrate"

default_log_clearing_doctypes = {"Background Job": 30}

# deleting an organization, user or Job Type is not blocked by its jobs
ignore_links_on_delete = ["Background Job", "Job Execution Log", "Job Tally"]

export_python_type_annotations = True
require_type_annotated_api_methods = True
