"""The clock: a process of the app's own that looks each second what is due, so that nothing waits for a tick.

Here belongs when it is looked, and at which sites. What is then done to a job does not.

May use: upkeep, schedules, execution, dispatch, groups, database.
"""
