"""The browser's program is tried out before it is driven."""

import pytest
from chromium import find_chromium


def test_a_browser_that_does_not_run_is_shown_with_all_that_it_wrote(tmp_path, monkeypatch):
	program = tmp_path / "chromium"
	program.write_text("#!/bin/sh\necho 'cannot open shared object file' >&2; exit 127\n")
	program.chmod(0o755)
	monkeypatch.setenv("CHROMIUM", str(program))
	with pytest.raises(AssertionError) as error:
		find_chromium()
	assert f"`{program} --version` ended with 127" in str(error.value)
	assert "cannot open shared object file" in str(error.value)
