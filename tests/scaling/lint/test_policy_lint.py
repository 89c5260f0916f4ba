"""Known faults of policies, alone and combined; the usual policy has none."""

import time
from dataclasses import replace
from decimal import Decimal

import pytest

from fairlead.fleet.policies import (
    ColdStart,
    Objectives,
    PrometheusAccess,
    ReplicaBounds,
    ScalingPace,
    ScalingPolicy,
    ScheduleWindow,
    SignalTargets,
    WarmPool,
)
from fairlead.scaling.lint import policy_lint, policy_refusals, policy_use_lint, schedule_overlap
from fairlead.scaling.lint.lint_reasons import LintReason
from fairlead.scaling.lint.policy_use_lint import PolicyUse

MORNING = ScheduleWindow(
    name="morning", cron="0 8 * * 1-5", time_zone="Europe/Berlin", duration_seconds=7200.0, min_replicas=4
)
LATER = replace(MORNING, name="later", cron="30 9 * * *", min_replicas=6)
NIGHT = replace(MORNING, name="night", cron="0 22 * * *", min_replicas=None, max_replicas=2)
USER = PolicyUse(bounds=ReplicaBounds(least=1, most=8, policy="calm"), price_per_hour=2.0, router_queue=1000)
AT_ZERO = replace(USER, bounds=ReplicaBounds(least=0, most=8, policy="calm"))
PROMETHEUS = PrometheusAccess(url="http://prometheus:9090")
SLEEPY = ScalingPolicy(zero_after_seconds=900.0)


def test_a_prometheus_whose_samples_last_until_the_next_ones_is_no_fault() -> None:
    policy = ScalingPolicy(prometheus=PROMETHEUS, stale_after_seconds=40.0)
    assert list(policy_lint.policy_warnings(policy)) == []


def test_the_usual_policy_has_no_fault() -> None:
    assert [
        *policy_refusals.refusals(ScalingPolicy()),
        *policy_lint.policy_warnings(ScalingPolicy()),
        *policy_use_lint.policy_use_warnings(USER, ScalingPolicy()),
    ] == []


@pytest.mark.parametrize(
    ("signals", "field", "reason"),
    [
        (SignalTargets(kv_target=1.0), "spec.signals.kvCache.target", LintReason.NEVER_FIRES),
        (SignalTargets(kv_target=0.0), "spec.signals.kvCache.target", LintReason.ALWAYS_FIRES),
        (SignalTargets(token_headroom=1.0), "spec.signals.tokens.headroom", LintReason.ALWAYS_FIRES),
    ],
)
def test_a_target_that_no_load_or_no_fleet_meets_is_refused(
    signals: SignalTargets, field: str, reason: LintReason
) -> None:
    (one,) = policy_refusals.refusals(ScalingPolicy(signals=signals))
    assert (one.field, one.reason) == (field, reason)
    assert (
        list(policy_refusals.refusals(ScalingPolicy(signals=SignalTargets(kv_target=None, token_headroom=None)))) == []
    )


@pytest.mark.parametrize(
    ("policy", "reason", "words"),
    [
        (
            ScalingPolicy(cold_start=ColdStart(assume_seconds=400.0)),
            LintReason.SHORTER_THAN_COLD_START,
            "stabilizationWindowSeconds: 300: a replica takes 400 s to come back, so a dip of 300 s costs more",
        ),
        (
            ScalingPolicy(pace=ScalingPace(up_max_step=2, down_max_step=5)),
            LintReason.OSCILLATES,
            "one step down removes 5 replicas and one step up brings back only 2",
        ),
        (
            ScalingPolicy(signals=SignalTargets(queue_per_replica=None, token_headroom=None)),
            LintReason.POOR_SIGNAL,
            "prefix caching keeps the KV cache full while no request runs",
        ),
        (
            ScalingPolicy(zero_after_seconds=60.0),
            LintReason.SHORTER_THAN_COLD_START,
            "spec.idle.scaleToZero.after: 60s: the first request afterwards waits for a cold start of 120 s",
        ),
        (
            replace(SLEEPY, warm_pool=WarmPool(ready=1)),
            LintReason.NEVER_AT_ZERO,
            "spec.warmPool.ready: 1: spare replicas stay ready when no requests come",
        ),
        (
            ScalingPolicy(schedules=(MORNING, LATER)),
            LintReason.SCHEDULES_OVERLAP,
            "spec.schedules[1]: later: minReplicas 4 of morning does nothing while later is open too: the higher 6",
        ),
        (
            ScalingPolicy(schedules=(replace(NIGHT, cron="0 9 * * *"), MORNING)),
            LintReason.SCHEDULES_OVERLAP,
            "morning wants at least 4 while night allows at most 2: the maximum wins",
        ),
        (
            ScalingPolicy(schedules=(NIGHT, replace(NIGHT, name="late", max_replicas=3))),
            LintReason.SCHEDULES_OVERLAP,
            "maxReplicas 2 of night does nothing while late is open too: the higher 3 counts",
        ),
        (
            ScalingPolicy(stale_after_seconds=0.001),
            LintReason.ALWAYS_STALE,
            "spec.metrics.staleAfter: 0.001s: metrics are read once a second",
        ),
        (
            ScalingPolicy(prometheus=PROMETHEUS),
            LintReason.ALWAYS_STALE,
            "spec.metrics.staleAfter: 30s: where Prometheus scrapes every 30 s, as the chart's monitors do, metrics",
        ),
        (
            ScalingPolicy(objectives=Objectives(ttft_p95_seconds=0.06, tpot_p95_seconds=1.0)),
            LintReason.SWAPPED,
            "spec.objectives.tpotP95: 1s: each further token may take longer than the first one (0.06 s)",
        ),
        (
            ScalingPolicy(max_cost_per_hour=Decimal(0)),
            LintReason.OVER_BUDGET,
            "spec.budget.maxCostPerHour: 0: it pays for 0 replicas, whatever minReplicas says, so requests get 503",
        ),
        (
            ScalingPolicy(active=False, max_cost_per_hour=Decimal(0)),
            LintReason.OVER_BUDGET,
            "so in mode Active requests get 503 where the price is known",
        ),
    ],
)
def test_settings_that_users_come_to_regret_get_a_warning(
    policy: ScalingPolicy, reason: LintReason, words: str
) -> None:
    (one,) = policy_lint.policy_warnings(policy)
    assert one.reason is reason
    assert words in one.sentence


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (MORNING, NIGHT),
        (MORNING, replace(LATER, time_zone="America/New_York")),
        (MORNING, replace(LATER, min_replicas=4)),
        (replace(MORNING, max_replicas=5), replace(NIGHT, cron="0 9 * * *", max_replicas=5)),
        (MORNING, replace(LATER, cron="61 9 * * *")),
        (replace(MORNING, cron="0 0 1 1 *"), replace(LATER, cron="0 0 1 7 *")),
    ],
)
def test_schedules_that_do_not_conflict_get_no_warning(one: ScheduleWindow, other: ScheduleWindow) -> None:
    assert list(policy_lint.policy_warnings(ScalingPolicy(schedules=(one, other)))) == []
    assert list(policy_lint.policy_warnings(ScalingPolicy(schedules=(other, one)))) == []


def test_one_that_opens_often_counts_as_open_all_that_day() -> None:
    often = replace(NIGHT, cron="*/5 6-12 * * *", duration_seconds=60.0)
    assert list(schedule_overlap.overlapping((MORNING, often))) == [(0, 1)]


def test_as_many_schedules_as_there_may_be_are_compared_in_no_time() -> None:
    """The review runs on the operator's only event loop."""
    minutes = [replace(MORNING, name=f"s{number}", cron="* * * * *", min_replicas=number) for number in range(1, 33)]
    began = time.process_time()
    assert len(list(schedule_overlap.overlapping(minutes))) == 32 * 31 / 2
    assert time.process_time() - began < 3.0


@pytest.mark.parametrize(
    ("user", "policy", "reason", "words"),
    [
        (
            AT_ZERO,
            ScalingPolicy(),
            LintReason.NEVER_AT_ZERO,
            "policy calm has no idle.scaleToZero, so the last replica stays",
        ),
        (USER, SLEEPY, LintReason.NEVER_AT_ZERO, "after 900 s, and minReplicas keeps 1; write 0"),
        (
            replace(AT_ZERO, held_seconds=60.0),
            SLEEPY,
            LintReason.SHORTER_THAN_COLD_START,
            "its routers hold requests for 60 s, and the first replica takes 120 s to start",
        ),
        (
            USER,
            ScalingPolicy(schedules=(replace(MORNING, min_replicas=9),)),
            LintReason.OUT_OF_BOUNDS,
            "spec.scaling.maxReplicas: 8: schedule morning of policy calm wants at least 9",
        ),
        (
            replace(USER, bounds=ReplicaBounds(least=3, most=8, policy="calm")),
            ScalingPolicy(schedules=(NIGHT,)),
            LintReason.OUT_OF_BOUNDS,
            "spec.scaling.minReplicas: 3: schedule night of policy calm allows at most 2",
        ),
        (
            replace(USER, bounds=ReplicaBounds(least=3, most=8, policy="calm")),
            ScalingPolicy(max_cost_per_hour=Decimal(5)),
            LintReason.OVER_BUDGET,
            "3 replicas at 2 an hour each cost more than the 5 of policy calm; lower it, or raise budget",
        ),
        (
            AT_ZERO,
            replace(SLEEPY, max_cost_per_hour=Decimal(1)),
            LintReason.OVER_BUDGET,
            "1 replica at 2 an hour each costs more than the 1 of policy calm; raise budget.maxCostPerHour to 2 or",
        ),
        (
            AT_ZERO,
            replace(SLEEPY, active=False, max_cost_per_hour=Decimal(1)),
            LintReason.OVER_BUDGET,
            "raise budget.maxCostPerHour to 2 or more: in mode Active requests get 503, as none starts",
        ),
        (
            replace(USER, price_per_hour=None),
            ScalingPolicy(max_cost_per_hour=Decimal(5)),
            LintReason.PRICE_UNKNOWN,
            "the price of its accelerator is not known",
        ),
        (
            replace(USER, engine_queue=10, router_queue=50),
            ScalingPolicy(signals=SignalTargets(queue_per_replica=80)),
            LintReason.NEVER_FIRES,
            "the queue target of 80 a replica is never exceeded: at most 60 can wait for each",
        ),
        (
            USER,
            ScalingPolicy(warm_pool=WarmPool(ready=8)),
            LintReason.OUT_OF_BOUNDS,
            "keeps 8 replicas above those that are needed",
        ),
        (
            USER,
            ScalingPolicy(warm_pool=WarmPool(asleep=1)),
            LintReason.CANNOT_SLEEP,
            "wants 1 asleep, and this engine cannot",
        ),
    ],
)
def test_a_policy_and_who_names_it_do_not_match(
    user: PolicyUse, policy: ScalingPolicy, reason: LintReason, words: str
) -> None:
    (one,) = policy_use_lint.policy_use_warnings(user, policy)
    assert one.reason is reason
    assert words in one.sentence


@pytest.mark.parametrize(
    ("user", "policy"),
    [
        (replace(AT_ZERO, held_seconds=300.0), SLEEPY),
        (AT_ZERO, replace(SLEEPY, max_cost_per_hour=Decimal(2))),
        (USER, ScalingPolicy(schedules=(MORNING, NIGHT), max_cost_per_hour=Decimal(5))),
        (replace(USER, engine_queue=10), ScalingPolicy(signals=SignalTargets(queue_per_replica=80))),
        (replace(USER, sleeps=True), ScalingPolicy(warm_pool=WarmPool(ready=1, asleep=1))),
    ],
)
def test_a_policy_that_matches_its_deployment_gets_no_warning(user: PolicyUse, policy: ScalingPolicy) -> None:
    assert list(policy_use_lint.policy_use_warnings(user, policy)) == []
