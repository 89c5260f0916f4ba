"""The report of `fairlead simulate`: from the results to a file, or into the cluster."""

import argparse
import shlex
import sys
from pathlib import Path
from typing import NamedTuple

from fairlead.cli import prometheus_traffic, report_publication
from fairlead.cli.cluster_client import ClusterUnavailable
from fairlead.cli.report import page
from fairlead.cli.report.page import ReportedComparison
from fairlead.cli.report.timeline import ArrivalRates
from fairlead.cli.report_publication import ReportPlace
from fairlead.cli.simulate_inputs import SimulateInputs
from fairlead.cli.simulate_text import Shown


class WrittenReport(NamedTuple):
    """The message about a written report."""

    words: str
    done: bool = True


def of(
    chosen: argparse.Namespace, inputs: SimulateInputs, shown: Shown, missing: tuple[str, ...]
) -> ReportedComparison:
    """Collect what the report shows."""
    first = inputs.comparison.repeats[0]
    return ReportedComparison(
        command=shlex.join(("fairlead", *map(prometheus_traffic.without_password, chosen.words))),
        traffic=shown.traffic,
        rows=shown.rows,
        missing=missing,
        rates=ArrivalRates.of(first.traffic),
        queued=first.settings.queued,
    )


def write(reported: ReportedComparison, file: str | None, place: ReportPlace | None) -> bool:
    """Write the report and say where it is, or why it failed; return False on failure."""
    written = [*([_filed(reported, file)] if file else []), *([_published(reported, place)] if place else [])]
    for one in written:
        print(f"fairlead simulate: {one.words}", file=sys.stderr)
    return all(one.done for one in written)


def _filed(reported: ReportedComparison, file: str) -> WrittenReport:
    try:
        Path(file).write_text(page.html(reported), encoding="utf-8")
    except OSError as problem:
        return WrittenReport(f"--html {file}: {problem.strerror or problem}", done=False)
    return WrittenReport(f"the report is in {file}")


def _published(reported: ReportedComparison, place: ReportPlace) -> WrittenReport:
    try:
        return WrittenReport(report_publication.write(reported, place))
    except ClusterUnavailable as problem:
        return WrittenReport(f"not published: {problem}", done=False)
