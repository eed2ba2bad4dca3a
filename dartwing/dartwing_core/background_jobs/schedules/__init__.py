"""Job Schedules: jobs that are submitted again and again, each slot once.

Here belongs when a slot is, what is checked before a schedule is saved, and what becomes of a slot that is
due. What a job must fulfil does not: that is asked of `submission`, as for anybody's job.

May use: submission, dispatch, tenancy, database.
"""
