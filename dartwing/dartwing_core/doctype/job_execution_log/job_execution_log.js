frappe.ui.form.on("Job Execution Log", {
	refresh(frm) {
		// the log is append-only
		frm.disable_save();
	},
});
