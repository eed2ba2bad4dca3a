"""One acceptance: what a request must fulfil, whether there is room for it, and whether it was made before.

Here belongs what happens between a call of `submit_job` and the insert. What follows the commit does not.

May use: dispatch, groups, parameters, announcing, tenancy, database.
"""
