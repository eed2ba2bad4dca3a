"""Runs a script under a clock that is off: `off_clock.py SECONDS SCRIPT ARGUMENTS…`.

All that Python tells of the time of day is shifted, in this process and in those that it forks: `time.time`,
`datetime.now`, `date.today` and the like, whoever asks. What measures how long something takes
(`time.monotonic`, sleeps, timeouts, alarms) goes on as it is, as on a machine whose clock is wrong. Libraries
in C that ask the system themselves are not shifted; neither MariaDB's drivers nor Redis' do.
"""

import os
import runpy
import sys
from datetime import datetime, timedelta, timezone

import time_machine

if __name__ == "__main__":
	seconds, *sys.argv = sys.argv[1:]
	if float(seconds):
		now = datetime.now(timezone.utc) + timedelta(seconds=float(seconds))
		time_machine.travel(now, tick=True).start()
	sys.path[0] = os.path.dirname(sys.argv[0])
	runpy.run_path(sys.argv[0], run_name="__main__")
