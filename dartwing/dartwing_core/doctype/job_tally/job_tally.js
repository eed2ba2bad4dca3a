frappe.ui.form.on("Job Tally", {
	refresh(frm) {
		// sums that the engine writes
		frm.disable_save();
	},
});
