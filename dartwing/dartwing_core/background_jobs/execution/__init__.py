"""One attempt in a worker: claim the job, run its handler under supervision, settle how it ended.

Here belongs all that happens in the process of a worker. Choosing which jobs become Queued does not.

May use: steps, submission, dispatch, groups, parameters, announcing, tenancy, database.
"""
