// What the page /jobs provides to the form for the parameters of a job.

import { search_links } from "./api.js";
import { boot } from "./boot.js";
import { __ } from "./texts.js";
import { translate_with } from "./wording.js";

translate_with(__);

const { timeZone: zone } = Intl.DateTimeFormat().resolvedOptions();

export function form_host(job_type) {
	return {
		zone,
		csrf_token: boot.csrf_token,
		max_file_size: boot.max_file_size,
		search: (doctype, text) => search_links({ job_type, doctype, text }),
	};
}
