"""`python -m bench.peer_faults`: ten routers that share state while their network and some of them fail.

Runs the routers' own code on virtual time. Five faults: links that lose one datagram in a hundred, duplicate another
and delay the rest by up to 5 ms, with clocks a minute apart and a constant stream of forged and replayed datagrams; a
router killed; one killed and restarted; five partitioned from five for half a minute; one cut off from all. Holds when
from five seconds after each fault on the 95th percentile of first tokens is at most 1.2 times that of one router
without faults, over all requests, and hits are at least 95 % of the clairvoyant's. Each row pools the requests of three
runs, as recorded and with arrivals up to 20 ms later, since one run of a thousand requests is decided by chance (0036).
`--tuning` runs the halves that constants were chosen on.
"""

import argparse
import os
import random
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from bench import prefix_fleets, router_peers
from bench.balancers.clairvoyant import ClairvoyantBalancer
from bench.prefix_fleets import Engines, Trial, hits, p95
from bench.router_peers import MAX_RATIO, MIN_SHARE
from fairlead.simulator.virtual_fleet.balancers import Balancer
from fairlead.simulator.virtual_fleet.peer_network import PeerLinks, PeerNetwork, RouterFault
from fairlead.simulator.virtual_fleet.run_statistics import RunStatistics

ROUTERS: Final = 10
LEAD_S: Final = 20.0
"""From the start of the reported part to the fault."""
CUT_S: Final = 30.0
DOWN_S: Final = 3.0
RETURN_S: Final = 5.0
LISTED_S: Final = 1.0
"""Until an ended router is removed from the list, and a started one is ready."""
HOSTILE_EVERY_S: Final = 0.05
LOST: Final = 0.01
DOUBLED: Final = 0.01
LATE_S: Final = 0.005
USUAL_S: Final = 0.0005
RUNS: Final = 3
ONE: Final = "one router"
CLAIRVOYANT: Final = "clairvoyant"
TRIALS: Final = {"mooncake": prefix_fleets.mooncake, "claude": prefix_fleets.claude}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault, and the time from which its effects must be gone."""

    name: str
    links: PeerLinks
    over: float

    def judged_from(self, trial: Trial) -> float:
        """From when on requests count: a fault that never ends is judged from the start."""
        return self.over if self.over == trial.since else self.over + RETURN_S


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one traffic."""

    trace: str
    name: str
    """A fault's, or what faults are compared with."""
    number: int
    tuning: bool


Pooled = dict[tuple[str, str, float], RunStatistics]
"""By traffic, name and the time from which requests count: those of all runs."""


def faults(trial: Trial, number: int) -> list[Fault]:
    """All five, for this traffic; each run loses other datagrams."""
    at = trial.since + LEAD_S
    healed = at + CUT_S
    half = frozenset(range(ROUTERS // 2))
    killed = RouterFault(at, lambda network: network.kill(3))
    unlisted = RouterFault(at + LISTED_S, PeerNetwork.list_routers)
    again = RouterFault(at + DOWN_S, lambda network: network.restart(3))
    admitted = RouterFault(at + DOWN_S + LISTED_S, lambda network: network.admit(3))
    return [
        Fault(name="lossy, hostile, clocks apart", links=_hostile(trial, number), over=trial.since),
        Fault(name="a router killed", links=PeerLinks(faults=(killed, unlisted)), over=at),
        Fault(
            name="a router started anew",
            links=PeerLinks(faults=(killed, unlisted, again, admitted)),
            over=at + DOWN_S + LISTED_S,
        ),
        Fault(name="halves cut off", links=PeerLinks(delays=partial(_cut, half, (at, healed))), over=healed),
        Fault(name="one cut off", links=PeerLinks(delays=partial(_cut, frozenset({3}), (at, healed))), over=healed),
    ]


def _cut(some: frozenset[int], span: tuple[float, float], sender: int, receiver: int, now: float) -> Sequence[float]:
    """Drop everything between these routers and all others meanwhile."""
    is_cut = (sender in some) != (receiver in some) and span[0] <= now < span[1]
    return () if is_cut else (USUAL_S,)


def _hostile(trial: Trial, number: int) -> PeerLinks:
    chance = random.Random(19 + number)  # noqa: S311  # a recorded seed, not a secret

    def delays(_sender: int, _receiver: int, _now: float) -> Sequence[float]:
        copies = 0 if chance.random() < LOST else 2 if chance.random() < DOUBLED else 1
        return [USUAL_S + LATE_S * chance.random() for _ in range(copies)]

    def attack(network: PeerNetwork) -> None:
        for receiver in range(ROUTERS):
            network.deliver(receiver, b"FLP1" + chance.randbytes(200))
            if network.recorded:
                network.deliver(*network.recorded[chance.randrange(len(network.recorded))])

    end = min(trial.until, trial.since + 600.0)
    moments = range(int(trial.since / HOSTILE_EVERY_S), int(end / HOSTILE_EVERY_S))
    return PeerLinks(
        delays=delays,
        clocks=lambda router: 60.0 * router,
        faults=tuple(RouterFault(moment * HOSTILE_EVERY_S, attack) for moment in moments),
    )


def judged(trial: Trial, found: Pooled) -> tuple[str, bool]:
    """Print one trace line by line, and compare each fault with its bars."""
    print(trial.words)
    words, holds = [], True
    for fault in faults(trial, 0):
        one, clairvoyant, several = (
            found[trial.name, name, fault.judged_from(trial)] for name in (ONE, CLAIRVOYANT, fault.name)
        )
        ratio, share = p95(several) / p95(one), hits(several) / hits(clairvoyant)
        well = ratio <= MAX_RATIO and share >= MIN_SHARE
        holds = holds and well
        print(_line(fault.name, one, several, share), flush=True)
        words.append(f"{fault.name} {ratio:.2f}")
    return f"{trial.name}: p95 TTFT after it, times one router's: {', '.join(words)}", holds


def _line(name: str, one: RunStatistics, several: RunStatistics, share: float) -> str:
    return (
        f"{name:30} one {p95(one):6.3f} s, ten {p95(several):6.3f} s, {p95(several) / p95(one):5.2f} times, "
        f"hits {share:6.1%} of the clairvoyant's, {several.counts.answered} requests"
    )


def pooled(runs: Sequence[Run], jobs: int) -> Pooled:
    """Play all of them, a few at a time, and add up what runs of one name count from one time on."""
    found: Pooled = defaultdict(RunStatistics)
    with ProcessPoolExecutor(jobs) as pool:
        for run, counted in zip(runs, pool.map(played, runs), strict=True):
            for since, statistics in counted:
                found[run.trace, run.name, since].add_all(statistics)
            print(f"{run.trace}, {run.name}, run {run.number + 1} of {RUNS}", file=sys.stderr, flush=True)
    return found


def played(run: Run) -> list[tuple[float, RunStatistics]]:
    """One run, counted from each time that a fault is judged from."""
    trial = TRIALS[run.trace](tuning=run.tuning)
    each = faults(trial, run.number)
    spans = {since: RunStatistics(since=since, until=trial.until) for since in {one.judged_from(trial) for one in each}}
    settings = router_peers.settings_of(trial)
    makes: dict[str, Callable[[Engines], Balancer]] = {
        ONE: _routed(settings.count, PeerLinks(), trial),
        CLAIRVOYANT: lambda engines: ClairvoyantBalancer(settings, engines.engine),
        **{one.name: _routed(ROUTERS, one.links, trial) for one in each},
    }
    prefix_fleets.play(prefix_fleets.later(trial, run.number), makes[run.name], *spans.values())
    return list(spans.items())


def _routed(count: int, links: PeerLinks, trial: Trial) -> Callable[[Engines], Balancer]:
    several = replace(links, flush_s=router_peers.LINKS.flush_s) if count > 1 else None
    settings = replace(router_peers.settings_of(trial), count=count, peers=several)
    return partial(router_peers.routed, settings)


def main() -> int:
    """Run both traces."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tuning", action="store_true", help="the halves that constants were chosen on")
    parser.add_argument("--trace", choices=("both", *TRIALS), default="both")
    options = parser.parse_args()
    chosen = TRIALS if options.trace == "both" else (options.trace,)
    trials = [TRIALS[name](tuning=options.tuning) for name in chosen]
    runs = [
        Run(trial.name, name, number, options.tuning)
        for trial in trials
        for name in (ONE, CLAIRVOYANT, *(fault.name for fault in faults(trial, 0)))
        for number in range(RUNS)
    ]
    found = pooled(runs, len(os.sched_getaffinity(0)))
    rows = [judged(trial, found) for trial in trials]
    print("; ".join(words for words, _ in rows))
    return 0 if all(holds for _, holds in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
