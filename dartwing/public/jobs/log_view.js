// The log of one job as it grows, on the page /jobs and in Desk: what there is is read, what comes is heard.

import { h } from "./dom.js";
import { __ } from "./wording.js";

// of more lines, the first ones that are shown go
const MOST_LINES = 3_000;
// so near to its end, the view follows it
const AT_THE_END_PX = 12;

export class LogView {
	// `read(after)` answers a page of `get_job_log`; `texts` has `clock` and `moment` for times and `number` for
	// numbers; `on_first` is called when there is something to see.
	constructor({ read, texts, on_first }) {
		Object.assign(this, { read_page: read, texts, on_first });
		this.place = null;
		this.box = h("div", { class: "log", role: "log", tabindex: 0, "aria-label": __("Log") });
	}

	// What there is behind the last line that is shown. One reading at a time.
	async read() {
		if (this.is_reading) {
			this.must_read_again = true;
			return;
		}
		this.is_reading = true;
		try {
			do {
				this.must_read_again = false;
				const page = await this.read_page(this.place && place_of(this.place));
				this.append(page.lines);
				this.must_read_again ||= page.has_more;
			} while (this.must_read_again);
		} finally {
			this.is_reading = false;
		}
	}

	// Lines of an event; true when there may be others before them, which are to be read.
	hear({ attempt, lines }) {
		const heard = lines.map((line) => ({ ...line, attempt, missing: 0 })).filter((line) => this.is_new(line));
		if (!heard.length) return false;
		if (this.is_reading || !this.follows(heard[0])) return true;
		this.append(heard);
		return false;
	}

	is_new({ attempt, line }) {
		if (!this.place) return true;
		return attempt > this.place.attempt || (attempt === this.place.attempt && line > this.place.line);
	}

	follows({ attempt, line }) {
		return attempt === this.place?.attempt && line === this.place.line + 1;
	}

	append(lines) {
		if (!lines.length) return;
		const { box } = this;
		if (!this.place) this.on_first();
		const follows = box.scrollHeight - box.scrollTop - box.clientHeight <= AT_THE_END_PX;
		box.append(...lines.flatMap((line) => this.shown(line)));
		while (box.childElementCount > MOST_LINES) box.firstElementChild.remove();
		if (follows) box.scrollTop = box.scrollHeight;
	}

	shown(line) {
		const { attempt, at, level, text, missing } = line;
		const parts = [];
		if (attempt !== (this.place?.attempt ?? 1)) parts.push(note(__("Attempt {0}", [attempt])));
		if (missing) parts.push(note(__("{0} lines are not kept", [this.texts.number(missing)])));
		parts.push(
			h(
				"div",
				{ class: "log-line", "data-level": level },
				h("time", { datetime: at, title: this.texts.moment(at) }, this.texts.clock(at)),
				level !== "INFO" && h("span", { class: "level" }, level),
				h("span", { class: "log-text" }, text),
			),
		);
		this.place = { attempt, line: line.line };
		return parts;
	}
}

const place_of = ({ attempt, line }) => `${attempt}:${line}`;
const note = (text) => h("div", { class: "log-note" }, text);
