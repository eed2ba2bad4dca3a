frappe.ui.form.on("Job Step", {
	refresh(frm) {
		// the steps of a running job write it
		frm.disable_save();
	},
});
