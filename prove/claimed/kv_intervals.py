"""The claim about the fit's low and high: true for starts whose group was excluded from calibration."""

from typing import Final

from fitting import kv_intervals, kv_left_out, kv_starts
from fitting.kv_left_out import LeftOutFigures
from prove import programs
from prove.claimed import api
from prove.claims import Claim, Figure

INSIDE, MEDIAN, RATIO = 0.90, 0.05, 1.3


def intervals_are_true() -> Figure:
    """The published starts of FAIRLEAD_TRACES if it is set, else of this tree; and those found afterwards."""
    published = api.traces() / "kv-capacity.csv"
    starts = kv_intervals.all_starts(published if published.exists() else kv_starts.MEASURED)
    found = {name: kv_left_out.figures(kv_left_out.left_out(starts, key)) for name, key in kv_left_out.GROUPS.items()}
    first, *_ = found.values()
    ended = programs.pytest("tests/fitting/test_kv_intervals.py", "tests/sizing/test_measured_starts.py")
    return Figure(
        holds=_holds(first) and ended.ok and ended.tests.all_passed,
        text=f"{first.starts} starts in {first.groups} groups: "
        + "; ".join(f"left out by {name}: {_words(one)}" for name, one in found.items())
        + f"; {ended.tests}",
    )


def _holds(found: LeftOutFigures) -> bool:
    return (
        found.coverage >= INSIDE
        and max(found.median_error, found.group_error) <= MEDIAN
        and found.median_ratio <= RATIO
    )


def _words(found: LeftOutFigures) -> str:
    name, held, members = found.worst
    return (
        f"{found.inside} inside low to high ({found.coverage:.1%}), median error of `likely` {found.median_error:.2%} "
        f"(of {found.groups} groups' medians {found.group_error:.2%}), high/low {found.median_ratio:.2f}, "
        f"worst group {name} with {held} of {members}"
    )


CLAIMS: Final = (
    Claim(
        item="engines.5",
        title="KV capacity intervals that are true: with every group of release, card and parallelism left out of all "
        "that is learnt, at least 90 % of measured starts lie inside low to high, median error of `likely` at most "
        "5 %, high/low at most 1.3 at the median",
        prove=intervals_are_true,
    ),
)
