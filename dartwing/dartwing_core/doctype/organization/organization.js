frappe.ui.form.on("Organization", {
	refresh(frm) {
		if (!frm.is_new() && frm.doc.status !== "Active") {
			frm.set_intro(__("Jobs are refused and held until the organization is Active."), "orange");
		}
	},
});
