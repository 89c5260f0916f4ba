"""`python -m bench.right_sizing`: cost against accuracy of ways to route, and what is reported of failing models."""

from collections.abc import Iterator
from typing import Final

from bench.right_sizing import frontier, reliability, task_mix
from house.tree import ROOT

PRICES_PAGE: Final = ROOT / "docs" / "costs.md"
FRONTIER_PAGE: Final = ROOT / "docs" / "right-sizing.md"
TASKS: Final = 5000
PAIRS: Final = ((0.18, 0.40e-6), (0.02, 0.44e-6), (0.02, 0.60e-6))
"""Failing share and price of an output token: a cheap model that often fails, and two expensive ones that rarely do."""


def frontier_rows() -> Iterator[str]:
    """The figures in the rows of the right-sizing page, without names and empty cells."""
    tasks = task_mix.tasks(TASKS)
    points = [frontier.played(name, route, tasks, named=named) for name, route, named in frontier.routes()]
    large = next(one for one in points if one.name == "always large")
    for one in points:
        if one is not large:
            yield (
                f"| {one.accuracy:.1%} | {one.saved(large):.1%} | {one.lost(large):.1f} | {one.misrouted:.1%} |"
            ).replace("%", " %")


def reliability_rows() -> Iterator[str]:
    """The example of the costs page, as in its table."""
    for place, (invalid, price) in enumerate(PAIRS):
        model = reliability.failing(f"ns/{place}", invalid, price)
        figures = reliability.reliability(model, reliability.extractions(TASKS)).reported
        assert figures.retry_rate is not None
        assert figures.cost_per_success is not None
        yield (
            f"| {price * 1e6:.2f} for a million | {invalid:.0%} | {figures.retry_rate:.1%} "
            f"| {figures.cost_per_success:.7f} |"
        ).replace("%", " %")


def main() -> int:
    """Print both tables."""
    tasks = task_mix.tasks(TASKS)
    points = [frontier.played(name, route, tasks, named=named) for name, route, named in frontier.routes()]
    large = next(one for one in points if one.name == "always large")
    print(f"{'route':<24} {'cost':>8} {'right':>7} {'saved':>7} {'lost, pt':>8} {'misrouted':>9} {'escalated':>9}")
    for one in points:
        print(
            f"{one.name:<24} {one.cost:8.4f} {one.accuracy:7.1%} {one.saved(large):7.1%} {one.lost(large):8.2f} "
            f"{one.misrouted:9.1%} {one.escalated:9.1%}"
        )
    print(f"\n{'fails':>6} {'retry rate':>10} {'invalid':>8} {'cost a success':>14} {'by the rates':>12}")
    for place, (invalid, price) in enumerate(PAIRS):
        found = reliability.reliability(
            reliability.failing(f"ns/{place}", invalid, price), reliability.extractions(TASKS)
        )
        figures = found.reported
        print(
            f"{invalid:6.0%} {figures.retry_rate:10.2%} {figures.invalid_rate:8.2%} {figures.cost_per_success:14.4g} "
            f"{found.expected_cost:12.4g}"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
