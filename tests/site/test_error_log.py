"""What the engine runs into is told, and telling it is no other fault."""

from unittest.mock import patch

import frappe

from dartwing.dartwing_core.background_jobs import error_log


def breaks() -> None:
	raise ZeroDivisionError("of a step")


def test_while_the_error_log_takes_nothing_the_steps_go_on_and_the_log_file_is_told(world):
	locked = patch("frappe.log_error", side_effect=frappe.QueryTimeoutError("it is locked"))
	with locked, patch.object(frappe.logger("dartwing"), "error") as tell:
		error_log.run_step(breaks)
	told = tell.call_args.args[0]
	assert "dartwing: breaks" in told
	assert "ZeroDivisionError: of a step" in told
	assert "it is locked" in told
