"""`python -m bench.levers [--service NAME] [--write]`: every lever on both services, as JSON; `--write`: the page."""

import argparse
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from typing import Any

from bench.levers import ladder, page
from bench.levers.services import SERVICES


def climbed(name: str) -> dict[str, Any]:
    """Run one service."""
    service = SERVICES[name]()
    steps = ladder.climbed(service, lambda line: print(line, file=sys.stderr, flush=True))
    goals = asdict(service.objectives)
    return {"service": name, "words": service.words, "objectives": goals, "steps": [asdict(one) for one in steps]}


def main() -> int:
    """Run both services in parallel."""
    parser = argparse.ArgumentParser(prog="levers", description=__doc__)
    parser.add_argument("--service", choices=sorted(SERVICES), action="append")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    names = options.service or list(SERVICES)
    with ProcessPoolExecutor(len(names)) as pool:
        found = list(pool.map(climbed, names))
    print(json.dumps(found, indent=1))
    if options.write:
        page.write(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
