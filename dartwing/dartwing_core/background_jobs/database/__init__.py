"""Where things are kept: transactions, locks and clocks of the database, queues in Redis, files on disk.

Here belongs how the database, Redis and the disk are used. What a job is, and what becomes of it, does not.

May use: nothing but the ground floor.
"""
