"""The handlers that the app ships: `data_export` with its files, and the samples.

Here belongs work that a job can be of, written as any app would write it. Nothing of the engine does.

May use: execution, tenancy, database.
"""
