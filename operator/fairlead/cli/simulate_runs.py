"""Plays a comparison, and shows the progress on a terminal."""

import sys
from typing import Final

from fairlead.backtest import worker_pool
from fairlead.backtest.comparison import Comparison, Outcome

BAR: Final = 30


def played(comparison: Comparison, jobs: int, *, bounded: bool = True) -> Outcome:
    """Play everything, or what there is time for; if `bounded`, compute the lower bound first."""
    total = len(comparison.runs)

    def progress(share: float, ended: int) -> None:
        if sys.stderr.isatty():
            print(_bar(share, ended, total), end="\n" if ended == total else "", file=sys.stderr, flush=True)

    return worker_pool.played(comparison, jobs, progress, bounded=bounded)


def _bar(share: float, ended: int, total: int) -> str:
    filled = int(share * BAR)
    return f"\r[{'#' * filled}{'.' * (BAR - filled)}] {share:4.0%} simulated, {ended} of {total} runs"
