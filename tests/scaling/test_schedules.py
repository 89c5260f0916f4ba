"""Cron expressions in time zones with clock changes, and the bounds that windows set."""

from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from fairlead.fleet.policies import ReplicaBounds, ScalingPolicy, ScalingReason, ScheduleWindow
from fairlead.scaling import cron_expressions
from fairlead.scaling.decide.recommendation import ScalingBound
from fairlead.scaling.decide.schedule_windows import ScheduleBounds, in_force
from tests.scaling.limits import COLD, FACTS, Fleet, bounds_of, summary_with

BERLIN = "Europe/Berlin"
HOUR = 3600.0
BOUNDS = ReplicaBounds(least=1, most=10)
MORNING = ScheduleWindow(
    name="morning", cron="0 8 * * 1-5", time_zone=BERLIN, duration_seconds=2 * HOUR, min_replicas=4
)


def at(text: str, zone: str = BERLIN, fold: int = 0) -> float:
    """A moment in local notation."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()


def began(cron: str, now: float, zone: str = BERLIN) -> str | None:
    """The last match within a week, in local time."""
    found = cron_expressions.last_occurrence(cron, zone, now, 7 * 24 * HOUR)
    return (
        None if found is None else datetime.fromtimestamp(found, ZoneInfo(zone)).isoformat(sep=" ", timespec="minutes")
    )


@pytest.mark.parametrize(
    ("cron", "now", "last"),
    [
        ("0 8 * * 1-5", "2026-11-20 08:00:30", "2026-11-20 08:00+01:00"),
        ("0 8 * * 1-5", "2026-11-23 07:59:59", "2026-11-20 08:00+01:00"),
        ("*/15 9-17 * * *", "2026-11-20 12:44", "2026-11-20 12:30+01:00"),
        ("0 0 1 * *", "2026-11-05 12:00", "2026-11-01 00:00+01:00"),
        ("0 0 1 * 5", "2026-11-20 12:00", "2026-11-20 00:00+01:00"),
        ("0 0 */2 * 7", "2026-11-23 12:00", "2026-11-23 00:00+01:00"),
        ("0 12 * DEC SUN", "2026-12-07 12:00", "2026-12-06 12:00+01:00"),
        ("0 0 1 1 *", "2026-11-20 12:00", None),
    ],
)
def test_when_a_cron_last_came(cron: str, now: str, last: str | None) -> None:
    assert began(cron, at(now)) == last


def test_a_time_that_the_spring_leaves_out_comes_as_much_later() -> None:
    assert began("30 2 * * *", at("2026-03-29 03:31")) == "2026-03-29 03:30+02:00"
    assert began("30 2 * * *", at("2026-03-29 03:29")) == "2026-03-28 02:30+01:00"


@pytest.mark.parametrize(
    ("day", "zone", "begun", "ended"),
    [
        ("2026-11-20", BERLIN, "2026-11-20 01:10+01:00", "2026-11-20 03:50+01:00"),
        ("2026-03-29", BERLIN, "2026-03-29 01:10+01:00", "2026-03-29 03:50+02:00"),
        ("2026-10-04", "Australia/Lord_Howe", "2026-10-04 01:10+10:30", "2026-10-04 03:50+11:00"),
    ],
)
def test_many_openings_of_a_day_are_one_window_from_the_first_to_the_last(
    day: str, zone: str, begun: str, ended: str
) -> None:
    ((begin, end),) = cron_expressions.open_spans("10-50 1-3 * * *", zone, 0.0, [date.fromisoformat(day)])
    local = [datetime.fromtimestamp(one, ZoneInfo(zone)).isoformat(sep=" ", timespec="minutes") for one in (begin, end)]
    assert local == [begun, ended]


def test_a_time_that_comes_twice_in_autumn_counts_the_first_time() -> None:
    assert began("30 2 * * *", at("2026-10-25 02:45", fold=1)) == "2026-10-25 02:30+02:00"


def test_a_window_lasts_as_long_as_it_says_whatever_the_clocks_do() -> None:
    night = replace(MORNING, cron="0 1 * * *", duration_seconds=3 * HOUR)
    assert in_force((night,), BOUNDS, at("2026-10-25 02:59", fold=1), 0).least == 4
    assert in_force((night,), BOUNDS, at("2026-10-25 03:00"), 0).least == 1


@pytest.mark.parametrize(
    ("cron", "because"),
    [
        ("61 8 * * 1", "61 is not a valid minute"),
        ("0 8 30 2 *", "none of these months has a day 30"),
        ("0 8 * *", "it has 4 fields"),
        ("0 9-8 * * *", "9-8 is not a valid hour"),
        ("x 8 * * *", "X is not a valid minute"),
        ("*/0 8 * * *", "*/0 is not a valid minute"),
        ("8--9 8 * * *", "8--9 is not a valid minute"),
    ],
)
def test_expressions_that_name_no_moment(cron: str, because: str) -> None:
    never = cron_expressions.parse(cron)
    assert isinstance(never, cron_expressions.ImpossibleCron)
    assert because in never.because
    assert cron_expressions.last_occurrence(cron, "UTC", 1e9, HOUR) is None


def test_a_zone_that_is_not_there_names_no_moment() -> None:
    assert cron_expressions.last_occurrence("* * * * *", "Europe/Brelin", 1e9, HOUR) is None
    assert cron_expressions.last_occurrence("* * * * *", "UTC", 1e9, HOUR) is not None


def test_a_minimum_is_there_when_its_window_begins_and_a_maximum_not_before() -> None:
    just_before = at("2026-11-20 07:59")
    assert in_force((MORNING,), BOUNDS, just_before, COLD).least == 4
    assert in_force((MORNING,), BOUNDS, just_before - COLD, COLD).least == 1
    quiet = replace(MORNING, min_replicas=None, max_replicas=2)
    assert in_force((quiet,), BOUNDS, just_before, COLD).most == 10
    assert in_force((quiet,), BOUNDS, just_before + 60, COLD).most == 2
    assert in_force((MORNING,), BOUNDS, at("2026-11-20 10:00"), COLD).least == 1


def test_of_windows_that_overlap_the_higher_bounds_count() -> None:
    two = (
        replace(MORNING, max_replicas=5),
        replace(MORNING, name="busy", min_replicas=6, max_replicas=8),
    )
    now = in_force(two, BOUNDS, at("2026-11-20 09:00"), COLD)
    assert now == ScheduleBounds(least=6, most=8, least_by="busy", most_by="busy")


def test_a_schedule_moves_within_the_deployments_own_bounds() -> None:
    now = at("2026-11-20 09:00")
    assert in_force((MORNING,), ReplicaBounds(least=0, most=3), now, COLD).least == 3
    low = replace(MORNING, min_replicas=0, max_replicas=0)
    assert in_force((low,), ReplicaBounds(least=2, most=10), now, COLD) == ScheduleBounds(
        least=2, most=2, most_by="morning"
    )
    wide = replace(MORNING, min_replicas=None, max_replicas=50)
    assert in_force((wide,), BOUNDS, now, COLD) == ScheduleBounds(least=1, most=10)


def test_a_schedule_lifts_and_caps_the_answer_and_says_so() -> None:
    fleet = Fleet(
        facts=replace(FACTS, wanted=2, policy=ScalingPolicy(schedules=(MORNING,))), now=at("2026-11-20 09:00")
    )
    lifted = fleet.decides(summary_with(2))
    assert (lifted.replicas, lifted.reason) == (4, ScalingReason.SCHEDULED)
    assert "schedule morning keeps at least 4" in lifted.message
    capped = replace(MORNING, min_replicas=None, max_replicas=3)
    fleet = Fleet(facts=replace(FACTS, wanted=2, policy=ScalingPolicy(schedules=(capped,))), now=at("2026-11-20 09:00"))
    answer = fleet.decides(summary_with(9))
    assert (answer.replicas, bounds_of(answer)[-1]) == (3, ScalingBound.SCHEDULE)
    assert fleet.decides(summary_with(3)).limits == ()


def test_the_reason_names_the_schedule_that_is_open_and_not_the_one_before_it() -> None:
    day = replace(MORNING, name="day", cron="0 8 * * *", duration_seconds=4 * HOUR)
    noon = replace(day, name="noon", cron="0 12 * * *")
    facts = replace(FACTS, wanted=4, policy=ScalingPolicy(schedules=(day, noon)))
    fleet = Fleet(facts=facts, now=at("2026-11-20 11:30"))
    assert "schedule day keeps at least 4" in fleet.passes(900.0, summary_with(1), every=5.0).message
    later = fleet.passes(HOUR, summary_with(1), every=5.0)
    assert (later.replicas, later.reason) == (4, ScalingReason.SCHEDULED)
    assert "schedule noon keeps at least 4" in later.message


NIGHT = replace(MORNING, name="night", cron="0 20 * * *", duration_seconds=12 * HOUR, min_replicas=None, max_replicas=2)
DAY = replace(MORNING, name="day", cron="0 8 * * *", duration_seconds=12 * HOUR, min_replicas=8)


def test_a_minimum_is_there_when_its_window_opens_although_a_maximum_ends_only_then() -> None:
    opens = at("2026-11-20 08:00")
    before = in_force((NIGHT, DAY), BOUNDS, opens - COLD, COLD)
    assert before == ScheduleBounds(least=8, most=2, least_by="day", most_by="night")
    assert in_force((NIGHT, DAY), BOUNDS, opens - COLD - 1, COLD).least == 1
    facts = replace(FACTS, wanted=2, policy=ScalingPolicy(schedules=(NIGHT, DAY)))
    assert Fleet(facts=facts, now=opens - COLD).decides(summary_with(1)).replicas == 8
    more = Fleet(facts=facts, now=opens - COLD).decides(summary_with(30))
    assert more.replicas <= 8
    full = Fleet(facts=replace(facts, wanted=9), now=opens - COLD).decides(summary_with(9))
    assert full.replicas == 8
    assert "schedule night allows at most 2, and schedule day, which opens soon, needs 8" in full.message


@pytest.mark.parametrize("until", [12.01, 14.0])
def test_a_maximum_that_is_still_open_by_then_wins_as_it_does_afterwards(until: float) -> None:
    longer = replace(NIGHT, duration_seconds=until * HOUR)
    opens = at("2026-11-20 08:00")
    assert in_force((longer, DAY), BOUNDS, opens - COLD, COLD).least == 2
    assert in_force((longer, DAY), BOUNDS, opens, COLD).least == 2


def test_a_window_that_is_open_and_opens_again_soon_is_not_brought_forward() -> None:
    hourly = replace(DAY, cron="0 * * * *", duration_seconds=2 * HOUR)
    assert in_force((NIGHT, hourly), BOUNDS, at("2026-11-20 07:59"), COLD).least == 2
