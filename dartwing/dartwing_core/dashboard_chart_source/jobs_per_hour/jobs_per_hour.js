frappe.provide("frappe.dashboards.chart_sources");

frappe.dashboards.chart_sources["Jobs per Hour"] = {
	method: "dartwing.dartwing_core.api.desk.jobs_per_hour",
	filters: [],
};
