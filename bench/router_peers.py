"""`python -m bench.router_peers`: several routers that share state, used in turn, beside one and beside rivals.

Runs the routers' own code on virtual time, datagrams included. Holds when 3 and 10 routers, sessions named and unnamed,
have a 95th percentile of first tokens of at most 1.2 times one router's, find at least 95 % of the prefix tokens that
the clairvoyant finds, and are below every rival with the same number of routers. Rivals get more than they would have:
the fleet's counts of requests, whichever of their routers sent them, and every session's name. `--tuning` runs the
halves that constants were chosen on; `--seconds` and `--sessions` cut a run short, and then nothing is judged.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from typing import Final

from bench import prefix_fleets
from bench.balancers.cache_aware import SGLANG_ROUTER, VLLM_ROUTER
from bench.balancers.clairvoyant import ClairvoyantBalancer
from bench.balancers.consistent_hashing import ConsistentHashing
from bench.prefix_fleets import SECONDS, SESSIONS, Engines, Lived, Trial
from bench.router_prefix import cache_aware
from fairlead.router.peer_reports import FLUSH_SECONDS
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet.balancers import Balancer, Chosen, FewestRequests, LeastTokens
from fairlead.simulator.virtual_fleet.peer_network import PeerLinks
from fairlead.simulator.virtual_fleet.router_balancer import RouterBalancer, RouterSettings

MAX_RATIO: Final = 1.2
MIN_SHARE: Final = 0.95
COUNTS: Final = (3, 10)
Make = Callable[[Engines], Balancer]


class InTurn:
    """Several routers of a kind, used in turn, each with what it observed itself."""

    def __init__(self, routers: Sequence[Balancer]) -> None:
        self._routers = routers
        self._turn = 0

    def choose(self, arrival: RequestArrival, ready: Sequence[Chosen]) -> Chosen:
        """Return the next router's choice."""
        self._turn += 1
        return self._routers[self._turn % len(self._routers)].choose(arrival, ready)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table."""

    name: str
    make: Make
    routers: int = 1
    is_rival: bool = False


@dataclass(slots=True)
class Verdict:
    """The verdict on one trace."""

    words: str
    holds: bool


def settings_of(trial: Trial) -> RouterSettings:
    """The settings of a router for this fleet."""
    return RouterSettings(page_tokens=trial.page_tokens, block_pages=trial.block_pages, kv_tokens=trial.kv_tokens)


LINKS: Final = PeerLinks(flush_s=FLUSH_SECONDS)
"""Links on which nothing is lost, with as many occasions to report as a router has."""


def routed(routers: RouterSettings, engines: Engines) -> RouterBalancer:
    """Our routers as a balancer."""
    return RouterBalancer(routers, engines.figures)


def rows(trial: Trial) -> list[Row]:
    """All rows, in the order of the table."""
    routers = settings_of(trial)
    found = [
        Row(name="clairvoyant", make=lambda engines: ClairvoyantBalancer(routers, engines.engine)),
        Row(name="fairlead, 1 router", make=partial(routed, replace(routers, named=True))),
    ]
    for count in COUNTS:
        several = replace(routers, count=count, peers=LINKS)
        silent = replace(routers, count=count, named=True)
        found += [
            Row(name=f"fairlead, {count}", make=partial(routed, replace(several, named=True)), routers=count),
            Row(name=f"fairlead, {count}, sessions unnamed", make=partial(routed, several), routers=count),
            Row(name=f"fairlead, {count} that report nothing", make=partial(routed, silent)),
        ]
        found += [
            Row(name=f"{name}, {count}", make=partial(_in_turn, make, count), routers=count, is_rival=True)
            for name, make in _rivals(trial).items()
        ]
    return found


def _rivals(trial: Trial) -> dict[str, Make]:
    return {
        "cache_aware, vllm-router": partial(cache_aware, VLLM_ROUTER, trial),
        "cache_aware, sglang-router": partial(cache_aware, SGLANG_ROUTER, trial),
        "consistent hashing": lambda _: ConsistentHashing(trial.block_pages),
        "least tokens": lambda _: LeastTokens(),
        "fewest requests": lambda _: FewestRequests(),
    }


def _in_turn(make: Make, count: int, engines: Engines) -> Balancer:
    return InTurn([make(engines) for _ in range(count)])


def table(trial: Trial, only: str) -> dict[str, Lived]:
    """Run and print, line by line."""
    print(trial.words)
    print(f"{'':36} {'hits':>7} {'of clairv.':>10} {'TTFT mean':>10} {'p50':>8} {'p95':>9} {'n':>6}  CPU s")
    found: dict[str, Lived] = {}
    for row in rows(trial):
        if only in row.name:
            started = time.process_time()
            found[row.name] = prefix_fleets.lived(trial, row.make)
            print(line(row.name, found, time.process_time() - started), flush=True)
    return found


def line(name: str, found: dict[str, Lived], seconds: float) -> str:
    """One row as text."""
    one, clairvoyant = found[name], found.get("clairvoyant")
    share = f"{one.hits / clairvoyant.hits:10.1%}" if clairvoyant else f"{'':10}"
    ttft = one.statistics.ttft
    return (
        f"{name:36} {one.hits:7.2%} {share} {ttft.mean:8.3f} s {ttft.percentile(0.5):6.3f} s"
        f" {ttft.percentile(0.95):7.3f} s {one.statistics.counts.answered:6} {seconds:6.1f}"
    )


def verdict(trial: Trial, found: dict[str, Lived]) -> Verdict:
    """Compare with the bars; the worst of ours is reported."""
    one = p95(found["fairlead, 1 router"])
    clairvoyant = found["clairvoyant"].hits
    parts, holds = [], True
    for count in COUNTS:
        by_name = {row.name: found[row.name] for row in rows(trial) if row.routers == count}
        rivals = {row.name: found[row.name] for row in rows(trial) if row.routers == count and row.is_rival}
        ours = [lived for name, lived in by_name.items() if name not in rivals]
        worst, hits = max(map(p95, ours)), min(lived.hits for lived in ours) / clairvoyant
        best = min(rivals, key=lambda name: p95(rivals[name]))
        holds = holds and worst <= MAX_RATIO * one and hits >= MIN_SHARE and worst < p95(rivals[best])
        parts.append(
            f"{count} routers {worst:.2f} s ({worst / one:.2f} times one's) and {hits:.1%} of the clairvoyant's hits, "
            f"best rival {best} {p95(rivals[best]):.2f} s"
        )
    return Verdict(f"{trial.name}: p95 TTFT of one router {one:.2f} s, {'; '.join(parts)}", holds)


def p95(one: Lived) -> float:
    """Of time to first token."""
    return prefix_fleets.p95(one.statistics)


def trials(*, tuning: bool, seconds: float | None = None, most: int | None = None) -> list[Trial]:
    """Both traces."""
    return [
        prefix_fleets.mooncake(tuning=tuning, seconds=seconds or inf),
        prefix_fleets.claude(tuning=tuning, seconds=seconds or SECONDS, most=most or SESSIONS),
    ]


def main() -> int:
    """Run both traces."""
    options = _options()
    verdicts: list[Verdict] = []
    for trial in trials(tuning=options.tuning, seconds=options.seconds, most=options.sessions):
        if options.trace in ("both", trial.name):
            found = table(trial, options.only)
            if not options.only:
                verdicts.append(verdict(trial, found))
            print()
    print("; ".join(one.words for one in verdicts))
    cut = options.seconds or options.sessions or options.only
    return 0 if cut or all(one.holds for one in verdicts) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tuning", action="store_true", help="the halves that constants were chosen on")
    parser.add_argument("--seconds", type=float, help="of virtual time")
    parser.add_argument("--sessions", type=int, help="of Claude Code, at most")
    parser.add_argument("--trace", choices=("both", "mooncake", "claude"), default="both")
    parser.add_argument("--only", default="", help="rows with this in their name")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
