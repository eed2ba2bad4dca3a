frappe.listview_settings["Job Schedule"] = {
	add_fields: ["is_paused", "last_error"],

	get_indicator(schedule) {
		if (schedule.is_paused) return [__("Paused"), "gray", "is_paused,=,1"];
		if (schedule.last_error) return [__("Refused"), "red", "last_error,is,set"];
		return [__("Active"), "green", "is_paused,=,0"];
	},

	formatters: {
		organization: (name) => dartwing.jobs.filterable("organization", name),
	},
};
