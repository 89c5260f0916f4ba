"""The fleets and traffic for evaluating prefix routing, each with a half to tune on and a half to report.

`mooncake`: the Mooncake synthetic trace (512-token blocks), at four times its speed, on eight Llama-3.1-8B with an FP8
KV cache on one H100 each: 952,032 tokens measured (kv-capacity.csv, row 31). Its second half is reported, its first
half simulated before it, so that caches are warm.
`claude`: recorded Claude Code sessions (64-token blocks), started by a seed, tools and system prompt shared where their
lengths are equal, on eight Qwen2.5-7B on one H100 each: 1,096,000 tokens measured (row 75); its sibling of the same
shape reads a million tokens. Every other session is reported; the ones between were for tuning.
Loads keep an engine's batch filled nine tenths (Mooncake) and seven tenths (sessions) of the time, and a prompt
uncomputed half and a tenth of it, as the table shows: sessions' prompts are mostly cached.
"""

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from importlib import resources
from math import inf
from typing import Any, Final, Protocol

from bench import sessions
from bench.measured_spans import MeasuredSpans
from bench.simulated_fleets import streams, traces
from fairlead.cluster import package_data
from fairlead.engines.vllm.memory import CURRENT
from fairlead.routing.endpoint import EndpointSample
from fairlead.simulator.engine.core import EngineCore
from fairlead.simulator.engine.settings import EngineSettings
from fairlead.simulator.timing import catalogue, fitted_sets
from fairlead.simulator.timing.catalogue import RatesUnknown
from fairlead.simulator.timing.step_times import PhysicalStepTimes
from fairlead.simulator.traffic import request_traces
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet.balancers import Balancer
from fairlead.simulator.virtual_fleet.replica import ReplicaEngines
from fairlead.simulator.virtual_fleet.replicas import SimulatedFleet
from fairlead.simulator.virtual_fleet.run_statistics import RunStatistics
from fairlead.simulator.virtual_fleet.simulation import FleetSimulation
from fairlead.sizing.sizing_input import SizingInput

ENGINES: Final = 8
BLOCK_TOKENS: Final = 128
"""As a router counts prompts: 512 bytes at four bytes a token; a Mooncake block counts as one of these."""
MOONCAKE_SPEED: Final = 4.0
MOONCAKE_HALF: Final = 1996
SESSION_GAP_S: Final = 9.0
LONGEST: Final = 250_000
"""Sessions with a longer prompt are left out: one alone would fill a quarter of an engine's cache."""
SESSIONS: Final = 160
SECONDS: Final = 3000.0
WARM: Final = 0.25
LATER_S: Final = 0.02
"""Arrivals that differ by less are the same traffic to a client, and another course of events to a fleet."""


class Engines(Protocol):
    """What a balancer may read of its engines."""

    def figures(self, ordinal: int, now: float) -> EndpointSample | None:
        """The sample that its metrics would give."""

    def engine(self, ordinal: int) -> EngineCore:
        """The engine itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One traffic on one fleet."""

    name: str
    words: str
    shape: str
    kv_tokens: int
    page_tokens: int
    context: int
    block_pages: int
    arrivals: Callable[[], Iterator[RequestArrival]]
    since: float
    until: float = inf


@dataclass(slots=True)
class Lived:
    """The result of one run."""

    statistics: RunStatistics
    busy: float
    """Share of the time in which an engine had a running batch, as seen by arrivals."""
    reading: float
    """The same for prompts without a first token, which decide the time to first token."""

    @property
    def hits(self) -> float:
        """Share of prompt tokens found in a cache."""
        return hits(self.statistics)


def hits(statistics: RunStatistics) -> float:
    """Share of prompt tokens found in a cache."""
    return statistics.counts.cached_tokens / max(statistics.counts.prompt_tokens, 1)


def p95(statistics: RunStatistics) -> float:
    """Of time to first token."""
    return statistics.ttft.percentile(0.95)


class WatchedEngines:
    """The engines of one run, and the facts that balancers read of them."""

    def __init__(self, trial: Trial) -> None:
        self._cores: dict[int, EngineCore] = {}
        self._settings = EngineSettings(
            blocks=trial.kv_tokens // trial.page_tokens,
            block_tokens=trial.page_tokens,
            batch_tokens=8192,
            max_sequences=1024,
            context_tokens=trial.context,
        )
        self._times = step_times(trial.shape)

    def fleet(self) -> SimulatedFleet:
        """All engines."""
        return SimulatedFleet(inside=self._inside, replicas=ENGINES, snapshot_s=60.0)

    def _inside(self, ordinal: int) -> ReplicaEngines:
        core = self._cores[ordinal] = EngineCore(self._settings, self._times, streams(f"engine/{ordinal}"))
        return ReplicaEngines((core,))

    def figures(self, ordinal: int, now: float) -> EndpointSample | None:
        """The sample that `/metrics` would give."""
        core = self._cores[ordinal]
        return EndpointSample(at=now, running=core.running, waiting=core.waiting, kv_usage=core.usage)

    def engine(self, ordinal: int) -> EngineCore:
        """The engine itself, for the clairvoyant."""
        return self._cores[ordinal]

    @property
    def busy(self) -> float:
        """Share of engines with a batch now."""
        return sum(1 for core in self._cores.values() if core.running) / ENGINES

    @property
    def reading(self) -> float:
        """Share of engines with an uncomputed prompt now."""
        return sum(1 for core in self._cores.values() if core.unfinished_prompts) / ENGINES


class Watched:
    """Arrivals, and how busy they find the fleet."""

    def __init__(self, engines: WatchedEngines, since: float) -> None:
        self._engines = engines
        self._since = since
        self._seen = 0
        self._busy = 0.0
        self._reading = 0.0

    def each(self, arrivals: Iterator[RequestArrival]) -> Iterator[RequestArrival]:
        """Pass on and count; sessions' later requests do not come here, but first ones are random too."""
        for arrival in arrivals:
            if arrival.time >= self._since:
                self._seen += 1
                self._busy += self._engines.busy
                self._reading += self._engines.reading
            yield arrival

    @property
    def busy(self) -> float:
        """The mean."""
        return self._busy / max(self._seen, 1)

    @property
    def reading(self) -> float:
        """The mean."""
        return self._reading / max(self._seen, 1)


def lived(trial: Trial, make: Callable[[Engines], Balancer]) -> Lived:
    """Run once, from empty caches."""
    statistics = RunStatistics(since=trial.since, until=trial.until)
    watched = play(trial, make, statistics)
    return Lived(statistics, watched.busy, watched.reading)


def play(trial: Trial, make: Callable[[Engines], Balancer], *statistics: RunStatistics) -> Watched:
    """Run once, from empty caches, for several spans of time at once."""
    engines = WatchedEngines(trial)
    watched = Watched(engines, trial.since)
    world = FleetSimulation(engines.fleet(), make(engines), streams("world"), MeasuredSpans(statistics))
    world.run(watched.each(trial.arrivals()), trial.until)
    return watched


def later(trial: Trial, number: int) -> Trial:
    """The same traffic with other moments: each arrival up to 20 ms later; number 0 is as recorded."""
    randomness = streams(f"later/{number}")

    def arrivals() -> Iterator[RequestArrival]:
        waiting: list[tuple[float, int, RequestArrival]] = []
        for place, one in enumerate(trial.arrivals()):
            while waiting and waiting[0][0] <= one.time:
                yield heappop(waiting)[2]
            moved = replace(one, time=one.time + LATER_S * randomness.random())
            heappush(waiting, (moved.time, place, moved))
        while waiting:
            yield heappop(waiting)[2]

    return replace(trial, arrivals=arrivals) if number else trial


def step_times(shape: str) -> PhysicalStepTimes:
    """The catalogue's step times for an H100."""
    context = package_data.load_catalogue()
    sizing = SizingInput(
        release=CURRENT,
        shape=context.shapes[shape],
        accelerator=context.accelerators["NVIDIA-H100-80GB-HBM3"],
        context=32_768,
    )
    text = (resources.files("fairlead.simulator") / "data" / fitted_sets.FILE).read_text(encoding="utf-8")
    found = catalogue.step_times(sizing, fitted_sets.read(text))
    if isinstance(found, RatesUnknown):
        raise SystemExit(str(found))
    return found


def mooncake(*, tuning: bool, seconds: float = inf) -> Trial:
    """For tuning the first half alone; for reporting both, of which the second is reported."""
    with gzip.open(traces() / "mooncake-synthetic.jsonl.gz", "rt", encoding="utf-8") as text:
        lines = text.readlines()
    half = json.loads(lines[MOONCAKE_HALF])["timestamp"] / 1000 / MOONCAKE_SPEED
    lines = lines[:MOONCAKE_HALF] if tuning else lines

    def arrivals() -> Iterator[RequestArrival]:
        for one in request_traces.mooncake(lines, 16):
            yield replace(one, time=one.time / MOONCAKE_SPEED)

    return Trial(
        name="mooncake",
        words="8 x Llama-3.1-8B, H100, FP8 KV of 952,032 tokens; Mooncake synthetic x4",
        shape="meta-llama/Llama-3.1-8B-Instruct",
        kv_tokens=952_032,
        page_tokens=16,
        context=131_072,
        block_pages=request_traces.MOONCAKE_BLOCK // 16,
        arrivals=arrivals,
        since=0.0 if tuning else half,
        until=seconds if seconds < half else inf,
    )


def claude(*, tuning: bool, seconds: float = SECONDS, most: int = SESSIONS) -> Trial:
    """For tuning sessions at even positions, for reporting those between."""
    with gzip.open(traces() / "claude-code-sessions-even.jsonl.gz", "rt", encoding="utf-8") as text:
        lines = text.readlines()[0 if tuning else 1 :: 2]
    randomness = streams("sessions")
    lines = sorted((line for line in lines if _longest(json.loads(line)) < LONGEST), key=lambda _: randomness.random())

    def arrivals() -> Iterator[RequestArrival]:
        yield from sessions.claude_code(lines[:most], _starts(), sessions.CLAUDE_BLOCK, share_system=True)

    return Trial(
        name="claude",
        words="8 x Qwen2.5-7B, H100, KV of 1,096,000 tokens; Claude Code sessions, one each 9 s on average",
        shape="Qwen/Qwen2.5-7B-Instruct",
        kv_tokens=1_096_000,
        page_tokens=sessions.CLAUDE_BLOCK,
        context=2**20,
        block_pages=BLOCK_TOKENS // sessions.CLAUDE_BLOCK,
        arrivals=arrivals,
        since=seconds * WARM,
        until=seconds,
    )


def _starts() -> Iterator[float]:
    randomness, at = streams("starts"), 0.0
    while True:
        yield at
        at += randomness.expovariate(1 / SESSION_GAP_S)


def _longest(session: dict[str, Any]) -> int:
    return max((_size(one) for one in session["requests"]), default=0)


def _size(request: dict[str, Any]) -> int:
    return _longest(request) if request["type"] == "subagent" else int(request["in"]) + int(request["out"])
