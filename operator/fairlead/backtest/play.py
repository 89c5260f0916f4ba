"""Plays one candidate on one traffic: its own policy scales its replicas, and routers choose as ours do.

By default requests wait in routers only while no replica is ready, otherwise in engines; the routers' own queue is
played on request (`backtest.queued_play`), tenants' limits and the response cache never.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import inf
from typing import Final

from fairlead.backtest import play_notes
from fairlead.backtest.cached_answers import CachedAnswers
from fairlead.backtest.candidate import Candidate
from fairlead.backtest.cut_statistics import CutStatistics, MissedTooMany
from fairlead.backtest.decision_log import DecisionLog, PlayedDecision
from fairlead.backtest.played_engines import PlayedEngines
from fairlead.backtest.queued_play import QueuedPlay
from fairlead.backtest.window import Window
from fairlead.fleet.accelerators import replica_price
from fairlead.fleet.capacity_plan import LatencyObjectives
from fairlead.fleet.policies import ReplicaBounds
from fairlead.fleet.randomness import RandomSource
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet import report, simulated_autoscaler
from fairlead.simulator.virtual_fleet.cold_starts import ColdStartDistribution, FixedColdStarts
from fairlead.simulator.virtual_fleet.replicas import ScalingHook, SimulatedFleet
from fairlead.simulator.virtual_fleet.report import SimulationReport
from fairlead.simulator.virtual_fleet.simulated_autoscaler import ScaledDeployment, SimulatedAutoscaler
from fairlead.simulator.virtual_fleet.simulation import FleetSimulation

DECIDES_EVERY_SECONDS: Final = 5.0
"""The product decides each second; every fifth is enough to compare policies, at a fifth of the cost."""
AS_THE_PRODUCT_SECONDS: Final = 1.0
"""To reproduce a recorded run: five times as many decisions see more peaks, which are then held."""
SCRAPE_AGE_SECONDS: Final = 1.0
SNAPSHOT_SECONDS: Final = 60.0
LAST_ANSWERS_SECONDS: Final = 600.0
"""Time played after the last request, for its answer; what is not answered then counts as unanswered."""
BATCH_SECONDS: Final = 86_400.0
"""OpenAI's limit for a batch: traffic that arrives all at once is played for at most this long."""
KEPT_GOAL: Final = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaySettings:
    """The common settings of one comparison's candidates."""

    streams: Callable[[str], RandomSource]
    """Random sources by name: the same names draw the same."""
    objectives: LatencyObjectives = LatencyObjectives()
    """Objectives to judge by; where None, the candidate's policy's."""
    cold_starts: ColdStartDistribution | None = None
    """None: as long as the candidate's policy assumes."""
    start: int | None = None
    """Replicas that are ready at first; None: as few as the candidate may have, but at least one."""
    recorded: bool = False
    """Whether `start` was counted in a recording, which shows no idle ones, rather than chosen."""
    progress: Callable[[float], None] = lambda _: None
    """Called with the seconds played, once for each minute of them."""
    snapshot_s: float = SNAPSHOT_SECONDS
    """Seconds between two rows of gauges, which change nothing else."""
    queued: bool = False
    """Whether requests that do not fit engines wait in the routers' own queue, as in the product."""
    may_miss: float = inf
    """Once more requests than this missed their objectives, the rest is not played."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedCandidate:
    """The result of a play."""

    name: str
    objectives: LatencyObjectives
    report: SimulationReport
    worst: Window | None
    max_replicas: int
    mean_replicas: float
    cost: float | None
    """USD while the traffic lasts; None: no price is known."""
    decisions: tuple[PlayedDecision, ...]
    notes: tuple[str, ...]
    cut: bool = False
    """Whether so many requests missed their objectives that the rest was not played."""
    late_cost: float = 0.0
    """USD from the last request to the last answer, which are part of what answers cost; 0 if no price is known."""

    engine_tokens: int = 0
    """Output tokens of all answers of engines."""
    cached: int = 0
    """Requests that a response cache answered, which are in no figure but the two costs below."""
    cached_tokens: int = 0
    """Output tokens of these."""

    @property
    def answered_tokens(self) -> int:
        """Output tokens that clients got, from engines or a response cache."""
        return self.engine_tokens + self.cached_tokens

    @property
    def kept_requests(self) -> int:
        """Requests that were answered within the objectives, by engines or a response cache."""
        return round(self.report.kept * self.report.arrived) + self.cached

    @property
    def cost_of_answers(self) -> float | None:
        """USD until the last answer."""
        return None if self.cost is None else self.cost + self.late_cost

    @property
    def keeps(self) -> bool:
        """Whether enough of its requests were answered within the objectives."""
        return self.report.kept >= KEPT_GOAL

    @property
    def cost_of_thousand_tokens(self) -> float | None:
        """USD for each thousand output tokens."""
        tokens, cost = self.answered_tokens, self.cost_of_answers
        return None if cost is None or not tokens else 1000 * cost / tokens

    @property
    def cost_of_kept_request(self) -> float | None:
        """USD for each request that was answered within the objectives."""
        kept, cost = self.kept_requests, self.cost_of_answers
        return None if cost is None or not kept else cost / kept


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedTraffic:
    """The requests, and how long they last."""

    arrivals: Callable[[int], Iterator[RequestArrival]]
    """Requests in order of time, from 0 seconds on, with prefixes in blocks of this many tokens."""
    seconds: float
    """From the first request to the last."""
    since: float = 0.0
    """Earlier requests are played, but not counted in any figure."""
    at_once: bool = False
    """All requests arrive together: the play lasts until the last answer, and at most a day."""
    began: float | None = None
    """0 seconds as a date, in seconds since the epoch; None: no date is known, and schedules are not played."""

    def sped_up(self, times: float) -> "PlayedTraffic":
        """Return the same requests arriving this many times as fast; dates are lost."""

        def arrivals(block_tokens: int) -> Iterator[RequestArrival]:
            for one in self.arrivals(block_tokens):
                yield replace(one, time=one.time / times)

        seconds, since = self.seconds / times, self.since / times
        return PlayedTraffic(arrivals=arrivals, seconds=seconds, since=since, at_once=self.at_once)


def play(candidate: Candidate, traffic: PlayedTraffic, settings: PlaySettings) -> PlayedCandidate:
    """Play from the first request on; the result depends on nothing but the arguments."""
    objectives = objectives_of(candidate, settings)
    first, queued = _first(candidate, settings), _is_queued(candidate, settings)
    log, inside = DecisionLog(first, traffic.began or 0.0), PlayedEngines(candidate, settings.streams)
    fleet = SimulatedFleet(
        inside=inside.inside,
        replicas=first,
        gpus=candidate.gpus,
        cold_starts=cold_starts_of(candidate, settings),
        scaling=_scaling(candidate, traffic, log, settings),
        snapshot_s=settings.snapshot_s,
    )
    statistics, cut = CutStatistics(objectives, traffic.since, settings.progress, settings.may_miss), False
    randomness, cached = settings.streams("world"), _cached_answers(candidate, traffic, settings)
    if queued:
        world: FleetSimulation = QueuedPlay(fleet, candidate, inside, randomness, statistics)
    else:
        world = FleetSimulation(fleet, inside.balancer(), randomness, statistics)
    try:
        answers = BATCH_SECONDS if traffic.at_once else LAST_ANSWERS_SECONDS
        world.run(_arrivals(candidate, traffic, cached), until=traffic.seconds + answers)
    except MissedTooMany:
        cut = True
    if traffic.at_once:
        traffic = replace(traffic, seconds=world.now if world.totals.left else statistics.e2e.most)
    gpu_seconds, counted = _gpu_seconds(world, traffic), traffic.seconds - traffic.since
    price, answered_s = candidate.price_an_hour, _answered_s(statistics, traffic)
    late_gpu_seconds = _gpu_seconds(world, replace(traffic, seconds=answered_s)) - gpu_seconds
    return PlayedCandidate(
        name=candidate.name,
        objectives=objectives,
        report=report.report(statistics, counted, gpu_seconds),
        worst=statistics.worst(),
        max_replicas=world.replicas.most_ready(traffic.since, traffic.seconds),
        mean_replicas=gpu_seconds / candidate.gpus / counted if counted else float(first),
        cost=None if price is None else gpu_seconds / 3600 * price,
        decisions=tuple(log.found),
        notes=(
            *candidate.notes,
            *play_notes.of_start(
                None if settings.recorded else settings.start,
                first,
                0 if traffic.since or candidate.baseline else log.most_soon(),
            ),
            *play_notes.of(candidate, dated=traffic.began is not None),
            *play_notes.of_end(answered_s - traffic.seconds, counted),
        ),
        cut=cut,
        late_cost=late_gpu_seconds / 3600 * (price or 0.0),
        engine_tokens=statistics.counts.output_tokens,
        cached=cached.requests,
        cached_tokens=cached.output_tokens,
    )


def _is_queued(candidate: Candidate, settings: PlaySettings) -> bool:
    """Whether the routers' queue is played: with a router, and if the product decides."""
    return settings.queued and not candidate.in_turn and candidate.baseline is None


def reaching_engines(candidate: Candidate, traffic: PlayedTraffic, settings: PlaySettings) -> Iterator[RequestArrival]:
    """Yield all requests except those that a response cache answers."""
    return _arrivals(candidate, traffic, _cached_answers(candidate, traffic, settings))


def _cached_answers(candidate: Candidate, traffic: PlayedTraffic, settings: PlaySettings) -> CachedAnswers:
    return CachedAnswers(candidate.answered_elsewhere, settings.streams("responseCache"), traffic.since)


def _arrivals(candidate: Candidate, traffic: PlayedTraffic, cached: CachedAnswers) -> Iterator[RequestArrival]:
    arrivals = traffic.arrivals(candidate.settings.block_tokens)
    return cached.others(arrivals) if cached.share else arrivals


def objectives_of(candidate: Candidate, settings: PlaySettings) -> LatencyObjectives:
    """Return the comparison's objectives, or the policy's where it has none."""
    common, own = settings.objectives, candidate.policy.objectives
    return LatencyObjectives(
        ttft_p95_s=own.ttft_p95_seconds if common.ttft_p95_s is None else common.ttft_p95_s,
        tpot_p95_s=own.tpot_p95_seconds if common.tpot_p95_s is None else common.tpot_p95_s,
    )


def _first(candidate: Candidate, settings: PlaySettings) -> int:
    bounds = candidate.replicas
    if not isinstance(bounds, ReplicaBounds):
        return bounds
    return max(bounds.least, 1) if settings.start is None else min(max(settings.start, bounds.least), bounds.most)


def cold_starts_of(candidate: Candidate, settings: PlaySettings) -> ColdStartDistribution:
    """Return the comparison's cold starts, else the measured ones, else as long as the policy assumes."""
    return settings.cold_starts or candidate.cold_starts or FixedColdStarts(candidate.policy.cold_start.assume_seconds)


def _scaling(
    candidate: Candidate, traffic: PlayedTraffic, log: DecisionLog, settings: PlaySettings
) -> ScalingHook | None:
    """Return the product's own decisions, or a baseline's; None for a fixed number of replicas.

    The policy counts what its own objectives keep, as in the cluster, whatever the comparison judges by.
    """
    bounds = candidate.replicas
    if isinstance(bounds, ReplicaBounds) and candidate.baseline is not None:
        hook = candidate.baseline.make(candidate.baseline.default, bounds)
        return replace(hook, wanted=log.noted(hook.wanted))
    if not isinstance(bounds, ReplicaBounds):
        return None
    policy = candidate.policy
    scaled = ScaledDeployment(
        bounds=bounds,
        policy=policy if traffic.began is not None else replace(policy, schedules=()),
        delay_s=SCRAPE_AGE_SECONDS,
        speed=simulated_autoscaler.assumed_speed(candidate.times, candidate.settings).of_ranks(candidate.ranks),
        began=traffic.began or 0.0,
        price_per_hour=None
        if candidate.price_an_hour is None
        else replica_price(candidate.price_an_hour, candidate.gpus),
    )
    return ScalingHook(
        wanted=SimulatedAutoscaler(scaled, log.take).wanted,
        every_s=AS_THE_PRODUCT_SECONDS if _is_queued(candidate, settings) else DECIDES_EVERY_SECONDS,
        delay_s=SCRAPE_AGE_SECONDS,
        first_s=policy.objectives.ttft_p95_seconds,
        pace_s=policy.objectives.tpot_p95_seconds,
    )


def _answered_s(statistics: CutStatistics, traffic: PlayedTraffic) -> float:
    """Return when the last answer ended; a stretch after others ends with its traffic, as the one before it did."""
    return traffic.seconds if traffic.since else max(statistics.last_end, traffic.seconds)


def _gpu_seconds(world: FleetSimulation, traffic: PlayedTraffic) -> float:
    """Return GPU seconds of the counted traffic."""
    ends = traffic.seconds
    spans = (
        (one.gpus, max(one.wanted_at, traffic.since), ends if one.gone_at is None else min(one.gone_at, ends))
        for one in world.replicas.all
    )
    return sum(gpus * max(until - since, 0.0) for gpus, since, until in spans)
