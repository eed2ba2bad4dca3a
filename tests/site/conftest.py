import pytest


@pytest.fixture(autouse=True)
def _clean(clean):
	"""Every test here starts and ends without jobs, as Administrator."""
