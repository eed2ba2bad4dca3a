frappe.ui.form.on("Background Job", {
	refresh(frm) {
		// every field belongs to the engine
		frm.disable_save();
	},
});
