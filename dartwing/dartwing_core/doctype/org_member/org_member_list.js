frappe.listview_settings["Org Member"] = {
	formatters: {
		organization: (name) => dartwing.jobs.filterable("organization", name),
	},
};
