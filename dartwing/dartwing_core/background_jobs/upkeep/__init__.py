"""Mending and tidying: finding what was lost, deleting what is old, acting on dead letters and on many jobs.

Here belongs what a tick of the cron, a day, an administrator or a deleted organization sets off. What
happens to a job on its ordinary way does not.

May use: schedules, handlers, execution, steps, submission, dispatch, announcing, tenancy, database.
"""
