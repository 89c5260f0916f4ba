"""Two sources, one run, one policy: both are decided from each second, and the decisions are compared afterwards."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.autoscaler_sources.world import (
    ENGINE_TARGETS,
    HOST,
    PROMETHEUS,
    ROUTER_TARGET,
    SCRAPE_SECONDS,
    TARGETS,
    Load,
    put,
    world,
)
from fairlead.autoscaler.samples import pod_figures
from fairlead.autoscaler.samples.prometheus import PrometheusSampleSource
from fairlead.autoscaler.samples.prometheus_api import PrometheusServer
from fairlead.autoscaler.samples.query_turns import QueryTurns
from fairlead.autoscaler.samples.sample_source import SampleSource
from fairlead.autoscaler.samples.scraper import Scraper
from fairlead.fleet.policies import ColdStart, Objectives, ReplicaBounds, ScalingPace, ScalingPolicy, SignalTargets
from fairlead.scaling.decide import recommender
from fairlead.scaling.decide.scaling_state import ScalingState
from fairlead.scaling.facts import EnginePod, EnginePodPhase, RouterPod, SampleProblem, ScalingFacts

DECIDE_SECONDS: Final = 1.0
POLL_SECONDS: Final = 0.5
LATEST_SECONDS: Final = SCRAPE_SECONDS + POLL_SECONDS + DECIDE_SECONDS
"""One scrape, one poll of it, and one decision."""
POLICY: Final = ScalingPolicy(
    objectives=Objectives(ttft_p95_seconds=1.0),
    signals=SignalTargets(queue_per_replica=2, kv_target=None, token_headroom=None),
    pace=ScalingPace(down_after_seconds=10.0),
    cold_start=ColdStart(assume_seconds=20.0, learn=False),
    stale_after_seconds=15.0,
)
BOUNDS: Final = ReplicaBounds(least=1, most=6)
LOADS: Final = (Load(clients=4, seconds=12), Load(clients=80, seconds=25), Load(clients=4, seconds=25))


@dataclass(slots=True)
class Side:
    """One source and the decisions made from it."""

    source: SampleSource
    began: float
    memory: ScalingState = field(default_factory=ScalingState)
    wanted: int = len(ENGINE_TARGETS)
    changes: list[tuple[float, int]] = field(default_factory=list)
    doubts: list[SampleProblem] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    def decide(self, now: float) -> None:
        """Decide as the loop does."""
        facts = self._facts(now)
        self.doubts += [one.problem for one in facts.pods if one.problem is not None]
        self.doubts += [one.problem for one in facts.routers if one.problem is not None]
        recommendation, self.memory = recommender.recommend(facts, self.memory, now)
        self.answers.append(recommendation.replicas)
        if recommendation.replicas != self.wanted:
            self.wanted = recommendation.replicas
            self.changes.append((now - self.began, recommendation.replicas))

    def _facts(self, now: float) -> ScalingFacts:
        figures, problem = pod_figures.router(self.source.router(ROUTER_TARGET.uid), POLICY, now)
        return ScalingFacts(
            revision="one",
            bounds=BOUNDS,
            policy=POLICY,
            wanted=self.wanted,
            pods=tuple(self._pod(one.uid, now) for one in ENGINE_TARGETS),
            routers=(RouterPod(name=ROUTER_TARGET.name, figures=figures, problem=problem),),
        )

    def _pod(self, uid: str, now: float) -> EnginePod:
        figures, problem = pod_figures.pod(self.source.engine(uid), POLICY, now)
        since = self.began - 60
        return EnginePod(
            name=uid,
            revision="one",
            phase=EnginePodPhase.READY,
            since=since,
            ready_at=since,
            figures=figures,
            problem=problem,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Both sides of one run."""

    direct: Sequence[tuple[float, int]]
    prometheus: Sequence[tuple[float, int]]
    doubts: int
    """Reads without an answer, on a machine that everything here shares; reported, but no fault of a decision."""
    answered: int

    answers: Sequence[tuple[int, int]]
    """Of both sides, one pair each second."""

    @property
    def apart_seconds(self) -> float:
        """By how many seconds, at most, one side was ahead of the other.

        A scale-up may show as one step or two: an answer between the other's lowest and highest then counts as equal.
        """
        return next(
            (ticks * DECIDE_SECONDS for ticks in range(len(self.answers)) if _within(self.answers, ticks)),
            len(self.answers) * DECIDE_SECONDS,
        )

    @property
    def kept(self) -> bool:
        """Whether the promise is kept; a run without decisions proves nothing."""
        decided = min(len(self.direct), len(self.prometheus)) >= 2
        return decided and self.apart_seconds <= LATEST_SECONDS


def _within(answers: Sequence[tuple[int, int]], ticks: int) -> bool:
    """Whether answers agree within `ticks`; the last ones count as neighbours only."""
    for place in range(ticks, len(answers) - ticks):
        one, other = answers[place]
        near = answers[place - ticks : place + ticks + 1]
        ones, others = [pair[0] for pair in near], [pair[1] for pair in near]
        if not (min(others) <= one <= max(others) and min(ones) <= other <= max(ones)):
            return False
    return True


async def compare(folder: Path, loads: Sequence[Load] = LOADS) -> Found:
    """Run once and compare the decisions."""
    async with world(folder):
        sources: tuple[SampleSource, ...] = (
            Scraper(),
            PrometheusSampleSource(PrometheusServer(url=f"http://{HOST}:{PROMETHEUS}"), QueryTurns(), POLL_SECONDS),
        )
        for source in sources:
            source.start()
            source.follow(TARGETS)
        await _until_listed(sources)
        sides = [Side(source, time.time()) for source in sources]
        deciding = asyncio.create_task(_decide(sides))
        answered = 0
        for load in loads:
            answered += await put(load)
        deciding.cancel()
        await asyncio.gather(deciding, return_exceptions=True)
        for source in sources:
            await source.close()
    return Found(
        direct=sides[0].changes,
        prometheus=sides[1].changes,
        answers=list(zip(sides[0].answers, sides[1].answers, strict=False)),
        doubts=sum(len(side.doubts) for side in sides),
        answered=answered,
    )


async def _until_listed(sources: Sequence[SampleSource]) -> None:
    """Wait until both know all pods."""
    async with asyncio.timeout(30):
        while any(source.router(ROUTER_TARGET.uid).problem for source in sources) or any(  # noqa: ASYNC110 - a process
            source.engine(one.uid).problem for source in sources for one in ENGINE_TARGETS
        ):
            await asyncio.sleep(0.1)


async def _decide(sides: Sequence[Side]) -> None:
    while True:
        now = time.time()
        for side in sides:
            side.decide(now)
        await asyncio.sleep(DECIDE_SECONDS)
