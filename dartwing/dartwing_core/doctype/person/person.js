frappe.ui.form.on("Person", {
	refresh(frm) {
		if (!frm.is_new()) {
			frm.add_custom_button(__("Memberships"), () =>
				frappe.set_route("List", "Org Member", { person: frm.doc.name })
			);
		}
	},
});
