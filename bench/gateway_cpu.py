"""`python -m bench.gateway_cpu`: what a gateway's router costs per request, beside a plain router in the same run.

Both have the same engines, tenants, bands and limits, everything on as in `bench.router_cpu`. The gateway has three
deployments and fifty routes with fallbacks; clients name an alias, so each body is changed for the engines.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any, Final

from bench.router_cpu import building, contestants, engine_page, mock_engines, ours
from bench.router_cpu.contestants import HOST, Contestant
from bench.router_cpu.found import Found
from bench.router_cpu.plan import LINES, QUICK, Plan
from bench.router_cpu.rounds import Comparison
from devcluster.cache import Cache

GATEWAY: Final = "gateway"
PORT: Final = 8271
METRICS_PORT: Final = 9271
MOST: Final = 1.10
"""The gateway's CPU per request, relative to the plain router's."""
ROUTES: Final = 50
TURNS: Final = Plan(rounds=12, share=0.25)
"""Many short rounds: within seconds a machine's speed changes by more than what is measured here."""
BASE: Final = "chat-7b"
"""The engines' name for the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayCost:
    """Medians over the rounds, in microseconds of CPU per request."""

    line: str
    plain: float
    gateway: float
    failed: int

    @property
    def ratio(self) -> float:
        """The gateway's cost over the plain router's."""
        return self.gateway / self.plain

    @property
    def text(self) -> str:
        """One row."""
        return f"{self.line}: plain {self.plain:.1f} µs, gateway {self.gateway:.1f} µs, ratio {self.ratio:.3f}"


def compare(plan: Plan) -> tuple[GatewayCost, ...]:
    """Run both once: rounds alternate, so that a noisy minute affects both."""
    cache = Cache.chosen()
    with tempfile.TemporaryDirectory(prefix="fairlead-bench-") as made, ExitStack() as stack:
        folder = Path(made)
        page = folder / "engine-metrics.txt"
        engine_page.write(mock_engines.HOST, page)
        mocks = stack.enter_context(mock_engines.running(building.folder(cache), page))
        plain = ours.contestant(folder)
        routers = [
            stack.enter_context(contestants.running(one, cache.logs / "gateway-bench" / f"{one.name}.log"))
            for one in (plain, _gateway(plain, folder))
        ]
        found = Comparison(routers, mocks, plan).run(LINES, delays=False)
    return tuple(_cost(found, line.name) for line in LINES)


def _cost(found: Found, line: str) -> GatewayCost:
    def of(router: str) -> float:
        return median(one.cpu_us for one in found.costs if (one.router, one.line) == (router, line))

    failed = sum(one.failed for one in found.costs if one.line == line)
    return GatewayCost(line=line, plain=of("fairlead"), gateway=of(GATEWAY), failed=failed)


def _gateway(plain: Contestant, folder: Path) -> Contestant:
    place = folder / GATEWAY
    place.mkdir()
    config = place / "router.json"
    config.write_text(json.dumps(_configuration(place), indent=1), encoding="utf-8")
    listening = ("--host", HOST, "--port", str(PORT), "--metrics-port", str(METRICS_PORT), "--linger", "0")
    log = ("--access-log", str(place / "access.log"))
    words = (sys.executable, "-m", "fairlead", "router", "--config", str(config), *listening, *log)
    return replace(plain, name=GATEWAY, words=words, port=PORT, metrics_port=METRICS_PORT)


def _configuration(folder: Path) -> dict[str, Any]:
    """The plain router's engines as one of three deployments, behind one alias of many."""
    plain = ours.configuration(folder)
    own = {name: plain.pop(name) for name in ("maxContextTokens", "maxSequences", "kvTokens")}
    endpoints = plain.pop("endpoints")
    del plain["models"]
    small = {"target": "bench/small", "namespace": "bench", "endpoints": endpoints[:1], "models": ["small"]}
    return plain | {
        "namespace": "bench",
        "targets": [
            {"target": "bench/chat", "namespace": "bench", "endpoints": endpoints, "models": [BASE], **own},
            small,
            small | {"target": "bench/large"},
        ],
        "routes": [_route(mock_engines.MODEL), *(_route(f"alias-{place}") for place in range(ROUTES - 1))],
    }


def _route(name: str) -> dict[str, Any]:
    chain = {"targets": ["bench/large", "bench/small"], "reasons": ["Unavailable", "QueueFull", "EngineError"]}
    return {"name": name, "strategy": "Single", "target": "bench/chat", "fallback": chain}


def broken(found: Sequence[GatewayCost]) -> list[str]:
    """The broken promises, in words."""
    dear = [f"{one.line}: {one.ratio:.3f} of the plain router, promised {MOST}" for one in found if one.ratio > MOST]
    return dear + [f"{one.line}: {one.failed} answers were wrong" for one in found if one.failed]


def main() -> int:
    """Measure and print; 0 when the promise holds."""
    parser = argparse.ArgumentParser(prog="bench.gateway_cpu", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round: whether it works, not what it costs")
    parser.add_argument("--rounds", type=int, default=None)
    parser.add_argument("--nice", type=int, default=0, metavar="N", help="for all that is started")
    options = parser.parse_args()
    os.nice(options.nice)
    plan = QUICK if options.quick else TURNS
    found = compare(plan if options.rounds is None else replace(plan, rounds=options.rounds))
    print("\n".join(one.text for one in found))
    for one in broken(found):
        print(f"does not hold: {one}")
    return 1 if broken(found) else 0


if __name__ == "__main__":
    raise SystemExit(main())
