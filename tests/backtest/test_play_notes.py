"""What a policy says and a play follows, takes otherwise or leaves out: the user reads which."""

from dataclasses import replace
from decimal import Decimal

import pytest

from fairlead.backtest import baselines, play_notes
from fairlead.backtest import play as playing
from fairlead.backtest.candidate import Candidate
from fairlead.backtest.play import PlaySettings
from fairlead.fleet.policies import (
    ColdStart,
    PrometheusAccess,
    ReplicaBounds,
    ScalingPolicy,
    ScalingReason,
    ScheduleWindow,
    WarmPool,
)
from fairlead.simulator.engine.settings import SpeculationSettings
from tests.backtest.test_play import candidate, steady, streams

BOUNDS = ReplicaBounds(least=1, most=8, policy="chat")
MONDAY_EIGHT = 1_795_420_800.0
"""2026-11-23 08:00 UTC, a Monday."""
MORNING = ScheduleWindow(name="morning", cron="0 8 * * 1-5", time_zone="UTC", duration_seconds=14_400, min_replicas=5)


def scheduled() -> Candidate:
    policy = ScalingPolicy(cold_start=ColdStart(assume_seconds=30), schedules=(MORNING,))
    return candidate(BOUNDS, policy=policy)


def test_a_schedule_opens_at_the_recordings_own_hour() -> None:
    before = replace(steady(0.2, 900), began=MONDAY_EIGHT - 600)
    found = playing.play(scheduled(), before, PlaySettings(streams=streams))

    first = found.decisions[0]
    assert (first.before, first.after, first.reason) == (1, 5, ScalingReason.SCHEDULED)
    assert first.at == pytest.approx(570, abs=10), "a cold start of 30 s before eight"
    assert not [one for one in found.notes if "schedules" in one]


def test_a_schedule_stays_shut_on_a_sunday() -> None:
    sunday = replace(steady(0.2, 900), began=MONDAY_EIGHT - 86_400)
    assert playing.play(scheduled(), sunday, PlaySettings(streams=streams)).decisions == ()


def test_schedules_without_dates_are_not_played_which_a_note_says() -> None:
    found = playing.play(scheduled(), steady(0.2, 300), PlaySettings(streams=streams))

    assert found.decisions == ()
    assert found.notes[-1] == play_notes.NO_DATES
    assert len(play_notes.NO_DATES) <= 240


def test_a_fleet_that_another_scales_or_none_needs_no_such_note() -> None:
    for one in (scheduled().under(baselines.KEDA), scheduled().fixed(2)):
        assert play_notes.NO_DATES not in playing.play(one, steady(0.2, 60), PlaySettings(streams=streams)).notes


def test_a_budget_limits_the_played_fleet_as_in_the_cluster() -> None:
    """A replica has two GPUs of 3 USD, so 13 USD an hour pay for two."""
    dear = candidate(BOUNDS, policy=ScalingPolicy(max_cost_per_hour=Decimal(13)))
    found = playing.play(dear, steady(30.0, 300), PlaySettings(streams=streams))
    unpriced = playing.play(replace(dear, price_an_hour=None), steady(30.0, 300), PlaySettings(streams=streams))

    assert found.max_replicas == 2
    assert "more than maxCostPerHour 13" in found.decisions[0].message
    assert play_notes.NO_PRICE not in found.notes
    assert unpriced.max_replicas > 2
    assert unpriced.notes[-1] == play_notes.NO_PRICE


def test_a_policy_that_reads_a_prometheus_is_played_on_younger_metrics_which_a_note_says() -> None:
    reading = candidate(BOUNDS, policy=ScalingPolicy(prometheus=PrometheusAccess(url="http://prometheus:9090")))
    assert play_notes.SOONER in playing.play(reading, steady(0.2, 60), PlaySettings(streams=streams)).notes
    assert len(play_notes.SOONER) <= 240
    for other in (candidate(BOUNDS), reading.under(baselines.KEDA), reading.fixed(2)):
        assert play_notes.SOONER not in playing.play(other, steady(0.2, 60), PlaySettings(streams=streams)).notes


def test_a_policy_that_only_recommends_is_played_as_if_it_were_followed() -> None:
    """That is what its owner wants to know before it is."""
    followed = candidate(BOUNDS)
    passive = replace(followed, policy=replace(followed.policy, active=False))
    one, other = (playing.play(each, steady(30.0, 300), PlaySettings(streams=streams)) for each in (followed, passive))

    assert one.max_replicas > 1
    assert other.report == one.report
    assert other.notes == (*one.notes, play_notes.RECOMMENDS)


def test_sleeping_replicas_are_not_played_which_a_note_says() -> None:
    awake = candidate(BOUNDS)
    pooled = replace(awake, policy=replace(awake.policy, warm_pool=WarmPool(asleep=3)))

    assert list(play_notes.of(awake, dated=True)) == []
    assert list(play_notes.of(pooled, dated=True)) == [
        (
            "spec.warmPool.asleep: 3 is not simulated: up to 6 GPUs of sleeping replicas are not in the cost, and "
            "replicas start instead of waking"
        )
    ]


def test_drafting_that_the_product_would_switch_off_is_played_on_which_a_note_says() -> None:
    drafts = SpeculationSettings(tokens=3, acceptance=(0.8, 0.6, 0.4), lookahead=3, rereads_page=True)
    one = candidate(BOUNDS)
    switching = replace(one, policy=replace(one.policy, switches_speculation=True))
    drafting = replace(switching, settings=replace(one.settings, speculation=drafts))

    assert list(play_notes.of(switching, dated=True)) == []
    assert list(play_notes.of(drafting, dated=True)) == [play_notes.NO_SWITCH]


def test_growth_right_at_the_start_is_named_with_the_start_that_leaves_it_out() -> None:
    """30 a second from the first second on need more than one, which a fleet that runs for a while has."""
    busy = steady(30.0, 300)
    found = playing.play(candidate(BOUNDS), busy, PlaySettings(streams=streams))
    soon = max(one.after for one in found.decisions)
    note = (
        f"1 replica at first, and the policy wants {soon} within minutes: if the fleet is not as small when such "
        f"traffic begins, leave this growth out with --start {soon}"
    )
    assert soon > 1
    assert note in found.notes
    for chosen, traffic in ((soon, busy), (1, busy), (None, replace(busy, since=200.0))):
        again = playing.play(candidate(BOUNDS), traffic, PlaySettings(streams=streams, start=chosen))
        assert not [one for one in again.notes if "--start" in one], "it was chosen, or a warm-up left it out"
    idle = PlaySettings(streams=streams, start=1, recorded=True)
    assert note in playing.play(candidate(BOUNDS), busy, idle).notes, "a recording does not show idle replicas"
    fixed = replace(idle, start=3)
    assert not [one for one in playing.play(candidate(4), busy, fixed).notes if "at first" in one]
    rival = playing.play(candidate(BOUNDS).under(baselines.KEDA), busy, PlaySettings(streams=streams))
    assert not [one for one in rival.notes if "--start" in one]
