const JOB_STATUS_COLORS = {
	Pending: "gray",
	Queued: "blue",
	Running: "purple",
	Completed: "green",
	Failed: "orange",
	"Timed Out": "orange",
	"Dead Letter": "red",
	Canceled: "darkgrey",
};

frappe.listview_settings["Background Job"] = {
	add_fields: ["status", "progress"],
	get_indicator(job) {
		return [__(job.status), JOB_STATUS_COLORS[job.status], `status,=,${job.status}`];
	},
};
