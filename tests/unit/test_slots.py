"""When slots are: through both changes of clocks, in both directions, without drift."""

from datetime import datetime, timedelta, timezone
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dartwing.dartwing_core.background_jobs.schedules import slots
from dartwing.dartwing_core.background_jobs.schedules.slots import NoSuchCronError, Timetable

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC")
CRONS = ("* * * * *", "*/15 * * * *", "30 2 * * *", "0 3 * * *", "15 1,2 * * *", "0 0 * * SUN", "30 2 29 2 *")
EPOCH = datetime(2026, 1, 1)
# clocks of one of the zones are put forward or back on these days
CHANGES = [
	datetime(2026, 3, 29),
	datetime(2026, 10, 25),
	datetime(2026, 3, 8),
	datetime(2026, 11, 1),
	datetime(2026, 10, 4),
	datetime(2026, 4, 5),
]

instants = st.one_of(
	st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1)),
	st.builds(
		lambda day, seconds: day + timedelta(seconds=seconds),
		st.sampled_from(CHANGES),
		st.integers(-86400, 2 * 86400),
	),
)


def table(cron: str, zone: str, **more) -> Timetable:
	return Timetable(EPOCH, cron=cron, zone=ZoneInfo(zone), **more)


def local(instant: datetime, zone: str) -> str:
	return instant.replace(tzinfo=timezone.utc).astimezone(ZoneInfo(zone)).isoformat()


def first_slots(cron: str, zone: str, after: datetime, count: int) -> list[str]:
	return [local(slot, zone) for slot in islice(table(cron, zone).after(after), count)]


def test_a_time_that_clocks_leave_out_is_taken_after_the_gap():
	assert first_slots("30 2 * * *", "Europe/Berlin", datetime(2026, 3, 28), 3) == [
		"2026-03-28T02:30:00+01:00",
		"2026-03-29T03:00:00+02:00",
		"2026-03-30T02:30:00+02:00",
	]
	assert first_slots("30 2 * * *", "America/New_York", datetime(2026, 3, 8), 1) == [
		"2026-03-08T03:00:00-04:00"
	]
	# half an hour is left out there
	assert first_slots("15 2 * * *", "Australia/Lord_Howe", datetime(2026, 10, 3), 1) == [
		"2026-10-04T02:30:00+11:00"
	]


def test_all_that_falls_into_a_gap_is_one_slot():
	assert first_slots("*/20 * * * *", "Europe/Berlin", datetime(2026, 3, 29, 0, 30), 4) == [
		"2026-03-29T01:40:00+01:00",
		"2026-03-29T03:00:00+02:00",
		"2026-03-29T03:20:00+02:00",
		"2026-03-29T03:40:00+02:00",
	]


def test_a_time_that_comes_twice_is_taken_the_first_time():
	assert first_slots("30 2 * * *", "Europe/Berlin", datetime(2026, 10, 25), 2) == [
		"2026-10-25T02:30:00+02:00",
		"2026-10-26T02:30:00+01:00",
	]
	assert first_slots("30 1 * * *", "America/New_York", datetime(2026, 11, 1), 2) == [
		"2026-11-01T01:30:00-04:00",
		"2026-11-02T01:30:00-05:00",
	]
	assert first_slots("45 1 * * *", "Australia/Lord_Howe", datetime(2026, 4, 4, 12), 2) == [
		"2026-04-05T01:45:00+11:00",
		"2026-04-06T01:45:00+10:30",
	]


def test_who_asks_in_the_hour_that_comes_again_is_told_what_follows_it():
	in_the_second = datetime(2026, 10, 25, 1, 15)
	assert first_slots("*/30 * * * *", "Europe/Berlin", in_the_second, 1) == ["2026-10-25T03:00:00+01:00"]
	assert local(next(table("*/30 * * * *", "Europe/Berlin").until(in_the_second)), "Europe/Berlin") == (
		"2026-10-25T02:30:00+02:00"
	)


@pytest.mark.parametrize("cron", CRONS)
@given(zone=st.sampled_from(ZONES), instant=instants)
@settings(max_examples=60, deadline=None)
def test_slots_strictly_increase_and_each_local_time_is_taken_once(cron, zone, instant):
	found = list(islice(table(cron, zone).after(instant), 12))
	assert found[0] > instant
	assert all(one < other for one, other in pairwise(found))
	shown = [local(slot, zone)[:19] for slot in found]
	assert len(set(shown)) == len(shown)


@pytest.mark.parametrize("cron", CRONS)
@given(zone=st.sampled_from(ZONES), instant=instants)
@settings(max_examples=60, deadline=None)
def test_forwards_and_backwards_the_slots_are_the_same(cron, zone, instant):
	timetable = table(cron, zone)
	found = list(islice(timetable.after(instant), 12))
	assert list(islice(timetable.until(found[-1]), 12)) == found[::-1]
	# what is before the next one is the one before it
	assert next(timetable.until(found[0] - timedelta(microseconds=1))) <= instant


@given(
	zone=st.sampled_from(ZONES),
	instant=instants,
	seconds=st.integers(60, 10**6),
	anchor=st.integers(0, 10**6),
)
@settings(max_examples=60, deadline=None)
def test_intervals_never_drift_and_know_no_zone(zone, instant, seconds, anchor):
	begins = EPOCH + timedelta(seconds=anchor)
	timetable = Timetable(begins, interval=timedelta(seconds=seconds), zone=ZoneInfo(zone))
	found = list(islice(timetable.after(instant), 5))
	assert found[0] > instant
	assert found[0] - instant <= timedelta(seconds=seconds)
	assert all((slot - begins) % timedelta(seconds=seconds) == timedelta() for slot in found)
	assert list(islice(timetable.until(found[-1]), 5)) == found[::-1]


def test_there_is_no_slot_before_the_start_or_after_the_end():
	begins, ends = datetime(2026, 6, 1, 10), datetime(2026, 6, 1, 12)
	hourly = table("0 * * * *", "UTC", first=begins, last=ends)
	wanted = [datetime(2026, 6, 1, hour) for hour in (10, 11, 12)]
	assert list(hourly.after(EPOCH)) == wanted
	assert list(hourly.until(datetime(2027, 1, 1))) == wanted[::-1]
	assert hourly.next_after(ends) is None
	assert hourly.between(begins, ends, at_most=2) == wanted[:2]
	assert hourly.between(begins, datetime(2026, 6, 1, 11), at_most=9) == wanted[:2]
	each = Timetable(begins, interval=timedelta(hours=1), first=begins, last=ends)
	assert list(each.after(EPOCH)) == wanted


# the calendar of Python ends with the year 9999
@pytest.mark.parametrize(
	("cron", "first", "slots"),
	[
		("0 0 1 1 *", datetime(9999, 6, 1), []),
		("0 0 29 2 *", datetime(9996, 3, 1), []),
		("0 12 29 2 *", datetime(9996, 1, 1), [datetime(9996, 2, 29, 12)]),
		("59 23 31 12 *", datetime(9999, 1, 1), [datetime(9999, 12, 31, 23, 59)]),
		("* * * * *", datetime(9999, 12, 31, 23, 59, 59, 999999), []),
	],
)
def test_the_end_of_the_calendar_is_the_end_of_a_schedule(cron, first, slots):
	assert list(table(cron, "UTC", first=first).after(EPOCH)) == slots
	in_all_zones = [table(cron, zone, first=first).between(EPOCH, datetime.max, 100) for zone in ZONES]
	assert all(one <= datetime.max for found in in_all_zones for one in found)


@pytest.mark.parametrize("zone", ZONES)
def test_an_instant_at_either_end_of_the_calendar_has_a_last_and_a_first_slot(zone):
	for cron in CRONS:
		for edge in (datetime.min, datetime(1, 1, 2), datetime(9999, 12, 30), datetime.max):
			assert len(list(islice(table(cron, zone).after(edge), 2))) <= 2
			assert len(list(islice(table(cron, zone).until(edge), 2))) <= 2


def test_a_cron_expression_is_told_as_it_is_kept():
	assert slots.check_cron("  30  2 * * mon-fri ") == "30 2 * * MON-FRI"
	assert slots.check_cron("0 0 L * *") == "0 0 L * *"


@pytest.mark.parametrize(
	"cron",
	[
		"",
		"daily",
		"@daily",
		"* * * *",
		"* * * * * *",
		"60 * * * *",
		"0 0 30 2 *",
		"R * * * *",
		"H * * * *",
		"a b c d e",
		"*/0 * * * *",
		"1-0-2 * * * *",
		"* * * * 8",
		"- - - - -",
		"\u0663 * * * *",
	],
)
def test_what_is_no_cron_expression_is_refused(cron):
	with pytest.raises(NoSuchCronError):
		slots.check_cron(cron)
