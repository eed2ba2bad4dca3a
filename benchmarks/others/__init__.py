"""The same no-op on other systems, each in its usual local set-up. Nothing here knows of Frappe.

A module has `WORKER` (arguments of python), `submit(number)` and `wait(number)`, which returns when so
many have ended. Where its server is, it reads from BENCHMARK_REDIS or BENCHMARK_POSTGRES.
"""
