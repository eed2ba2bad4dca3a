// What the server tells the page: who the user is, and what there is to choose from.

import { parse } from "./exact_json.js";

export const boot = parse(document.getElementById("boot").textContent);

const labels = {
	type: new Map(boot.job_types.map((one) => [one.name, one.label])),
	priority: new Map(boot.priorities.map((one) => [one.name, one.label])),
	status: new Map(boot.statuses.map((one) => [one.name, one.label])),
};

export const type_label = (name) => labels.type.get(name) ?? name;
export const priority_label = (name) => labels.priority.get(name) ?? name;
export const status_label = (name) => labels.status.get(name) ?? name;

// the server's clock, which the times of jobs are of
const ahead = Date.parse(boot.now) - Date.now();
export const now = () => Date.now() + ahead;
