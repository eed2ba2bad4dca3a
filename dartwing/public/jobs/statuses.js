// What a status means for the page.

export const FINISHED = ["Completed", "Canceled"];
export const ENDED = [...FINISHED, "Dead Letter"];
export const WILL_RETRY = ["Failed", "Timed Out"];

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
export const has_ended = (job) => ENDED.includes(job.status);

export const can_cancel = (job) => job.may_cancel && !has_ended(job);
export const can_retry = (job) => job.may_administer && job.status === "Dead Letter";
