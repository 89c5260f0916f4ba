"""Findings of an SRE's trial on a real node: each has a test, and a search covers its kind."""

from typing import Final

from prove import noted
from prove.claims import Claim, Figure

FINDINGS: Final = range(1, 24)
"""Their numbers in issue 14."""


def every_finding_has_its_story() -> Figure:
    """All tests with a finding's number, in the environment that each needs."""
    ran = noted.pytest("-m", "trial", "tests")
    entries = [int(number) for number in ran.numbers.get("trial", ())]
    missing = [str(number) for number in FINDINGS if number not in entries]
    by_number = ", ".join(f"{number}: {entries.count(number)}" for number in FINDINGS if number in entries)
    return Figure(
        holds=ran.well and not missing,
        text=f"stories by finding: {by_number or 'none'}; without a story: {', '.join(missing) or 'none'}; "
        f"{ran.ended.tests}",
    )


CLAIMS: Final = (
    Claim(
        item="trial.1",
        title="Each of the 23 findings of an SRE's trial on a real node has a story that failed before it was mended "
        "and passes now",
        prove=every_finding_has_its_story,
        slow=True,
    ),
)
