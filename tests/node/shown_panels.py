"""What each query of each panel shows in a Prometheus, queried as Grafana does, over all recorded time.

A panel is a graph over time, so brief events count; for single numbers too, of which Grafana shows one moment.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from monitoring import files
from tests.monitoring.test_queries import panels
from tests.node.prometheus_pod import PrometheusPod
from tests.waiting import eventually

STEP_S: Final = 2.0
SCRAPED_WITHIN_S: Final = 15.0
RATED: Final = 4
"""Grafana's `$__rate_interval` is four times as long as the time from one scrape to the next."""
ALL: Final = {"$namespace": ".*", "$deployment": ".*"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownQuery:
    """One query of one panel."""

    where: str
    text: str
    lines: int
    """Series with a number at any time."""


def shown(prometheus: PrometheusPod) -> list[ShownQuery]:
    """Every query of every panel."""
    variables = ALL | {"$__rate_interval": f"{RATED * prometheus.every_s:g}s"}
    return list(_shown(prometheus, variables))


def empty(prometheus: PrometheusPod) -> list[str]:
    """Panels with a query that shows nothing; the last event needs two scrapes before a rate shows it."""
    left: list[str] = []

    def none_left() -> bool:
        left[:] = [one.where for one in shown(prometheus) if one.lines == 0]
        return not left

    with suppress(AssertionError):
        eventually(none_left, "no panel is empty", SCRAPED_WITHIN_S)
    return left


def _shown(prometheus: PrometheusPod, variables: Mapping[str, str]) -> Iterator[ShownQuery]:
    for where, query, _ in panels():
        text = query
        for name, value in variables.items():
            text = text.replace(name, value)
        lines = sum(1 for one in prometheus.over_time(text, STEP_S) if one.samples)
        yield ShownQuery(where=where, text=text, lines=lines)


def count() -> int:
    """How many panels there are."""
    return sum(len(row.panels) for board in files.BOARDS for row in board.rows)
