"""The cost of a bad revision with one serving replica and no free GPU."""

from typing import Final

from prove import noted
from prove.claims import Claim, Figure

KINDS: Final = 8
ON_A_GPU: Final = frozenset({"out-of-memory", "core-dies"})
GOOD: Final = "good"
NOTED: Final = "gap_of_"
"""Prefix of the figures that the test notes; the rest of the name is the kind."""


def a_bad_revision_costs_no_more_than_a_good_one() -> Figure:
    """The longest time without a ready replica, by kind, beside a good revision's in the same run."""
    ran = noted.pytest("tests/node/serving/rollouts/test_one_replica.py")
    gaps = {name.removeprefix(NOTED): found[0] for name, found in ran.numbers.items() if name.startswith(NOTED)}
    measure = gaps.get(GOOD, 0.0)
    bad = {name: seconds for name, seconds in gaps.items() if name != GOOD and name not in ON_A_GPU}
    late = {name: gaps[name] for name in gaps if name in ON_A_GPU}
    flawed = ran.total("failed") + ran.total("cut")
    holds = ran.well and len(bad) == KINDS and max(bad.values()) <= measure
    return Figure(
        holds=holds,
        text=f"seconds without a ready replica: {_sentence(bad)}; a good revision in the same run, which is one drain "
        f"and one start: {measure:.0f}; found only on a GPU, after the drain: {_sentence(late)}; "
        f"{ran.total('requests'):,} requests, {flawed} failed or cut; {ran.ended.tests}",
    )


def _sentence(gaps: dict[str, float]) -> str:
    return ", ".join(f"{name} {seconds:.0f}" for name, seconds in gaps.items()) or "none"


CLAIMS: Final = (
    Claim(
        item="trial.6",
        title="A bad revision with one replica and no spare GPU: time without a serving replica is at most one drain "
        "and one engine start, for each of eight kinds of bad revision",
        prove=a_bad_revision_costs_no_more_than_a_good_one,
        slow=True,
    ),
)
