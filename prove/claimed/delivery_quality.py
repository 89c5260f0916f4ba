"""The claim about an evaluation that outlives its operator: after any kill, the verdict is the same."""

from typing import Final

from prove import programs
from prove.claims import Claim, Figure

STORIES: Final = ("tests/controller/test_quality_gate.py", "tests/controller/evaluations")
THOROUGH: Final = {"FAIRLEAD_EXAMPLES": "100"}
"""Every point instead of a few."""


def kills_change_nothing() -> Figure:
    """All tests of the gate; those of kills at every point."""
    ran = programs.pytest(*STORIES, extra=THOROUGH)
    return Figure(
        holds=ran.ok and ran.tests.all_passed,
        text=f"{ran.tests}; killed before and after every write, and at every request, with a good and a bad revision; "
        "sent twice is at most the round that was in flight",
    )


CLAIMS: Final = (
    Claim(
        item="delivery.4",
        title="An operator that is killed at any point of an evaluation comes to the same verdict; no answer that was "
        "kept is asked for again, and of what was in flight at most one round, as many requests as run at a time",
        prove=kills_change_nothing,
    ),
)
