"""`python -m bench.held_back [--only NAME] [--others] | --write`: tuned on one part, evaluated on another; JSON.

`--others` also runs every other trace in the folder that FAIRLEAD_TRACES names. `--write` writes the page. Recordings
run in parallel, each on one core.
"""

import argparse
import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from typing import Any

from bench.held_back import page, recordings
from bench.held_back.contest import contest
from bench.held_back.recordings import LeftOut


def played(name: str) -> dict[str, Any]:
    """Run one recording by its name."""
    every = (*recordings.recordings(), *recordings.others())
    found = next(one for one in every if one.name == name and not isinstance(one, LeftOut))
    return asdict(contest(found, lambda line: print(line, file=sys.stderr, flush=True)))


def main() -> int:
    """Run all selected recordings, longest first."""
    named = [one.name for one in recordings.recordings()]
    parser = argparse.ArgumentParser(prog="held_back", description=__doc__)
    parser.add_argument("--only", action="append", choices=named)
    parser.add_argument("--others", action="store_true")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    if options.write and (options.only or options.others):
        parser.error("--write makes the page of the recorded traces, all of them: leave out --only and --others")
    wanted, left_out = options.only or list(named), list[dict[str, Any]]()
    for one in recordings.others() if options.others else ():
        if isinstance(one, LeftOut):
            left_out.append(asdict(one))
        else:
            wanted.append(one.name)
    with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        found = dict(zip(wanted[::-1], pool.map(played, wanted[::-1]), strict=True))
    shown = {"contests": [found[name] for name in wanted], "left_out": left_out}
    print(json.dumps(shown, indent=1))
    if options.write:
        page.write(shown)
    return 0


if __name__ == "__main__":
    sys.exit(main())
