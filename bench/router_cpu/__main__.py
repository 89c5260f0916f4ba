"""`python -m bench.router_cpu`: ours beside its peers in one run; 0 when all promises hold."""

import argparse
import json
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from bench.router_cpu import building, contestants, engine_page, mock_engines, ours, peers, soak, table
from bench.router_cpu.contestants import Contestant
from bench.router_cpu.found import OURS, Found
from bench.router_cpu.plan import LINES, QUICK, Line, Plan
from bench.router_cpu.rounds import Comparison
from devcluster.cache import Cache
from house.tree import ROOT

PAGE: Final = ROOT / "docs" / "reference" / "router-benchmark.md"


def compare(names: Sequence[str], plan: Plan, lines: Sequence[Line] = LINES, *, delays: bool = True) -> Found:
    """Run once with these routers; no names means all."""
    cache = Cache.chosen()
    with tempfile.TemporaryDirectory(prefix="fairlead-bench-") as made, ExitStack() as stack:
        folder = Path(made)
        chosen = [one for one in _everybody(folder, cache) if not names or one.name in names]
        mocks = stack.enter_context(mock_engines.running(building.folder(cache), _engines_page(folder)))
        routers = [
            stack.enter_context(contestants.running(one, cache.logs / "router-bench" / f"{one.name}.log"))
            for one in chosen
        ]
        return Comparison(routers, mocks, plan).run(lines, delays=delays)


def _everybody(folder: Path, cache: Cache) -> tuple[Contestant, ...]:
    return (ours.contestant(folder), *peers.contestants(cache, ours.keys()))


def _engines_page(folder: Path) -> Path:
    page = folder / "engine-metrics.txt"
    engine_page.write(mock_engines.HOST, page)
    return page


def _chosen_lines(words: Sequence[str]) -> tuple[Line, ...]:
    return tuple(line for line in LINES if not words or any(word in line.name for word in words))


def main() -> int:
    """Measure, print and save."""
    parser = argparse.ArgumentParser(prog="bench.router_cpu", description=__doc__)
    parser.add_argument("--only", action="append", default=[], metavar="ROUTER", help="fairlead, vllm-router, …")
    parser.add_argument("--line", action="append", default=[], metavar="WORD", help="lines whose name has the word")
    parser.add_argument("--quick", action="store_true", help="one short round: whether it works, not what it costs")
    parser.add_argument("--rounds", type=int, default=None)
    parser.add_argument("--no-delays", action="store_true", help="CPU and memory only")
    parser.add_argument("--soak", type=int, default=0, metavar="REQUESTS", help="ours alone: is its memory flat?")
    parser.add_argument(
        "--nice", type=int, default=0, metavar="N", help="for all that is started; -10 on a busy machine"
    )
    parser.add_argument("--page", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    parser.add_argument("-o", dest="form", choices=("table", "json"), default="table")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # child processes end with us
    os.nice(options.nice)
    if options.soak:
        return soak.main(options.soak)
    plan = QUICK if options.quick else Plan()
    if options.rounds is not None:
        plan = Plan(rounds=options.rounds, share=plan.share, latency_seconds=plan.latency_seconds)
    names = [OURS if one == "ours" else one for one in options.only]
    found = compare(names, plan, _chosen_lines(options.line), delays=not options.no_delays)
    print(json.dumps(found.as_json(), indent=1) if options.form == "json" else table.text(found))
    if options.page:
        PAGE.write_text(table.page(found), encoding="utf-8")
    return 1 if found.broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
