// What Desk takes of the page /jobs: the form for parameters, in dialogs, and the log of a job. Frappe loads it
// with each of the forms.

frappe.provide("dartwing.jobs");

Object.assign(dartwing.jobs, {
	FORMS: "dartwing.dartwing_core.api.parameter_forms.",

	// Draw the form of a Job Type into an element; its `read()` answers the JSON, or null when something is
	// wrong. `values` are parameters to begin with, as text.
	async parameter_form(element, job_type, { form, values } = {}) {
		const drawn = form ?? (await this.call(`${this.FORMS}get_form`, { job_type }));
		const { ParameterForm } = await this._page_modules();
		const fieldset = document.createElement("fieldset");
		element.replaceChildren(fieldset);
		const search = (doctype, text) => this.call(`${this.FORMS}search_links`, { job_type, doctype, text });
		const host = {
			search,
			zone: frappe.boot.time_zone?.user || frappe.boot.time_zone?.system || "UTC",
			csrf_token: frappe.csrf_token,
			max_file_size: frappe.boot.max_file_size,
		};
		return new ParameterForm(fieldset, { ...drawn, values, host });
	},

	// The log of a job, in a box that is to be shown when `on_first` is called. `read(after)` answers a page.
	async job_log({ read, on_first }) {
		const { LogView } = await this._page_modules();
		const clock = (at) => this.clock(at);
		return new LogView({ read, on_first, texts: { clock, moment: clock, number: String } });
	},

	// Ask for parameters in a dialog; `on_read` gets the JSON, and may refuse it by what it throws.
	async ask_for_parameters({ title, label, job_type, form, values, on_read }) {
		const dialog = new frappe.ui.Dialog({
			title,
			fields: [
				{ fieldname: "problem", fieldtype: "HTML" },
				{ fieldname: "parameters_form", fieldtype: "HTML" },
			],
			primary_action_label: label,
			primary_action: async () => {
				this.show_problem(dialog, "");
				const text = dialog.parameters?.read() ?? null;
				if (text === null) return;
				dialog.disable_primary_action();
				try {
					await on_read(text, dialog);
				} catch (error) {
					this.show_problem(dialog, dialog.parameters.show_refusal(error));
				}
				dialog.enable_primary_action();
			},
		});
		dialog.show();
		await this.draw_parameters(dialog, job_type, { form, values });
		return dialog;
	},

	// In the dialog's field `parameters_form`, with all else that it needs.
	async draw_parameters(dialog, job_type, options) {
		dialog.$wrapper.addClass("dartwing-dialog");
		dialog.disable_primary_action();
		try {
			const [element] = dialog.get_field("parameters_form").$wrapper;
			dialog.parameters = await this.parameter_form(element, job_type, options);
			dialog.enable_primary_action();
		} catch (error) {
			this.show_problem(dialog, error.message);
		}
	},

	// Not before the dialog has faded out: a change of route would leave its backdrop over the page.
	leave_for(dialog, job_id) {
		dialog.$wrapper.one("hidden.bs.modal", () => frappe.set_route("Form", "Background Job", job_id));
		dialog.hide();
	},

	show_problem(dialog, text, html = "") {
		const shown =
			text && `<div class="dartwing-problem" role="alert">${frappe.utils.escape_html(text)}${html}</div>`;
		dialog.get_field("problem").$wrapper.html(shown);
	},

	async _page_modules() {
		this._loaded ??= load_page_modules();
		try {
			return await this._loaded;
		} catch (error) {
			this._loaded = null;
			throw error;
		}
	},
});

async function load_page_modules() {
	const { imports, module, style } = await dartwing.jobs.call(`${dartwing.jobs.FORMS}get_assets`);
	// what the module imports has the versions of this answer, too
	const map = element_of("script", { type: "importmap" });
	map.textContent = JSON.stringify({ imports });
	const sheet = element_of("link", { rel: "stylesheet", href: style });
	const is_styled = new Promise((resolve) => (sheet.onload = sheet.onerror = resolve));
	document.head.append(map, sheet);
	const [modules] = await Promise.all([import(module), is_styled]);
	modules.translate_with(__);
	return modules;
}

function element_of(name, properties) {
	return Object.assign(document.createElement(name), properties);
}
