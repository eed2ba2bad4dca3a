"""What a request that ends in 500 leaves in Frappe's log files."""

import frappe
import pytest
from factories import OBLIGING

from dartwing.dartwing_core.api import jobs
from dartwing.dartwing_core.background_jobs.announcing.masking import MASK


def broken(*arguments, **named):
	raise RuntimeError("a mistake of ours")


@pytest.fixture
def form(monkeypatch):
	"""The form of a request, which Frappe logs when its method breaks."""
	sent = frappe._dict(
		job_type=OBLIGING,
		organization="Alpha",
		parameters='{"password": "canary"}',
		jobs=[{"parameters": {"password": "canary"}}],
	)
	monkeypatch.setattr(frappe.local, "form_dict", sent, raising=False)
	return sent


def test_a_method_that_breaks_leaves_no_parameters_in_the_form(world, form, monkeypatch):
	monkeypatch.setattr(jobs.engine, "submit_job", broken)
	with pytest.raises(RuntimeError):
		jobs.submit_job(job_type=OBLIGING, organization=world.alpha, parameters={"password": "canary"})
	assert form == {"job_type": OBLIGING, "organization": "Alpha", "parameters": MASK, "jobs": MASK}


def test_a_method_that_refuses_leaves_the_form_as_it_is(world, form):
	with pytest.raises(frappe.ValidationError):
		jobs.submit_job(job_type="unknown", organization=world.alpha)
	assert "canary" in form.parameters
