frappe.ui.form.on("Job Log Part", {
	refresh(frm) {
		// running jobs write it
		frm.disable_save();
	},
});
