frappe.provide("frappe.dashboards.chart_sources");

frappe.dashboards.chart_sources["Jobs by Type"] = {
	method: "dartwing.dartwing_core.api.desk.jobs_by_type",
	filters: [],
};
