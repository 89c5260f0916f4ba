"""`python -m bench.peer_faults`: ten routers that share state while their network and some of them fail.

Runs the routers' own code on virtual time. Five faults: links that lose one datagram in a hundred, duplicate another
and delay the rest by up to 5 ms, with clocks a minute apart and a constant stream of forged and replayed datagrams; a
router killed; one killed and restarted; five partitioned from five for half a minute; one cut off from all. Holds when
from five seconds after each fault on the 95th percentile of first tokens is at most 1.2 times that of one router
without faults, over all requests, and hits are at least 95 % of the clairvoyant's. `--tuning` runs the halves that
constants were chosen on.
"""

import argparse
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from bench import prefix_fleets, router_peers
from bench.prefix_fleets import Engines, Lived, Trial
from bench.router_peers import LEAST_SHARE, MOST_RATIO, p95
from fairlead.simulator.virtual_fleet.balancers import Balancer
from fairlead.simulator.virtual_fleet.baselines.clairvoyant import ClairvoyantBalancer
from fairlead.simulator.virtual_fleet.peer_network import PeerLinks, PeerNetwork, RouterFault

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault, and the time from which its effects must be gone."""

    name: str
    links: PeerLinks
    over: float


def faults(trial: Trial) -> list[Fault]:
    """All five, for this traffic."""
    at = trial.since + LEAD_S
    healed = at + CUT_S
    half = frozenset(range(ROUTERS // 2))
    killed = RouterFault(at, lambda network: network.kill(3))
    unlisted = RouterFault(at + LISTED_S, PeerNetwork.list_routers)
    again = RouterFault(at + DOWN_S, lambda network: network.restart(3))
    admitted = RouterFault(at + DOWN_S + LISTED_S, lambda network: network.admit(3))
    return [
        Fault(name="lossy, hostile, clocks apart", links=_hostile(trial), over=trial.since),
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


def _hostile(trial: Trial) -> PeerLinks:
    chance = random.Random(19)  # noqa: S311  # a recorded seed, not a secret

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


def judged(trial: Trial) -> tuple[str, bool]:
    """Run and print one trace, line by line."""
    print(trial.words)
    settings = router_peers.settings_of(trial)
    words, holds = [], True
    for fault in faults(trial):
        since = fault.over if fault.over == trial.since else fault.over + RETURN_S
        later = replace(trial, since=since)
        one = prefix_fleets.lived(later, _routed(settings.count, PeerLinks(), trial))
        clairvoyant = prefix_fleets.lived(later, lambda engines: ClairvoyantBalancer(settings, engines.engine))
        several = prefix_fleets.lived(later, _routed(ROUTERS, fault.links, trial))
        ratio, share = p95(several) / p95(one), several.hits / clairvoyant.hits
        well = ratio <= MOST_RATIO and share >= LEAST_SHARE
        holds = holds and well
        print(_line(fault.name, one, several, share), flush=True)
        words.append(f"{fault.name} {ratio:.2f}")
    return f"{trial.name}: p95 TTFT after it, times one router's: {', '.join(words)}", holds


def _line(name: str, one: Lived, several: Lived, share: float) -> str:
    return (
        f"{name:30} one {p95(one):6.3f} s, ten {p95(several):6.3f} s, {p95(several) / p95(one):5.2f} times, "
        f"hits {share:6.1%} of the clairvoyant's, {several.statistics.counts.answered} requests"
    )


def _routed(count: int, links: PeerLinks, trial: Trial) -> Callable[[Engines], Balancer]:
    several = replace(links, flush_s=router_peers.LINKS.flush_s) if count > 1 else None
    settings = replace(router_peers.settings_of(trial), count=count, peers=several)
    return partial(router_peers.routed, settings)


def main() -> int:
    """Run both traces."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tuning", action="store_true", help="the halves that constants were chosen on")
    parser.add_argument("--trace", choices=("both", "mooncake", "claude"), default="both")
    options = parser.parse_args()
    found = [judged(one) for one in router_peers.trials(tuning=options.tuning) if options.trace in ("both", one.name)]
    print("; ".join(words for words, _ in found))
    return 0 if all(holds for _, holds in found) else 1


if __name__ == "__main__":
    raise SystemExit(main())
