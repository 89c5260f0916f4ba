"""Fleets of one service: the result of a described fleet, and the fewest replicas that keep the objectives."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from bench.levers.services import Service
from fairlead.backtest import levers, play
from fairlead.backtest.candidate import Candidate
from fairlead.backtest.play import KEPT_GOAL, PlayedCandidate, PlayedTraffic, PlaySettings
from fairlead.cli import offline_data, playable
from fairlead.cli.simulate_inputs import SeededStreams
from fairlead.cluster.documents import YamlDocument
from fairlead.emulator import packaged_data
from fairlead.fleet.policies import Objectives, ReplicaBounds, ScalingPolicy
from fairlead.fleet.randomness import RandomSource
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet.cold_starts import FixedColdStarts

MOST: Final = 64
"""Replicas; fleets that need more are not shown."""
COLD_START_S: Final = 110.0
_CONTEXT: Final = offline_data.offline_knowledge()
_PACKAGED: Final = packaged_data.load(None)


class CannotServe(Exception):
    """A change that admission refuses, or with which no number of replicas suffices."""


def candidate(naive: dict[str, Any], words: tuple[str, ...]) -> Candidate:
    """The naive deployment with levers applied in order; raises `CannotServe` with the reason."""
    content: dict[str, Any] = naive
    pulled = [levers.read(word) for word in words]
    for one in pulled:
        content = one.applied(content)
    candidate = playable.read(YamlDocument(place="service", content=content), _CONTEXT, _PACKAGED)
    if not isinstance(candidate, Candidate):
        raise CannotServe(candidate.because)
    for one in pulled:
        for change in one.changes:
            candidate = change(candidate)
    return replace(candidate, what_if=", ".join(words))


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One fleet and its result."""

    replicas: float
    """The mean, if they follow the load."""
    gpus: int
    usd_an_hour: float
    ttft_p95: float
    tpot_p95: float
    e2e_p95: float
    kept: float
    cached: float


class Fleets:
    """All runs of one service; the same fleet runs only once."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._cached: dict[tuple[object, ...], Played] = {}

    def fixed(self, one: Candidate, replicas: int, part: float | None = None, *, small: bool = False) -> Played:
        """Run a constant number of replicas, optionally on a part of the requests: the small ones or the rest."""
        return self._played(one.fixed(replicas), part, small=small)

    def scaled(self, one: Candidate, fixed: int) -> Played:
        """Run with autoscaling, starting with as many replicas as the fixed fleet."""
        goals = self.service.objectives
        policy = ScalingPolicy(
            objectives=Objectives(ttft_p95_seconds=goals.ttft_p95_s, tpot_p95_seconds=goals.tpot_p95_s)
        )
        bounds = ReplicaBounds(least=1, most=min(2 * fixed, MOST))
        return self._played(replace(one, replicas=bounds, policy=policy), None, small=False, start=fixed)

    def fewest(
        self, one: Candidate, guess: int, part: float | None = None, *, small: bool = False
    ) -> tuple[int, Played]:
        """The fewest that keep the objectives for all but a twentieth of the requests."""
        low, high, step = 0, min(max(guess, 1), MOST), 1
        while not self._keeps(one, high, part, small=small):
            if high == MOST:
                raise CannotServe(f"{MOST} replicas do not keep the objectives")
            low, high, step = high, min(high + step, MOST), step * 2
        while high - low > 1:
            middle = max(high - step, low + 1) if low == 0 else (low + high) // 2
            if self._keeps(one, middle, part, small=small):
                high = middle
            else:
                low = middle
            step *= 2
        return high, self.fixed(one, high, part, small=small)

    def _keeps(self, one: Candidate, replicas: int, part: float | None, *, small: bool) -> bool:
        return self.fixed(one, replicas, part, small=small).kept >= KEPT_GOAL

    def _played(self, one: Candidate, part: float | None, *, small: bool, start: int = 1) -> Played:
        fleet = one.what_if, one.replicas, part, small
        if fleet not in self._cached:
            self._cached[fleet] = self._play(one, part, small=small, start=start)
        return self._cached[fleet]

    def _play(self, one: Candidate, part: float | None, *, small: bool, start: int) -> Played:
        service = self.service
        traffic = service.traffic if part is None else _part(service.traffic, part, small=small)
        settings = PlaySettings(
            streams=SeededStreams(0),
            objectives=service.objectives,
            cold_starts=FixedColdStarts(COLD_START_S),
            start=start,
        )
        return _figures(one, play.play(one, traffic, settings), traffic.seconds)


def _figures(one: Candidate, found: PlayedCandidate, seconds: float) -> Played:
    report = found.report
    assert found.cost is not None
    return Played(
        replicas=found.mean_replicas,
        gpus=one.gpus,
        usd_an_hour=found.cost / (seconds / 3600),
        ttft_p95=report.ttft.p95,
        tpot_p95=report.tpot.p95,
        e2e_p95=report.e2e.p95,
        kept=report.kept,
        cached=report.cached_share,
    )


def _part(traffic: PlayedTraffic, share: float, *, small: bool) -> PlayedTraffic:
    """The requests that go to the small model, or the others; drawn at random, the same in every run."""

    def arrivals(page_tokens: int) -> Iterator[RequestArrival]:
        randomness: RandomSource = SeededStreams(0)("easy")
        for one in traffic.arrivals(page_tokens):
            if (randomness.random() < share) is small:
                yield one

    return replace(traffic, arrivals=arrivals)
