frappe.ui.form.on("Org Member", {
	setup(frm) {
		frm.set_query("person", () => ({ filters: { status: "Active" } }));
	},
});
