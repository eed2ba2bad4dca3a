"""Job Groups: jobs that are one piece of work, which ends when the last of them ends.

Here belongs what becomes of a group. What becomes of a job does not: this room stands below the DocTypes, and
knows of members what their rows say.

May use: announcing, database.
"""
