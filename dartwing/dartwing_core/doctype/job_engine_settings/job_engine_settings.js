frappe.ui.form.on("Job Engine Settings", {
	refresh(frm) {
		if (frm.doc.paused) {
			frm.set_intro(__("Nothing new starts: the engine is paused."), "orange");
		}
	},
});
