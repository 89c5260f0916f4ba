"""Converts a pod's sample to the figures that a decision reads, and to the sample's problem if it has one.

Only the policy decides how old a sample may be.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from fairlead.autoscaler.samples.sample import PodSample, RouterView
from fairlead.autoscaler.scaling_spec import ScalingSpec
from fairlead.fleet import engine_load
from fairlead.fleet.endpoints import EndpointState
from fairlead.fleet.engine_load import DurationHistogram, EngineLoad
from fairlead.fleet.policies import Objectives, ScalingPolicy
from fairlead.scaling.decide import pod_inventory
from fairlead.scaling.facts import EngineFigures, LatencyTotals, RouterFigures, SampleProblem

FROZEN_SAMPLES: Final = 3
"""Scrapes without progress; one step with a long prompt may take longer than one scrape interval, but not three."""
FROZEN_SHARE: Final = 1 / 3
"""Share of the stale age after which counters count as frozen: such an engine is found before one that does not
answer."""


def pod(
    sample: PodSample[EngineLoad],
    policy: ScalingPolicy,
    now: float,
    busy_since: float | None = None,
    *,
    rests: bool = False,
) -> tuple[EngineFigures | None, SampleProblem | None]:
    """Return one engine's figures and problem. `busy_since`: since when routers have requests in flight there, see
    `busy`; `rests`: whether they have none, which an engine that updates its figures only as requests end does not
    report itself."""
    if sample.figures is None or sample.at is None:
        return None, sample.problem
    load = sample.figures
    if rests and load.moves_at_ends:
        load = replace(load, running=0.0, waiting=0.0)
    return figures(load, sample.at, policy.objectives), _doubt(sample, policy.stale_after_seconds, now, busy_since)


def sized(sample: PodSample[EngineLoad], spec: ScalingSpec, revision: str) -> PodSample[EngineLoad]:
    """Add the tokens that the cache holds where a pod of the spec's revision reports its blocks alone."""
    load, speed = sample.figures, spec.speed
    if load is None or load.capacity_tokens is not None or speed is None or speed.kv_tokens is None:
        return sample
    if revision != spec.revision or load.capacity_blocks is None or load.block_tokens is None:
        return sample
    tokens = engine_load.cache_tokens(load.capacity_blocks * load.block_tokens, speed.kv_tokens)
    return replace(sample, figures=replace(load, capacity_tokens=tokens))


def router(
    sample: PodSample[RouterView], policy: ScalingPolicy, now: float
) -> tuple[RouterFigures | None, SampleProblem | None]:
    """Return one router's figures and problem."""
    if sample.figures is None or sample.at is None:
        return None, sample.problem
    old = pod_inventory.problem_of_age(sample.at, policy.stale_after_seconds, now)
    return sample.figures.figures, sample.problem or old


def because(sample: PodSample[EngineLoad] | PodSample[RouterView], problem: SampleProblem | None) -> str:
    """Return the source's own description of this problem; empty if it was found here, or if there is none."""
    return sample.because if problem is not None and problem is sample.problem else ""


def busy(routers: Iterable[PodSample[RouterView]], name: str) -> float | None:
    """Return since when every scrape of some router found requests in flight at this pod."""
    seen = (one.figures.endpoints.get(name) for one in routers if one.figures is not None and one.problem is None)
    return min((one.busy_since for one in seen if one is not None and one.busy_since is not None), default=None)


def at_rest(routers: Iterable[PodSample[RouterView]], name: str) -> bool:
    """Return whether every router is known, and those that report this pod have no request in flight there."""
    samples = list(routers)
    views = [one.figures for one in samples if one.figures is not None and one.problem is None]
    seen = [one.endpoints[name] for one in views if name in one.endpoints]
    return len(views) == len(samples) and bool(seen) and all(one.busy_since is None for one in seen)


def taken_out(routers: Iterable[PodSample[RouterView]], name: str) -> str:
    """Return why all routers that report this pod have ejected it; empty if one has not, or none reports it."""
    views = [one.figures for one in routers if one.figures is not None and one.problem is None]
    seen = [one.endpoints[name] for one in views if name in one.endpoints]
    if not seen or any(one.state is not EndpointState.EJECTED for one in seen):
        return ""
    return seen[0].reason or "routers stopped sending to it"


def figures(load: EngineLoad, at: float, objectives: Objectives) -> EngineFigures:
    """Convert one scrape of an engine to the figures that a decision reads."""
    return EngineFigures(
        at=at,
        running=load.running,
        waiting=load.waiting,
        kv_usage=load.kv_usage,
        kv_tokens=_kv_tokens(load),
        prompt_tokens=load.prompt_tokens,
        cached_tokens=_cached_tokens(load),
        output_tokens=load.generation_tokens,
        finished=load.finished,
        preemptions=load.preemptions,
        steps=load.steps,
        drafts=load.drafts,
        draft_tokens=load.draft_tokens,
        accepted_tokens=load.accepted_tokens,
        first_token=_latency(load.time_to_first_token, objectives.ttft_p95_seconds),
        per_token=_latency(load.inter_token, objectives.tpot_p95_seconds),
        request_pace=_latency(load.request_pace, objectives.tpot_p95_seconds),
    )


def count_within(durations: DurationHistogram, seconds: float) -> float:
    """Count durations of at most that length, interpolated within a bucket; none beyond the last finite bound."""
    bounds = durations.buckets
    upper = bisect_left(bounds, seconds, key=lambda one: one[0])
    if bounds[upper][0] == seconds:
        return bounds[upper][1]
    low_bound, low = bounds[upper - 1] if upper else (0.0, 0.0)
    high_bound, high = bounds[upper]
    if upper == len(bounds) - 1:
        return low
    return low + (high - low) * (seconds - low_bound) / (high_bound - low_bound)


def _doubt(
    sample: PodSample[EngineLoad], stale_after: float, now: float, busy_since: float | None
) -> SampleProblem | None:
    if sample.problem is not None:
        return sample.problem
    assert sample.figures is not None
    assert sample.at is not None
    if (old := pod_inventory.problem_of_age(sample.at, stale_after, now)) is not None:
        return old
    if sample.unmoved_since is None or sample.unmoved_scrapes < FROZEN_SAMPLES:
        return None
    has_work = bool(sample.figures.running or sample.figures.waiting)
    since = sample.unmoved_since if has_work else None if busy_since is None else max(busy_since, sample.unmoved_since)
    return SampleProblem.FROZEN if since is not None and now - since > stale_after * FROZEN_SHARE else None


def _latency(durations: DurationHistogram | None, objective: float | None) -> LatencyTotals | None:
    if durations is None:
        return None
    within = None if objective is None else count_within(durations, objective)
    return LatencyTotals(count=durations.count, total=durations.total, kept=within)


def _cached_tokens(load: EngineLoad) -> float | None:
    """Return the tokens that were not computed, wherever they were; None if the engine does not count its cache's."""
    return None if load.prefix_hits is None else load.prefix_hits + (load.loaded or 0.0)


def _kv_tokens(load: EngineLoad) -> float | None:
    if load.capacity_tokens is not None:
        return float(load.capacity_tokens)
    if load.capacity_blocks is None or load.block_tokens is None:
        return None
    return float(load.capacity_blocks * load.block_tokens)
