// A time on the clocks of its reader, who is told which clocks these are. It is sent as the exact instant.

import { h } from "./dom.js";
import { InputField } from "./form_fields.js";
import { instant_at, wall_clock } from "./moments.js";
import { __ } from "./wording.js";

const HAS_OFFSET = /(?:Z|[+-]\d\d:?\d\d)$/i;

export class MomentField extends InputField {
	make_input() {
		return h("input", { type: "datetime-local", step: 1 });
	}

	hints() {
		return [...super.hints(), __("Time zone: {0}.", [this.form.host.zone])];
	}

	fill(value) {
		const is_instant = typeof value === "string" && HAS_OFFSET.test(value);
		if (value != null && typeof value !== "string") this.form.misfit(this);
		this.input.value = is_instant ? wall_clock(Date.parse(value), this.form.host.zone) : (value ?? "");
		if (value && !this.input.value) this.form.misfit(this);
		// what nobody changes is sent as it came, to the last digit
		this.untouched = { text: this.input.value, value };
	}

	what_to_enter() {
		return __("Enter a date and a time.");
	}

	what_it_is_not() {
		return __("This is no date with a time.");
	}

	as_json(text) {
		if (text === this.untouched?.text) return JSON.stringify(this.untouched.value);
		const instant = instant_at(text, this.form.host.zone);
		if (!instant) throw new Error(__("The clocks of {0} never show this time.", [this.form.host.zone]));
		return JSON.stringify(instant);
	}
}
