// What a user may do to the jobs of a group: the buttons, the questions, and what came of it.

import { anew_field, anew_input, confirm_dialog, reason_field, reason_input } from "./actions.js";
import { cancel_group, discard_group, retry_group } from "./api.js";
import { h } from "./dom.js";
import { FINISHED } from "./statuses.js";
import { __, number } from "./texts.js";

// refusals that are told one by one
const MOST_TOLD = 20;
const NAMES = { cancel: __("Cancel"), retry: __("Retry failed"), discard: __("Discard failed") };

export function group_actions_of(group) {
	const may = { cancel: group.may_cancel, retry: group.may_administer, discard: group.may_administer };
	return Object.keys(NAMES).filter((action) => may[action] && number_of[action](group));
}

// A button that asks; `group_now` answers the group as it is then, `on_done` is called when it is done.
export function group_action_button(action, group_now, on_done) {
	const group = group_now();
	return h(
		"button",
		{
			type: "button",
			class: action === "retry" ? "" : "danger",
			"data-action": action,
			"aria-label": `${NAMES[action]} ${group.title} ${group.group_id}`,
			onclick: () => ask[action](group_now(), on_done),
		},
		NAMES[action],
	);
}

const unfinished = ({ count_by_status }) =>
	Object.entries(count_by_status).reduce(
		(sum, [status, jobs]) => sum + (FINISHED.includes(status) ? 0 : jobs),
		0,
	);
const failed = ({ count_by_status }) => count_by_status["Dead Letter"] ?? 0;
const number_of = { cancel: unfinished, retry: failed, discard: failed };

const ask = {
	cancel: (group, on_done) =>
		confirm_dialog({
			title: __("Cancel this group?"),
			text: __("{0}: jobs that have not ended ({1}) stop, and nothing of their work is kept.", [
				group.title,
				number(unfinished(group)),
			]),
			proceed: __("Cancel the jobs"),
			stay: __("Let them go on"),
			run: () => cancel_group(group.group_id),
			outcome: (answer) => outcome(answer, __("Canceled: {0}", [number(answer.done.length)])),
			on_done,
		}),
	retry: (group, on_done) => {
		const anew = anew_input();
		confirm_dialog({
			title: __("Try the failed jobs again?"),
			text: __("{0}: jobs that failed for good ({1}) get a fresh set of attempts.", [
				group.title,
				number(failed(group)),
			]),
			field: anew_field(anew),
			proceed: __("Try again"),
			stay: __("Not now"),
			is_harmless: true,
			run: () => retry_group(group.group_id, anew.checked),
			outcome: (answer) => outcome(answer, __("Tried again: {0}", [number(answer.done.length)])),
			on_done,
		});
	},
	discard: (group, on_done) => {
		const reason = reason_input();
		confirm_dialog({
			title: __("Discard the failed jobs?"),
			text: __("{0}: jobs that failed for good ({1}) are canceled. The reason stays in their history.", [
				group.title,
				number(failed(group)),
			]),
			field: reason_field(reason),
			proceed: __("Discard the jobs"),
			stay: __("Keep them"),
			run: () => discard_group(group.group_id, reason.value),
			outcome: (answer) => outcome(answer, __("Discarded: {0}", [number(answer.done.length)])),
			on_done,
		});
	},
};

// without the name of the argument that the API refuses
const plain = (reason) => reason.replace(/^job_id: /, "");

// How many it was done to; why not to others; how many are left for another time.
function outcome({ refused, left }, done) {
	const reasons = Object.entries(refused);
	const told = reasons
		.slice(0, MOST_TOLD)
		.map(([job_id, reason]) => h("li", {}, `${job_id}: ${plain(reason)}`));
	const more = reasons.length - told.length;
	if (more > 0) told.push(h("li", {}, __("and {0} more", [number(more)])));
	return [
		h("p", {}, done),
		left > 0 && h("p", {}, __("Left, as one call takes no more: {0}", [number(left)])),
		reasons.length > 0 && h("p", {}, __("Refused: {0}", [number(reasons.length)])),
		reasons.length > 0 && h("ul", { class: "refused" }, told),
	].filter(Boolean);
}
