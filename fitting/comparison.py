"""Runs a recorded run's requests on the simulated engine, and compares the two. Deterministic; adjusts nothing."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from fairlead.fleet.randomness import RandomSource
from fairlead.simulator.engine.batch import StepTimes
from fairlead.simulator.engine.core import EngineCore
from fairlead.simulator.engine.requests import EngineRequest
from fairlead.simulator.engine.settings import EngineSettings
from fitting.recorded_runs import RecordedRequest, Recording


@dataclass(frozen=True, slots=True)
class SimulatedReplay:
    """A recorded run as the simulator reproduced it."""

    recording: Recording
    requests: tuple[EngineRequest, ...]
    timeline: tuple[tuple[int, float], ...]
    """Waiting requests and KV cache usage, at the end of each second."""
    preemptions: int


@dataclass(frozen=True, slots=True)
class ReplayDistance:
    """Signed relative errors of means; KV cache usage in percentage points."""

    ttft: float
    tpot: float
    latency: float
    waiting_correlation: float
    usage_points: float | None
    """None if the run did not record it."""

    @property
    def worst(self) -> float:
        """The largest error of a mean."""
        return max(abs(self.ttft), abs(self.tpot), abs(self.latency))

    def __str__(self) -> str:
        usage = "not recorded" if self.usage_points is None else f"{self.usage_points:.1f} points"
        return (
            f"TTFT {self.ttft:+.1%}, TPOT {self.tpot:+.1%}, E2E {self.latency:+.1%}, "
            f"waiting correlation {self.waiting_correlation:.4f}, KV mean error {usage}"
        )


def replay(
    recording: Recording, settings: EngineSettings, times: StepTimes, randomness: RandomSource
) -> SimulatedReplay:
    """Send the recorded requests at their recorded times."""
    core = EngineCore(settings, times, randomness)
    requests = tuple(one.engine_request(serial) for serial, one in enumerate(recording.answered))
    arrivals = sorted(requests, key=lambda request: (request.arrived, request.serial))
    timeline: list[tuple[int, float]] = []
    now = 0.0
    for request in arrivals:
        now = _tick(core, timeline, now, request.arrived)
        refused = core.add(request)
        if refused is not None:
            raise ValueError(f"request {request.serial} is refused ({refused}); its run had other limits than these")
    while core.running or core.waiting:
        now = _tick(core, timeline, now, float(len(timeline) + 1))
    return SimulatedReplay(recording, requests, tuple(timeline), core.counts.preemptions)


def _tick(core: EngineCore, timeline: list[tuple[int, float]], now: float, until: float) -> float:
    """Advance to a time, and sample the engine at each full second on the way."""
    while len(timeline) + 1 <= until:
        now = core.advance(now, float(len(timeline) + 1), stopping=False).now
        timeline.append((core.waiting, core.usage))
    return core.advance(now, until, stopping=False).now


def distance(replayed: SimulatedReplay) -> ReplayDistance:
    """How far the simulated run is from the recorded one."""
    real = replayed.recording.answered
    mine = [_recorded_answer(one) for one in replayed.requests]
    seconds = replayed.recording.seconds
    length = max(len(seconds), len(replayed.timeline))
    waiting = _padded([second.waiting for second in seconds], length)
    usage = _padded([second.usage for second in seconds], length)
    my_waiting = _padded([waiting for waiting, _ in replayed.timeline], length)
    my_usage = _padded([usage for _, usage in replayed.timeline], length)
    return ReplayDistance(
        ttft=_error([one.ttft for one in mine], [one.ttft for one in real]),
        tpot=_error([one.tpot for one in mine], [one.tpot for one in real]),
        latency=_error([one.latency for one in mine], [one.latency for one in real]),
        waiting_correlation=_correlation(waiting, my_waiting),
        usage_points=_usage_points(usage, my_usage) if any(usage) else None,
    )


def _recorded_answer(request: EngineRequest) -> RecordedRequest:
    if request.first_token is None or request.ended is None:
        raise AssertionError(f"request {request.serial} has not ended")
    return RecordedRequest(
        prompt_tokens=request.prompt_tokens,
        output_tokens=request.output_tokens,
        arrived=request.arrived,
        first_token=request.first_token,
        last_token=request.ended,
        prefix=request.prefix,
    )


def _error(mine: Sequence[float], real: Sequence[float]) -> float:
    return statistics.fmean(mine) / statistics.fmean(real) - 1


def _usage_points(one: Sequence[float], other: Sequence[float]) -> float:
    return 100 * statistics.fmean(abs(a - b) for a, b in zip(one, other, strict=True))


def _correlation(one: Sequence[float], other: Sequence[float]) -> float:
    """The correlation; if one of the queues never changes, 1 if both are equal, else 0."""
    if len(set(one)) < 2 or len(set(other)) < 2:
        return float(one == other)
    return statistics.correlation(one, other)


def _padded(values: Sequence[float], length: int) -> list[float]:
    """The values, followed by zeros: after its end a run has neither queue nor cache usage."""
    return [*values, *[0.0] * (length - len(values))]
