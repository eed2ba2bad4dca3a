"""From waiting to Queued to RQ: turns and windows, due retries, children of a parent that ended, cancels.

Here belongs what moves a job that no worker has, and what its end means for others. Running it does not.

May use: groups, announcing, tenancy, database.
"""
