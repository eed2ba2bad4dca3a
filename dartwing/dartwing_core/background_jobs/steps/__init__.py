"""Steps: parts of a job's work that are done once, whatever becomes of the attempt that did them.

Here belongs what is kept of a step and given to the next attempt. How an attempt ends does not.

May use: submission, database.
"""
