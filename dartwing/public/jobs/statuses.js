// What a status means for the page. The groups are those of the engine's statuses.py; a test compares them.

export const FINISHED = ["Completed", "Canceled", "Dead Letter"];
export const WAITING_FOR_RETRY = ["Failed", "Timed Out"];

const TONES = {
	Pending: "waiting",
	Queued: "waiting",
	Running: "running",
	Completed: "good",
	Failed: "warning",
	"Timed Out": "warning",
	"Dead Letter": "bad",
	Canceled: "over",
};

export const tone = (status) => TONES[status] ?? "waiting";
// a group is Failed when nothing of it goes on any more
export const group_tone = (status) => (status === "Failed" ? "bad" : tone(status));
export const is_finished = (job) => FINISHED.includes(job.status);

export const can_cancel = (job) => job.may_cancel && !is_finished(job);
// what it was run for real as is there to be looked at
export const can_run_for_real = (job) =>
	job.is_mine && job.is_dry_run && job.status === "Completed" && !job.real_job;
// Nobody needs to do anything about it: it is Canceled, with its error.
export const failed_dry_run = (job) => job.is_dry_run && job.status === "Canceled" && !!job.error_message;
export const can_retry = (job) => job.may_administer && job.status === "Dead Letter";
