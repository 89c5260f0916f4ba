"""`python -m bench.router_prefix`: hit tokens and first tokens, ours beside the clairvoyant's and every rival's.

Holds when ours gets 95 % of the clairvoyant's hit tokens and a better 95th percentile of first tokens than every rival,
on both traces, and when three and ten routers without gossip, used in turn, lose at most three points of hits. Claude
Code's sessions have names, as that client sends them; the line without names is reported and not judged. `--tuning`
runs the halves that constants were chosen on; `--seconds` and `--sessions` cut a run short, and then nothing is judged.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from typing import Final

from bench import prefix_fleets
from bench.balancers.cache_aware import (
    SGLANG_ROUTER,
    VLLM_ROUTER,
    CacheAwareBalancer,
    CacheAwareSettings,
)
from bench.balancers.clairvoyant import ClairvoyantBalancer
from bench.balancers.consistent_hashing import ConsistentHashing
from bench.prefix_fleets import SECONDS, SESSIONS, Engines, Lived, Trial
from fairlead.simulator.virtual_fleet.balancers import Balancer, FewestRequests, LeastTokens, RoundRobin
from fairlead.simulator.virtual_fleet.router_balancer import RouterBalancer, RouterSettings

MIN_SHARE: Final = 0.95
MAX_LOST_POINTS: Final = 3.0
OURS: Final = "fairlead, 1 router"
CLAIRVOYANT: Final = "clairvoyant"
SEVERAL: Final = ("fairlead, 3 routers", "fairlead, 10 routers")
UNNAMED: Final = "fairlead, 10, sessions unnamed"
"""Reported, not judged: only the text tells which conversation a prompt belongs to, as always with Mooncake."""
Make = Callable[[Engines], Balancer]


@dataclass(slots=True)
class Verdict:
    """The verdict on one trace."""

    words: str
    holds: bool


def rivals(trial: Trial) -> dict[str, Make]:
    """All balancers, in the order of the table."""
    routers = RouterSettings(page_tokens=trial.page_tokens, block_pages=trial.block_pages, kv_tokens=trial.kv_tokens)
    found: dict[str, Make] = {CLAIRVOYANT: lambda engines: ClairvoyantBalancer(routers, engines.engine)}
    for name, count in ((OURS, 1), (SEVERAL[0], 3), (SEVERAL[1], 10)):
        found[name] = partial(_routed, replace(routers, count=count, named=True))
    found[UNNAMED] = partial(_routed, replace(routers, count=10))
    found["cache_aware, vllm-router 0.1.17"] = partial(cache_aware, VLLM_ROUTER, trial)
    found["cache_aware, sglang-router 0.3.2"] = partial(cache_aware, SGLANG_ROUTER, trial)
    found["cache_aware, threshold 0.5"] = partial(cache_aware, replace(SGLANG_ROUTER, cache_threshold=0.5), trial)
    found["consistent hashing"] = lambda _: ConsistentHashing(trial.block_pages)
    found["least tokens"] = lambda _: LeastTokens()
    found["fewest requests"] = lambda _: FewestRequests()
    found["round robin"] = lambda _: RoundRobin()
    return found


def _routed(routers: RouterSettings, engines: Engines) -> Balancer:
    return RouterBalancer(routers, engines.figures)


def cache_aware(settings: CacheAwareSettings, trial: Trial, _: Engines) -> Balancer:
    """A rival with these settings, at its own block size."""
    return CacheAwareBalancer(settings, trial.page_tokens, trial.block_pages)


def table(trial: Trial, only: str) -> dict[str, Lived]:
    """Run and print, line by line."""
    print(f"{trial.words}")
    heads = f"{'':34} {'hits':>7} {'of clairv.':>10} {'TTFT mean':>10} {'p50':>8} {'p95':>9}"
    print(f"{heads} {'busy':>5} {'reading':>7} {'n':>6}  CPU s")
    found: dict[str, Lived] = {}
    for name, make in rivals(trial).items():
        if only and only not in name:
            continue
        started = time.process_time()
        one = found[name] = prefix_fleets.lived(trial, make)
        print(_line(name, one, found.get(CLAIRVOYANT), time.process_time() - started), flush=True)
    return found


def _line(name: str, one: Lived, clairvoyant: Lived | None, seconds: float) -> str:
    share = f"{one.hits / clairvoyant.hits:10.1%}" if clairvoyant else f"{'':10}"
    ttft = one.statistics.ttft
    return (
        f"{name:34} {one.hits:7.2%} {share} {ttft.mean:8.3f} s {ttft.percentile(0.5):6.3f} s"
        f" {ttft.percentile(0.95):7.3f} s {one.busy:5.0%} {one.reading:7.0%}"
        f" {one.statistics.counts.answered:6} {seconds:6.1f}"
    )


def verdict(trial: Trial, found: dict[str, Lived]) -> Verdict:
    """Compare with the bars."""
    ours = found[OURS]
    share = ours.hits / found[CLAIRVOYANT].hits
    rivals = {name: one for name, one in found.items() if not name.startswith(("fairlead", CLAIRVOYANT))}
    best = min(rivals, key=lambda name: rivals[name].statistics.ttft.percentile(0.95))
    mine, theirs = ours.statistics.ttft.percentile(0.95), rivals[best].statistics.ttft.percentile(0.95)
    lost = [100 * (ours.hits - found[name].hits) for name in SEVERAL]
    words = (
        f"{trial.name}: {share:.1%} of the clairvoyant's hit tokens, TTFT p95 {mine:.2f} s against {theirs:.2f} s of "
        f"the best rival ({best}), 3 and 10 routers lose {lost[0]:.1f} and {lost[1]:.1f} points"
    )
    return Verdict(words, share >= MIN_SHARE and mine < theirs and max(lost) <= MAX_LOST_POINTS)


def main() -> int:
    """Run both traces."""
    options = _options()
    trials = [
        prefix_fleets.mooncake(tuning=options.tuning, seconds=options.seconds or inf),
        prefix_fleets.claude(
            tuning=options.tuning, seconds=options.seconds or SECONDS, most=options.sessions or SESSIONS
        ),
    ]
    verdicts: list[Verdict] = []
    for trial in trials:
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
    parser.add_argument("--only", default="", help="rivals with this in their name")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
