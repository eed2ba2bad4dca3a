frappe.listview_settings["Job Group"] = {
	add_fields: ["status"],

	get_indicator(group) {
		return [__(group.status), dartwing.jobs.COLORS[group.status], `status,=,${group.status}`];
	},

	formatters: {
		organization: (name) => dartwing.jobs.filterable("organization", name),
	},
};
