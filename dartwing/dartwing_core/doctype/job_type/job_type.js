frappe.ui.form.on("Job Type", {
	refresh(frm) {
		if (!frm.doc.is_enabled) {
			frm.set_intro(__("Disabled: jobs of this type are refused."), "red");
		} else if (frm.doc.is_paused) {
			frm.set_intro(__("Paused: jobs of this type are accepted and wait."), "orange");
		}
	},
});
