"""A stock worker whose database refuses rows that others changed, as MariaDB does from 11.6.2 on."""

import sys
from pathlib import Path

# the modules that tests share; pytest is not here to add them
sys.path.append(str(Path(__file__).parents[1]))

from frappe.utils.background_jobs import start_worker
from refusing import refuse_changed_rows

if __name__ == "__main__":
	refuse_changed_rows()
	start_worker(queue="short,default,long")
