"""The loop of a clock over its sites: which come, which go, and how it ends."""

import math
import os
import signal
import time

import pytest

from dartwing.dartwing_core.background_jobs.clock import clock
from dartwing.dartwing_core.background_jobs.clock.clock import Clock


class Sites:
	"""The sites that there are, and what was done with them: `+a` looked at, `-a` closed."""

	def __init__(self, *names: str):
		self.names = list(names)
		self.done: list[str] = []
		self.after_look = lambda _name: None
		self.look_again_at = -math.inf

	def made(self, name: str, is_stopping):
		sites = self

		class Site:
			look_at = -math.inf

			def look(self) -> None:
				sites.done.append(f"+{name}")
				self.look_at = sites.look_again_at
				sites.after_look(name)

			def close(self) -> None:
				sites.done.append(f"-{name}")

		return Site()


@pytest.fixture
def sites(monkeypatch) -> Sites:
	there = Sites("a", "b")
	monkeypatch.setattr(clock, "SiteClock", there.made)
	monkeypatch.setattr(clock, "sites_of_the_bench", lambda: there.names)
	return there


@pytest.fixture
def signals():
	kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
	yield
	for number, before in kept.items():
		signal.signal(number, before)


def look(looking: Clock, after_a_minute: bool = False) -> None:
	if after_a_minute:
		looking._list_at = 0.0
	looking._look()


def test_it_looks_at_one_site_after_the_other(sites):
	looking = Clock(None)
	look(looking)
	look(looking)
	assert sites.done == ["+a", "+b", "+a", "+b"]


def test_a_site_is_left_alone_until_its_time_has_come(sites):
	looking = Clock(None)
	look(looking)
	looking._sites["b"].look_at = math.inf
	looking._sites["a"].look_at = time.monotonic() + 0.5
	look(looking)
	assert sites.done == ["+a", "+b"]
	assert looking._next_look() == looking._sites["a"].look_at


def test_it_looks_only_at_those_that_it_was_told(sites):
	look(Clock(["b"]))
	assert sites.done == ["+b"]


def test_new_sites_are_looked_at_and_those_that_are_gone_are_closed(sites):
	looking = Clock(None)
	look(looking)
	sites.done.clear()
	sites.names = ["b", "c"]
	look(looking)
	assert sites.done == ["+a", "+b"], "they are listed once a minute"
	sites.done.clear()
	look(looking, after_a_minute=True)
	assert sites.done == ["-a", "+b", "+c"]


def test_a_folder_that_cannot_be_listed_changes_nothing(sites, monkeypatch, caplog):
	looking = Clock(None)
	look(looking)

	def broken():
		raise OSError("no such folder")

	monkeypatch.setattr(clock, "sites_of_the_bench", broken)
	look(looking, after_a_minute=True)
	assert sites.done == ["+a", "+b", "+a", "+b"]
	assert "no such folder" in caplog.text


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_behind_the_site_that_it_looks_at(sites, signals, number):
	sites.after_look = lambda _name: os.kill(os.getpid(), number)
	Clock(None).run()
	assert sites.done == ["+a", "-a", "-b"]
	assert signal.getsignal(number) == signal.SIG_DFL, "a second one ends it at once"


def test_a_signal_wakes_it(sites, signals, monkeypatch):
	"""It would sleep for ever."""
	monkeypatch.setattr(clock, "LOOK_EVERY_SECONDS", float("1e6"))
	sites.look_again_at = math.inf
	sleep, slept = Clock._sleep, []

	def interrupted(self, seconds: float) -> None:
		signal.raise_signal(signal.SIGTERM)
		sleep(self, seconds)
		slept.append(seconds)

	monkeypatch.setattr(Clock, "_sleep", interrupted)
	Clock(None).run()
	assert len(slept) == 1
	assert slept[0] > 1e5


def test_a_site_that_there_is_not_is_refused_by_name(sites):
	with pytest.raises(SystemExit, match="no site c"):
		clock.run(["a", "c"])
