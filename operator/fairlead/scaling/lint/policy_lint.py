"""Settings of a policy that work, at a cost that is easily overlooked: they get a warning.

`policy_use_lint` reviews it with the deployments that name it, since one policy serves many of them.
"""

from collections.abc import Callable, Iterator
from typing import Final

from fairlead.fleet.findings import SpecWarning
from fairlead.fleet.plurals import count
from fairlead.fleet.policies import ScalingPolicy, ScheduleWindow, SignalTargets
from fairlead.scaling.lint.lint_reasons import LintReason
from fairlead.scaling.lint.schedule_overlap import overlapping

MIN_AGE_S: Final = 3.0
"""A scrape a second, each of which may take two."""
USUAL_SCRAPE_S: Final = 30.0
"""The interval of the chart's monitors: a sample is as old before the next one comes."""


def policy_warnings(policy: ScalingPolicy) -> Iterator[SpecWarning]:
    """Yield settings that work, with consequences that are easily overlooked."""
    for check in CHECKS:
        yield from check(policy)


def _window(policy: ScalingPolicy) -> Iterator[SpecWarning]:
    after, cold = policy.pace.down_after_seconds, policy.cold_start.assume_seconds
    if after < cold:
        yield SpecWarning(
            field="spec.behavior.scaleDown.stabilizationWindowSeconds",
            value=f"{after:g}",
            reason=LintReason.SHORTER_THAN_COLD_START,
            because=f"a replica takes {cold:g} s to come back, so a dip of {after:g} s costs more than it saves",
            remedy=f"write at least {cold:g}, or lower spec.coldStart.assume if starts are faster",
        )


def _steps(policy: ScalingPolicy) -> Iterator[SpecWarning]:
    pace = policy.pace
    if pace.down_max_step > pace.up_max_step and pace.up_max_factor < pace.down_max_step:
        yield SpecWarning(
            field="spec.behavior.scaleDown.maxStep",
            value=str(pace.down_max_step),
            reason=LintReason.OSCILLATES,
            because=f"one step down removes {count(pace.down_max_step, 'replica')} and one step up brings back only "
            f"{pace.up_max_step}, so a wrong step takes several to undo",
            remedy=f"write at most {pace.up_max_step}, or raise spec.behavior.scaleUp.maxStep",
        )


def _alone(policy: ScalingPolicy) -> Iterator[SpecWarning]:
    signals = policy.signals
    if signals.kv_target is not None and signals == SignalTargets(
        queue_per_replica=None, kv_target=signals.kv_target, token_headroom=None
    ):
        yield SpecWarning(
            field="spec.signals.kvCache",
            value=f"{signals.kv_target:g}",
            reason=LintReason.POOR_SIGNAL,
            because="prefix caching keeps the KV cache full while no request runs, and once full it does not reflect "
            "the queue",
            remedy="name queueDepth or tokens beside it, or leave signals out for all three",
        )


def _zero(policy: ScalingPolicy) -> Iterator[SpecWarning]:
    after, cold = policy.zero_after_seconds, policy.cold_start.assume_seconds
    if after is None:
        return
    if after < cold:
        yield SpecWarning(
            field="spec.idle.scaleToZero.after",
            value=f"{after:g}s",
            reason=LintReason.SHORTER_THAN_COLD_START,
            because=f"the first request afterwards waits for a cold start of {cold:g} s, longer than the idle time",
            remedy=f"write at least {cold:g}s",
        )
    if policy.warm_pool.ready:
        yield SpecWarning(
            field="spec.warmPool.ready",
            value=str(policy.warm_pool.ready),
            reason=LintReason.NEVER_AT_ZERO,
            because="spare replicas stay ready when no requests come, so idle.scaleToZero never reaches zero",
            remedy="use warmPool.asleep, or remove one of the two",
        )


def _overlaps(policy: ScalingPolicy) -> Iterator[SpecWarning]:
    for first, second in overlapping(policy.schedules):
        one, other = policy.schedules[first], policy.schedules[second]
        if words := _quarrel(one, other) or _quarrel(other, one):
            yield SpecWarning(
                field=f"spec.schedules[{second}]",
                value=other.name,
                reason=LintReason.SCHEDULES_OVERLAP,
                because=words,
                remedy="move one of them, or write the same number",
            )


def _quarrel(one: ScheduleWindow, other: ScheduleWindow) -> str:
    """Describe what one schedule sets without effect while the other is open too."""
    least, most = one.min_replicas, other.max_replicas
    if least is not None and most is not None and most < least and (one.max_replicas or 0) < least:
        return f"{one.name} wants at least {least} while {other.name} allows at most {most}: the maximum wins"
    for name, mine, theirs in (
        ("minReplicas", one.min_replicas, other.min_replicas),
        ("maxReplicas", one.max_replicas, other.max_replicas),
    ):
        if mine is not None and theirs is not None and mine < theirs:
            return (
                f"{name} {mine} of {one.name} does nothing while {other.name} is open too: the higher {theirs} counts"
            )
    return ""


def _age(policy: ScalingPolicy) -> Iterator[SpecWarning]:
    if policy.stale_after_seconds < MIN_AGE_S:
        yield SpecWarning(
            field="spec.metrics.staleAfter",
            value=f"{policy.stale_after_seconds:g}s",
            reason=LintReason.ALWAYS_STALE,
            because="metrics are read once a second and may take 2 s, so these are nearly always missing, and nothing "
            "shrinks",
            remedy="write several scrape intervals, or leave it out: 30s",
        )
    elif policy.prometheus is not None and policy.stale_after_seconds <= USUAL_SCRAPE_S:
        yield SpecWarning(
            field="spec.metrics.staleAfter",
            value=f"{policy.stale_after_seconds:g}s",
            reason=LintReason.ALWAYS_STALE,
            because=f"where Prometheus scrapes every {USUAL_SCRAPE_S:g} s, as the chart's monitors do, metrics are "
            "missing before each scrape, and nothing shrinks then",
            remedy="write at least 10 s more than its scrape interval, such as 40s",
        )


def _objectives(policy: ScalingPolicy) -> Iterator[SpecWarning]:
    first, further = policy.objectives.ttft_p95_seconds, policy.objectives.tpot_p95_seconds
    if first is not None and further is not None and further > first:
        yield SpecWarning(
            field="spec.objectives.tpotP95",
            value=f"{further:g}s",
            reason=LintReason.SWAPPED,
            because=f"each further token may take longer than the first one ({first:g} s), which no engine does",
            remedy="swap ttftP95 and tpotP95, or write a time per token, such as 60ms",
        )


def _money(policy: ScalingPolicy) -> Iterator[SpecWarning]:
    if policy.max_cost_per_hour == 0:
        then = "so requests get 503" if policy.active else "so in mode Active requests get 503"
        yield SpecWarning(
            field="spec.budget.maxCostPerHour",
            value="0",
            reason=LintReason.OVER_BUDGET,
            because=f"it pays for 0 replicas, whatever minReplicas says, {then} where the price is known",
            remedy="write what an hour may cost, or remove budget; to stop a deployment, set its spec.replicas to 0",
        )


PolicyCheck = Callable[[ScalingPolicy], Iterator[SpecWarning]]
CHECKS: Final[tuple[PolicyCheck, ...]] = (_window, _steps, _alone, _zero, _overlaps, _age, _objectives, _money)
