frappe.ui.form.on("Job Dependency", {
	refresh(frm) {
		// the submission of a job writes it
		frm.disable_save();
	},
});
