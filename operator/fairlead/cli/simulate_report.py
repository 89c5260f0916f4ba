"""The report of `fairlead simulate --html`: from what was played to a file."""

import argparse
import shlex
import sys
from pathlib import Path

from fairlead.cli.report import page
from fairlead.cli.report.page import ReportedComparison
from fairlead.cli.report.timeline import ArrivalRates
from fairlead.cli.simulate_inputs import SimulateInputs
from fairlead.cli.simulate_text import Shown


def write(chosen: argparse.Namespace, inputs: SimulateInputs, shown: Shown, missing: tuple[str, ...]) -> None:
    """Say where it lies, or why it does not."""
    reported = ReportedComparison(
        command=shlex.join(("fairlead", *chosen.words)),
        traffic=shown.traffic,
        rows=shown.rows,
        missing=missing,
        rates=ArrivalRates.of(inputs.comparison.repeats[0].traffic),
    )
    try:
        Path(chosen.html).write_text(page.html(reported), encoding="utf-8")
    except OSError as problem:
        print(f"fairlead simulate: --html {chosen.html}: {problem.strerror or problem}", file=sys.stderr)
        return
    print(f"fairlead simulate: the report lies in {chosen.html}", file=sys.stderr)
