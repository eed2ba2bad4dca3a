// The engine's switches; pausing and resuming take effect at once, the limits when they are saved.

const QUEUES = ["short", "default", "long"];

frappe.ui.form.on("Job Engine Settings", {
	refresh(frm) {
		if (frm.doc.paused) {
			frm.set_intro(__("Nothing new starts: the engine is paused."), "orange");
		} else {
			const paused = QUEUES.filter((queue) => frm.doc[`pause_${queue}`]);
			if (paused.length) frm.set_intro(__("Paused queues: {0}", [paused.join(", ")]), "orange");
		}
		add_switch(frm, frm.doc.paused, null);
		QUEUES.forEach((queue) => add_switch(frm, frm.doc[`pause_${queue}`], queue));
	},
});

function add_switch(frm, is_paused, queue) {
	const label = is_paused
		? __("Resume {0}", [queue || __("the engine")])
		: __("Pause {0}", [queue || __("the engine")]);
	const method = is_paused ? "resume" : "pause";
	const switch_it = async () => {
		try {
			await dartwing.jobs.call(dartwing.jobs.DESK + method, queue ? { queue } : {});
		} catch (error) {
			dartwing.jobs.complain(error);
		}
		return frm.reload_doc();
	};
	frm.add_custom_button(label, switch_it, queue ? __("Queues") : null);
}
