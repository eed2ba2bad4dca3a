"""What is told about jobs: events in the browser, log lines, notifications; and what is masked in them.

Here belongs how something is told, and to whom. Deciding what happens to a job does not.

May use: database.
"""
