"""Who may see and do what: membership, Frappe's permission hooks, and filters that are checked.

Here belongs every decision on what a user may see or do. What is then done does not.

May use: database.
"""
