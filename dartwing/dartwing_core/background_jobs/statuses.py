"""The statuses of a job, their groups and the transitions between them."""

PENDING = "Pending"
QUEUED = "Queued"
RUNNING = "Running"
COMPLETED = "Completed"
FAILED = "Failed"
TIMED_OUT = "Timed Out"
DEAD_LETTER = "Dead Letter"
CANCELED = "Canceled"

ACTIVE = (QUEUED, RUNNING)
WAITING_FOR_RETRY = (FAILED, TIMED_OUT)
FINAL = (COMPLETED, CANCELED)
FINISHED = (*FINAL, DEAD_LETTER)
# a parent that is one of these lets no child start, unless the child's rule is "end"
ENDED_WITHOUT_SUCCESS = (DEAD_LETTER, CANCELED)
UNFINISHED = (PENDING, QUEUED, RUNNING, FAILED, TIMED_OUT)
# statuses in which a job may be handed to a queue once its `ready_at` has come
WAITING = (PENDING, *WAITING_FOR_RETRY)

# from status → statuses that may follow; None is the job before it exists
VALID_TRANSITIONS: dict[str | None, tuple[str, ...]] = {
	None: (PENDING,),
	PENDING: (QUEUED, CANCELED, DEAD_LETTER),
	QUEUED: (RUNNING, PENDING, CANCELED, DEAD_LETTER),
	RUNNING: (COMPLETED, FAILED, TIMED_OUT, DEAD_LETTER, CANCELED, PENDING),
	COMPLETED: (),
	FAILED: (QUEUED, DEAD_LETTER, CANCELED),
	TIMED_OUT: (QUEUED, DEAD_LETTER, CANCELED),
	DEAD_LETTER: (QUEUED, CANCELED),
	CANCELED: (),
}

STATUSES = tuple(status for status in VALID_TRANSITIONS if status)
PRIORITIES = ("Low", "Normal", "High", "Critical")

ENTERED_AT = {
	QUEUED: "queued_at",
	RUNNING: "started_at",
	COMPLETED: "completed_at",
	CANCELED: "canceled_at",
}

# what must have become of the jobs that a job depends on: all are Completed, or all ended in any way
SUCCESS, END = "success", "end"
DEPENDENCY_RULES = (SUCCESS, END)
