"""`make bench`: the benchmark table. Rounds alternate, so that a noisy minute affects all contestants equally."""

import statistics
import sys

from bench import cluster
from devcluster.cache import Cache
from devcluster.progress import StepFailed
from devcluster.up import CannotStart

ROUNDS = 3


def main() -> int:
    """Measure and print the fastest and the median round of each; ratios are to the first row."""
    cache = Cache.chosen()
    times: dict[str, list[cluster.Times]] = {name: [] for name in cluster.PLANS}
    try:
        for _ in range(ROUNDS):
            for name, wanted in cluster.PLANS.items():
                times[name].append(cluster.measure(wanted, cache))
    except (CannotStart, StepFailed) as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return 1
    first = statistics.median(one.up for one in times["light"])
    print(f"{'cluster':<12} {'up, s':>16} {'down, s':>8} {'ratio':>6}   ({ROUNDS} rounds, median; fastest in brackets)")
    for name, rounds in times.items():
        ups, downs = [one.up for one in rounds], [one.down for one in rounds]
        middle = statistics.median(ups)
        print(f"{name:<12} {middle:>8.1f} ({min(ups):.1f}) {statistics.median(downs):>8.1f} {middle / first:>6.1f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
