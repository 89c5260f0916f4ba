"""`python -m bench.router_fairness`: floods, long jobs and batch work with the real dispatcher, on simulated engines.

Four Llama-3.1-8B on one H100 each, FP8 KV of 952,032 tokens measured (kv-capacity.csv, row 31); each runs 64 requests
at once, 2,048 tokens a step, chunked prefill, at most 512 tokens of one prompt in a step while others wait
(`--max-num-seqs 64 --max-num-batched-tokens 2048 --long-prefill-token-threshold 512`). Chat prompts have a median of
600 tokens and replies of 200; one in twenty prompts is longer than 2,400 and one in twenty replies longer than 600.

flood: four tenants of equal weight send alike, then the first sends twenty times as much. Once by weights alone, where
any tenant gets idle capacity: the others lose no tokens to the flood, but wait longer since no engine is idle any more.
And once with a `maxConcurrency` for each, which keeps the idle rest for the others; the claim is checked there.
long: chat, alone and beside jobs of 100,000 tokens, with and without a long lane.
batch: chat that comes in waves, and a batch backlog that never ends.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from bench.prefix_fleets import step_times
from bench.simulated_fleets import streams
from fairlead.fleet.gateways import RoutingSettings, TrafficLimits
from fairlead.fleet.tenants import BatchLaneLimits, LongLaneLimits, Tenant
from fairlead.fleet.traffic import TokenLengths
from fairlead.routing.dispatcher import Dispatcher
from fairlead.routing.dispatcher_config import DispatcherConfig
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.refusal import Refusal
from fairlead.simulator.engine.core import EngineCore
from fairlead.simulator.engine.requests import EngineRequest
from fairlead.simulator.engine.settings import EngineSettings
from fairlead.simulator.traffic import gaps, lengths, rate_profiles
from fairlead.simulator.traffic.arrivals import RequestArrival, joined
from fairlead.simulator.virtual_fleet.observers import FleetSnapshot
from fairlead.simulator.virtual_fleet.queued_simulation import (
    SWEEP_S,
    EngineCapacity,
    QueuedSimulation,
    SimulatedDispatcher,
)
from fairlead.simulator.virtual_fleet.replica import ReplicaEngines, SimulatedReplica
from fairlead.simulator.virtual_fleet.replicas import SimulatedFleet
from fairlead.simulator.virtual_fleet.run_statistics import RunStatistics

SHAPE: Final = "meta-llama/Llama-3.1-8B-Instruct"
ENGINES: Final = 4
SLOTS: Final = 64
KV_TOKENS: Final = 952_032
ENGINE: Final = EngineSettings(
    blocks=KV_TOKENS // 16,
    batch_tokens=2048,
    max_sequences=SLOTS,
    context_tokens=131_072,
    long_prefill_tokens=512,
)
PROMPTS: Final = TokenLengths(p50=600, p95=2400, p99=4300, mean=855)
REPLIES: Final = TokenLengths(p50=200, p95=600, p99=950, mean=250)
NAMES: Final = ("anna", "bert", "cleo", "dora")
RATE: Final = 8.0
"""Chat requests a second of each tenant."""
FLOOD: Final = 20.0
CONCURRENCY: Final = 40
"""`maxConcurrency` of each tenant, with which it gets no more than a quarter of the fleet's tokens."""
SECONDS: Final = 240.0
SINCE: Final = 60.0
"""Requests before it are simulated but not reported."""
MAX_MOVED: Final = 0.10
MAX_MOVED_BY_LONG: Final = 0.20
MIN_OF_IDLE: Final = 0.90
BELOW: Final = 0.70


class Watched:
    """An observer with statistics of each client, and the state of the dispatcher's lanes at each step."""

    def __init__(self, dispatcher: Dispatcher, seconds: float) -> None:
        self._dispatcher = dispatcher
        self._seconds = seconds
        self.statistics: dict[str, RunStatistics] = {}
        self.batch: float = 0.0
        """Concurrency used by batch work, summed over snapshots; likewise below."""
        self.idle: float = 0.0
        """Concurrency open to batch work: below its utilization, and not used by others."""
        self.output: dict[str, int] = {}

    def _statistics_of(self, arrival: RequestArrival) -> RunStatistics:
        return self.statistics.setdefault(arrival.client or "", RunStatistics(since=SINCE, until=self._seconds))

    def arrived(self, arrival: RequestArrival) -> None:
        """Count it."""
        self._statistics_of(arrival).arrived(arrival)

    def refused(self, arrival: RequestArrival, because: str) -> None:
        """Count it."""
        self._statistics_of(arrival).refused(arrival, because)

    def ended(self, arrival: RequestArrival, request: EngineRequest, replica: SimulatedReplica) -> None:
        """Count it for its client; tokens count when written, whenever the request arrived."""
        self._statistics_of(arrival).ended(arrival, request, replica)
        if request.ended is not None and request.ended >= SINCE:
            name = arrival.client or ""
            self.output[name] = self.output.get(name, 0) + arrival.prompt_tokens + request.emitted

    def left(self, arrival: RequestArrival, request: EngineRequest | None) -> None:
        """Count it."""
        self._statistics_of(arrival).left(arrival, request)

    def snapshot_taken(self, snapshot: FleetSnapshot) -> None:
        """Called four times a second."""
        if snapshot.at < SINCE:
            return
        lanes = self._dispatcher.queue.lanes
        others = lanes.interactive.inflight + lanes.long.inflight
        self.batch += lanes.batch.inflight
        self.idle += max(BELOW * ENGINES * SLOTS - others, 0.0)


class Turned(SimulatedDispatcher):
    """Counts turns that batch work got before interactive requests."""

    overtaken = 0

    def turns(self, now: float) -> list[tuple[RequestArrival, Endpoint | Refusal]]:
        """Count batch requests sent while interactive ones waited."""
        given = super().turns(now)
        waiting = self.dispatcher.queue.lanes.interactive.bands.waiting
        self.overtaken += sum(1 for arrival, _ in given if waiting and arrival.client == "batch")
        return given


@dataclass(slots=True)
class Run:
    """One simulated run."""

    watched: Watched
    front: Turned
    seconds: float

    def p95(self, *names: str) -> float:
        """Time to first token of these clients."""
        whole = RunStatistics()
        for name in names:
            whole.add_all(self.watched.statistics[name])
        return whole.ttft.percentile(0.95)

    def tokens(self, name: str) -> float:
        """Prompt and reply tokens a second of this client's requests that ended."""
        return self.watched.output.get(name, 0) / (self.seconds - SINCE)


@dataclass(slots=True)
class Traffic:
    """The clients and their rates."""

    rates: dict[str, float] = field(default_factory=dict)
    jobs_every_s: float = 0.0
    backlog: bool = False
    waves: bool = False

    def arrivals(self, seconds: float) -> Iterator[RequestArrival]:
        """All requests by time."""
        rows = [self._chat(name, rate, seconds) for name, rate in self.rates.items()]
        if self.jobs_every_s:
            sizes = lengths.fixed_lengths(100_000, 300)
            profile = rate_profiles.steady(1 / self.jobs_every_s, seconds)
            rows.append(gaps.requests(profile, gaps.poisson(streams("jobs")), sizes, "jobs"))
        if self.backlog:
            sizes = lengths.lognormal(PROMPTS, REPLIES, 32_768, streams("batch-sizes"))
            profile = rate_profiles.steady(60.0, seconds)
            rows.append(gaps.requests(profile, gaps.poisson(streams("batch")), sizes, "batch"))
        return joined(*rows)

    def _chat(self, name: str, rate: float, seconds: float) -> Iterator[RequestArrival]:
        sizes = lengths.lognormal(PROMPTS, REPLIES, 32_768, streams(f"{name}-sizes"))
        steady = rate_profiles.steady(rate, seconds)
        profile = _waves(rate, seconds) if self.waves else steady
        return gaps.requests(profile, gaps.poisson(streams(name)), sizes, name)


def _waves(rate: float, seconds: float) -> Iterator[rate_profiles.RateSlice]:
    """Alternate a quiet minute and a busy one."""
    at = 0.0
    while at < seconds:
        yield rate_profiles.RateSlice(30.0, rate * (0.4 if int(at / 30) % 2 else 1.6))
        at += 30.0


def lived(routing: RoutingSettings, traffic: Traffic, seconds: float) -> Run:
    """Run from empty caches."""
    keys = {_digest(one.name): one.name for one in routing.tenants}
    dispatcher = Dispatcher(DispatcherConfig(routing=routing, keys=keys))
    watched, front = Watched(dispatcher, seconds), Turned(dispatcher, _digest, batch=("batch",))
    times = step_times(SHAPE)
    fleet = SimulatedFleet(
        inside=lambda ordinal: ReplicaEngines((EngineCore(ENGINE, times, streams(f"engine/{ordinal}")),)),
        replicas=ENGINES,
        snapshot_s=SWEEP_S,
    )
    capacity = EngineCapacity(max_running=SLOTS, kv_tokens=KV_TOKENS)
    QueuedSimulation(fleet, front, streams("world"), watched, capacity).run(traffic.arrivals(seconds), seconds)
    return Run(watched, front, seconds)


def _digest(name: str) -> bytes:
    return sha256(name.encode()).digest()


def tenants(most: int | None) -> RoutingSettings:
    """Four tenants of equal weight."""
    return RoutingSettings(
        tenants=tuple(Tenant(name=name, keys=(), max_concurrency=most) for name in NAMES),
        limits=TrafficLimits(max_queued=1000),
    )


def flood(seconds: float) -> tuple[str, bool]:
    """Run the first tenant at its share, then at twenty times its rate."""
    usual = dict.fromkeys(NAMES, RATE)
    others = NAMES[1:]
    print(f"flood: {'':34} {'p95 TTFT of the others':>24} {'the first':>10} {'tokens/s: first':>16} {'others':>8}")
    found: dict[str, Run] = {}
    for words, most, times in (
        ("weights, all alike", None, 1.0),
        ("weights, the first 20 times", None, FLOOD),
        (f"{CONCURRENCY} at once, all alike", CONCURRENCY, 1.0),
        (f"{CONCURRENCY} at once, the first 4 times", CONCURRENCY, 4.0),
        (f"{CONCURRENCY} at once, the first 20 times", CONCURRENCY, FLOOD),
    ):
        run = found[words] = lived(tenants(most), Traffic(usual | {NAMES[0]: RATE * times}), seconds)
        theirs = sum(run.tokens(name) for name in others) / len(others)
        print(
            f"       {words:34} {run.p95(*others):22.3f} s {run.p95(NAMES[0]):8.2f} s {run.tokens(NAMES[0]):16,.0f}"
            f" {theirs:8,.0f}",
            flush=True,
        )
    alike, _, flooded = list(found.values())[2:]
    moved = flooded.p95(*others) / alike.p95(*others) - 1
    whole = sum(found["weights, the first 20 times"].tokens(name) for name in NAMES)
    share = flooded.tokens(NAMES[0]) / whole
    words = (
        f"a flood of 20 times moves the others' p95 TTFT by {moved:+.1%} and gets {share:.0%} of what the fleet can "
        f"do for four tenants"
    )
    return words, moved <= MAX_MOVED and share <= 1 / len(NAMES)


def long(seconds: float) -> tuple[str, bool]:
    """Run chat alone and beside long jobs."""
    chat = dict.fromkeys(NAMES[:1], RATE * 4)
    lane = LongLaneLimits(max_share=0.30)
    print(f"long:  {'':34} {'p95 TTFT of chat':>24} {'of jobs':>10} {'tokens/s: jobs':>16} {'chat':>8}")
    found: dict[str, Run] = {}
    for words, routing, every in (
        ("chat alone", RoutingSettings(), 0.0),
        ("100k-token jobs, no lane", RoutingSettings(), 8.0),
        ("100k-token jobs, long lane", RoutingSettings(long_lane=lane), 8.0),
    ):
        run = found[words] = lived(routing, Traffic(chat, jobs_every_s=every), seconds)
        print(
            f"       {words:34} {run.p95(NAMES[0]):22.3f} s {run.p95('jobs') if every else 0.0:8.2f} s"
            f" {run.tokens('jobs'):16,.0f} {run.tokens(NAMES[0]):8,.0f}",
            flush=True,
        )
    moved = found["100k-token jobs, long lane"].p95(NAMES[0]) / found["chat alone"].p95(NAMES[0]) - 1
    return f"100,000-token jobs move chat's p95 TTFT by {moved:+.1%}", moved <= MAX_MOVED_BY_LONG


def batch(seconds: float) -> tuple[str, bool]:
    """Run chat in waves over a backlog."""
    routing = RoutingSettings(batch_lane=BatchLaneLimits(below_utilization=BELOW, max_queued=1_000_000))
    print(f"batch: {'':34} {'p95 TTFT of chat':>24} {'idle used':>10} {'tokens/s: batch':>16} {'chat':>8}")
    used, overtaken = 0.0, 0
    for words, backlog in (("chat alone", False), ("a backlog without end", True)):
        run = lived(routing, Traffic(dict.fromkeys(NAMES[:1], RATE * 4), backlog=backlog, waves=True), seconds)
        used = run.watched.batch / run.watched.idle
        overtaken = run.front.overtaken
        print(
            f"       {words:34} {run.p95(NAMES[0]):22.3f} s {used:10.1%} {run.tokens('batch'):16,.0f}"
            f" {run.tokens(NAMES[0]):8,.0f}",
            flush=True,
        )
    words = f"batch uses {used:.1%} of the idle capacity and had {overtaken} turns while somebody interactive waited"
    return words, used >= MIN_OF_IDLE and not overtaken


def main() -> int:
    """Run all three, or one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("flood", "long", "batch"))
    parser.add_argument("--seconds", type=float, default=SECONDS, help="virtual; the first minute is not counted")
    options = parser.parse_args()
    stories = {"flood": flood, "long": long, "batch": batch}
    verdicts = [story(options.seconds) for name, story in stories.items() if options.only in (None, name)]
    print("; ".join(words for words, _ in verdicts))
    return 0 if all(holds for _, holds in verdicts) else 1


if __name__ == "__main__":
    raise SystemExit(main())
