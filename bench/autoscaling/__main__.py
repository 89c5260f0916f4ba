"""Autoscalers compared in the simulator: `python -m bench.autoscaling`; exits 0 only if the goal holds.

One process simulates each traffic from its first request on, two processes at a time; the same seeds give the same
table. Results of others are cached (`kept.py`), so an interrupted run resumes. With `--quick`, one cold start and half
of each baseline's settings. With `--page`, docs are written. With `--ours N`, nothing is compared: Fairlead alone,
starting with N replicas, and every change of its decision. With `--reversals`, Fairlead alone too, and how often it
reversed.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final

from bench.autoscaling import decision_lines, page, table, traffic
from bench.autoscaling.comparing import COLD_STARTS_S, Compared, compared
from bench.autoscaling.contestants import ours
from bench.autoscaling.playing import Stage, played
from bench.autoscaling.traffic import Traffic

PROCESSES: Final = 2
AT_FIRST: Final = 8
"""Initial replicas when nothing is compared; the warm-up is long enough for the fleet to move on from them."""
LONGEST_FIRST: Final = ("m-mid", "diurnal day", "m-large", "step", "mooncake", "azure", "flash crowd", "quiet night")
QUICK: Final = ("azure", "m-large", "mooncake", "flash crowd", "quiet night")


def main() -> int:
    """Print the table; the last line says whether the goal holds."""
    parser = argparse.ArgumentParser(prog="autoscaling")
    parser.add_argument("--quick", action="store_true", help="five traffics, the shorter cold start, fewer settings")
    parser.add_argument("--only", action="append", choices=LONGEST_FIRST, help="this traffic; may be repeated")
    parser.add_argument("--cold", action="append", type=float, choices=COLD_STARTS_S, help="this cold start alone")
    parser.add_argument("--skip", action="append", default=[], metavar="NAME/COLD", help="this row; may be repeated")
    parser.add_argument("--processes", type=int, default=PROCESSES)
    parser.add_argument("--page", type=Path, help="write the page and its pictures into this folder")
    parser.add_argument("--ours", type=int, metavar="N", help="Fairlead alone, beginning with so many replicas")
    parser.add_argument("--reversals", action="store_true", help="Fairlead alone: how often it turns round")
    options = parser.parse_args()
    began = time.monotonic()
    names = sorted(options.only or (QUICK if options.quick else LONGEST_FIRST), key=LONGEST_FIRST.index)
    if options.ours is not None:
        return _alone(names, options.ours)
    if options.reversals:
        return _turning(names, options.processes)
    colds = options.cold or (COLD_STARTS_S[:1] if options.quick else COLD_STARTS_S)
    rows: list[Compared] = []
    with ProcessPoolExecutor(options.processes) as pool:
        pairs = [(name, cold_s) for cold_s in colds for name in names if f"{name}/{cold_s:g}" not in options.skip]
        for part in [pool.submit(_row, name, cold_s, options.quick) for name, cold_s in pairs]:
            rows.append(part.result())
            print(f"{table.block(rows[-1])}\n", flush=True)
    order = [make().name for make in traffic.ALL]
    rows.sort(key=lambda row: (order.index(row.traffic), row.cold_s))
    if options.page:
        page.write(rows, options.page, halved=options.quick, skipped=options.skip)
    found = table.verdict(rows)
    print(f"the goal {found}; {time.monotonic() - began:.0f} s")
    return 0 if found.holds else 1


def _alone(names: Sequence[str], replicas: int) -> int:
    for name in names:
        for cold_s in COLD_STARTS_S:
            for line in decision_lines.lines_of(_named(name), cold_s, replicas):
                print(line, flush=True)
    return 0


def _turning(names: Sequence[str], processes: int) -> int:
    """Print the most reversals in any ten minutes outside bursts, by traffic and cold start."""
    cases = [(name, cold_s) for name in names for cold_s in COLD_STARTS_S]
    with ProcessPoolExecutor(processes) as pool:
        found = list(pool.map(_turned, *zip(*cases, strict=True)))
    for (name, cold_s), (turns, changes) in zip(cases, found, strict=True):
        print(f"{name:<12} cold start {cold_s:3.0f} s: {changes:3} changes, at most {turns} reversals in ten minutes")
    most = max(turns for turns, _ in found)
    print(f"at most {most} reversals in any ten minutes outside bursts, over {len(cases)} runs (at most 1)")
    return 0 if most <= 1 else 1


def _turned(name: str, cold_s: float) -> tuple[int, int]:
    one = _named(name)
    arrivals = one.reported.arrivals()
    stage = Stage(traffic=one, part=one.reported, arrivals=arrivals, cold_s=cold_s, replicas=AT_FIRST)
    ran = played(stage, "Fairlead", ours(one))
    return ran.reversals, len(ran.answers)


def _named(name: str) -> Traffic:
    return next(one for one in (make() for make in traffic.ALL) if one.name == name)


def _row(name: str, cold_s: float, quick: bool) -> Compared:
    return compared(_named(name), cold_s, quick=quick)


if __name__ == "__main__":
    sys.exit(main())
