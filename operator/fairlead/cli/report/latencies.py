"""Latencies by percentile, and the objectives of each candidate."""

import math
from collections.abc import Iterator, Sequence

from fairlead.backtest.play import PlayedCandidate
from fairlead.backtest.repeats import Repeated
from fairlead.cli.report import markup
from fairlead.cli.report.markup import TableRow
from fairlead.simulator.virtual_fleet.report import LatencyFigures

HEADS = ("candidate", "latency", "p50", "p90", "p95", "p99", "longest", "objective (p95)")


def table(rows: Sequence[Repeated]) -> str:
    """Build a table of three rows per candidate; of several runs, from the first one."""
    return markup.table(HEADS, (line for row in rows for line in _of(row)))


def _of(row: Repeated) -> Iterator[TableRow]:
    run = row.runs[0]
    for name, figures, objective in _kinds(run):
        times = (figures.p50, figures.p90, figures.p95, figures.p99, figures.most)
        shown = (name, *(_time(one) for one in times), _against(figures.p95, objective))
        yield TableRow(head=row.name, cells=shown, compared=row.compared)


def _kinds(run: PlayedCandidate) -> tuple[tuple[str, LatencyFigures, float | None], ...]:
    report, objectives = run.report, run.objectives
    return (
        ("first token", report.ttft, objectives.ttft_p95_s),
        ("time per token", report.tpot, objectives.tpot_p95_s),
        ("whole reply", report.e2e, None),
    )


def _against(figure: float, objective: float | None) -> str:
    if objective is None or not math.isfinite(figure):
        return "-"
    return f"{_time(objective)} {'✓ within' if figure <= objective else '✗ above'}"


def _time(seconds: float) -> str:
    if not math.isfinite(seconds):
        return "-"
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"
