from dartwing.dartwing_core.background_jobs.tenancy import own_doctypes as _own

app_name = "dartwing"
app_title = "Dartwing"
app_publisher = "Dartwing contributors"
app_description = "Background job engine: accepted jobs end, organizations are walls, effects count once"
app_email = "dartwing@example.com"
app_license = "mit"

_jobs = "dartwing.dartwing_core.background_jobs"
_access = f"{_jobs}.tenancy.access_hooks"
_files = f"{_jobs}.tenancy.files"
_references = f"{_jobs}.tenancy.references"
_holding = f"{_jobs}.upkeep.holding"
_former_organizations = f"{_jobs}.upkeep.former_organizations"
_automation = f"{_jobs}.announcing.automation"
_api = "dartwing.dartwing_core.api"

after_install = "dartwing.install.after_install"
after_uninstall = "dartwing.install.after_uninstall"
after_app_install = f"{_automation}.note_configuration"
after_app_uninstall = f"{_automation}.note_configuration"

fixtures = [
	{"dt": "Role", "filters": [["name", "in", ["Dartwing Admin", "Dartwing User", "Job Metrics Reader"]]]},
	{
		"dt": "Job Type",
		"filters": [["name", "in", ["data_export", "echo_job", "long_running_job", "sample_job"]]],
	},
]

permission_query_conditions = {
	"Background Job": f"{_access}.job_query_conditions",
	"Job Execution Log": f"{_access}.job_log_query_conditions",
	"Job Group": f"{_access}.job_group_query_conditions",
	"Job Schedule": f"{_access}.job_schedule_query_conditions",
	"Org Member": f"{_access}.org_member_query_conditions",
	"Organization": f"{_access}.organization_query_conditions",
	"Person": f"{_access}.person_query_conditions",
	**dict.fromkeys(_own.OF_MANAGERS, f"{_access}.managers_query_conditions"),
	"*": f"{_references}.query_conditions",
}

has_permission = {
	"Auto Email Report": f"{_api}.lent.has_mailed_report_permission",
	"Background Job": f"{_access}.has_job_permission",
	"File": f"{_files}.has_permission",
	"Job Execution Log": f"{_access}.has_job_permission",
	"Job Group": f"{_access}.has_job_permission",
	"Job Schedule": f"{_access}.has_job_permission",
	"Job Type": f"{_access}.has_job_type_permission",
	"Org Member": f"{_access}.has_org_member_permission",
	"Organization": f"{_access}.has_organization_permission",
	"Person": f"{_access}.has_person_permission",
	**dict.fromkeys(_own.OF_MANAGERS, f"{_access}.has_managers_permission"),
	"*": f"{_references}.has_permission",
}

# Frappe v15 answers these without asking who may see the row
override_whitelisted_methods = {
	"frappe.client.get": f"{_api}.frappe_methods.get",
	"frappe.client.get_count": f"{_api}.frappe_methods.get_count",
	"frappe.core.doctype.user_permission.user_permission.get_user_permissions": (
		f"{_api}.frappe_methods.get_user_permissions"
	),
	"frappe.desk.doctype.event.event.get_events": f"{_api}.frappe_methods.get_events",
	"frappe.desk.form.linked_with.get": f"{_api}.frappe_methods.get_links",
	"frappe.email.relink": f"{_api}.frappe_methods.relink",
	"frappe.contacts.doctype.address.address.get_default_address": (
		f"{_api}.frappe_methods.get_default_address"
	),
	"frappe.contacts.doctype.contact.contact.address_query": f"{_api}.frappe_methods.address_query",
	"frappe.desk.doctype.tag.tag.get_tagged_docs": f"{_api}.frappe_methods.get_tagged_docs",
	"frappe.utils.global_search.search": f"{_api}.frappe_methods.global_search",
	"frappe.utils.global_search.web_search": f"{_api}.frappe_methods.web_search",
}

# searches for links, which a client may otherwise tell to ignore permissions
standard_queries = dict.fromkeys(_own.GUARDED, f"{_api}.frappe_methods.search")

before_request = [
	f"{_api}.answers.before_request",
	f"{_api}.replacements.guard",
	f"{_api}.newest_rows.before_request",
]
# the first place at which Frappe knows whom an API key belongs to
auth_hooks = [
	f"{_api}.door.check_request",
	f"{_api}.sent_documents.refuse_sent",
	f"{_api}.lent.refuse_asked",
	f"{_api}.searches.obey_conditions",
]
after_request = [
	f"{_api}.answers.after_request",
	f"{_api}.door.restore_names",
]

# rows that Frappe stores without a hook of a document
_logs = "dartwing.dartwing_core.api.log_rows"
override_doctype_class = {
	"Access Log": f"{_logs}.AccessLog",
	"Data Import Log": f"{_logs}.DataImportLog",
	"Permission Log": f"{_logs}.PermissionLog",
}

doctype_js = {
	"Background Job": ["public/js/dartwing_jobs.js", "public/js/dartwing_parameters.js"],
	"Job Group": ["public/js/dartwing_jobs.js", "public/js/dartwing_graph.js"],
	"Job Engine Settings": "public/js/dartwing_jobs.js",
	"Job Schedule": ["public/js/dartwing_jobs.js", "public/js/dartwing_parameters.js"],
	"Job Type": ["public/js/dartwing_jobs.js", "public/js/dartwing_parameters.js"],
}
doctype_list_js = {
	"Background Job": "public/js/dartwing_jobs.js",
	"Job Group": "public/js/dartwing_jobs.js",
	"Job Schedule": "public/js/dartwing_jobs.js",
	"Org Member": "public/js/dartwing_jobs.js",
}

scheduler_events = {
	"cron": {
		"* * * * *": [f"{_jobs}.scheduler.tick"],
	},
	"daily": [f"{_jobs}.scheduler.daily"],
}

doc_events = {
	"*": {
		"before_validate": [
			f"{_logs}.before_validate",
			f"{_api}.saved_documents.check_before_save",
			f"{_api}.lent.refuse_lent",
			f"{_api}.stored_questions.refuse_stored",
		],
		"before_save": f"{_api}.saved_documents.refuse_objects",
		"on_update": [f"{_api}.lent.refuse_lent", f"{_api}.saved_documents.check_after_save"],
		"before_rename": [f"{_jobs}.tenancy.renames.refuse_rename", f"{_api}.saved_documents.check_new_name"],
		"after_rename": f"{_jobs}.tenancy.renames.refuse_rename",
		"on_trash": f"{_jobs}.tenancy.deletions.tell_nobody",
	},
	"File": {
		"before_insert": [f"{_logs}.before_insert", f"{_files}.before_insert"],
		"before_validate": f"{_files}.before_validate",
		"after_delete": f"{_files}.after_delete",
	},
	"DocShare": {"before_validate": f"{_jobs}.tenancy.shares.refuse_share"},
	"Communication": {
		"before_insert": f"{_logs}.before_insert",
		"validate": [
			f"{_api}.saved_documents.forget_references_by_mail",
			f"{_api}.saved_documents.forget_other_timelines",
		],
	},
	**{
		doctype: {"before_insert": f"{_logs}.before_insert"}
		for doctype in (
			"API Request Log",
			"Contact",
			"Error Log",
			"Route History",
			"Unhandled Email",
			"View Log",
			"Web Page View",
		)
	},
	**{
		doctype: {"before_validate": f"{_api}.about_oneself.refuse_others"}
		for doctype in ("Personal Data Deletion Request", "Personal Data Download Request")
	},
	"Custom DocPerm": {"before_validate": f"{_api}.shown_to_nobody.refuse_rows"},
	"DocType": {"before_validate": f"{_api}.shown_to_nobody.refuse_rows"},
	"Custom Field": {"before_validate": f"{_api}.shown_to_nobody.refuse_field"},
	"Property Setter": {"before_validate": f"{_api}.shown_to_nobody.refuse_setter"},
	"Prepared Report": {"before_insert": f"{_api}.stored_questions.refuse_report"},
	"Kanban Board": {"validate": f"{_api}.saved_documents.refuse_boards"},
	**{
		doctype: dict.fromkeys(("validate", "before_rename", "on_trash"), f"{_api}.desks.refuse_others")
		for doctype in (
			"Dashboard Settings",
			"Desktop Icon",
			"Desktop Layout",
			"List Filter",
			"Workspace",
			"Workspace Sidebar",
		)
	},
	**{
		doctype: dict.fromkeys(("on_update", "after_delete"), f"{_automation}.document_changed")
		for doctype in ("Assignment Rule", "Notification", "Server Script", "Webhook")
	},
	"System Settings": {"on_update": f"{_jobs}.upkeep.site_zone.settings_saved"},
	"Job Engine Settings": {"on_update": f"{_holding}.switched"},
	"Job Schedule": {"validate": f"{_jobs}.schedules.saving.schedule_validated"},
	"Job Type": {"on_update": f"{_holding}.switched"},
	"Organization": {
		"on_update": f"{_holding}.organization_saved",
		"after_delete": f"{_former_organizations}.organization_deleted",
		"before_rename": f"{_former_organizations}.organization_renamed",
		"validate": f"{_former_organizations}.organization_validated",
	},
}

before_job = [
	f"{_jobs}.upkeep.follows.before_job",
	f"{_api}.replacements.guard",
]

before_migrate = f"{_holding}.hold_for_migration"
after_migrate = "dartwing.install.after_migrate"

default_log_clearing_doctypes = {"Background Job": 30}

# deleting an organization, user or Job Type is not blocked by its jobs
ignore_links_on_delete = [
	"Background Job",
	"Job Dependency",
	"Job Execution Log",
	"Job Group",
	"Job Log Part",
	"Job Schedule",
	"Job Schedule Slot",
	"Job Step",
	"Job Tally",
]

export_python_type_annotations = True
require_type_annotated_api_methods = True
