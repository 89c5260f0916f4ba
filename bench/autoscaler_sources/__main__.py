"""`python -m bench.autoscaler_sources`: 0 when both sources led to the same decisions within one scrape."""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.autoscaler_sources import comparing
from bench.autoscaler_sources.world import SCRAPE_SECONDS


def _line(name: str, changes: Sequence[tuple[float, int]]) -> str:
    return f"{name:>10}: " + (", ".join(f"{at:.1f} s -> {replicas}" for at, replicas in changes) or "nothing")


def main() -> int:
    """Run and print."""
    argparse.ArgumentParser(prog="bench.autoscaler_sources", description=__doc__).parse_args()
    with tempfile.TemporaryDirectory(prefix="fairlead-bench-") as made:
        found = asyncio.run(comparing.compare(Path(made)))
    print(f"{found.answered} requests answered behind a router; Prometheus scrapes every {SCRAPE_SECONDS:g} s")
    print(_line("direct", found.direct))
    print(_line("Prometheus", found.prometheus))
    print(f"figures in doubt {found.doubts}")
    print(
        f"figure: {found.apart_seconds:.1f} s apart at most (allowed {comparing.LATEST_SECONDS:g}), "
        f"{len(found.direct)} changes of {len(found.answers)} decisions"
    )
    return 0 if found.kept else 1


if __name__ == "__main__":
    sys.exit(main())
