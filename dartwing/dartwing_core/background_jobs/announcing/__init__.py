"""What is told about jobs: events in the browser, lines in the log, mails; and what is masked in all of them.

Here belongs how something is told, and to whom. Deciding what happens to a job does not.

May use: database.
"""
