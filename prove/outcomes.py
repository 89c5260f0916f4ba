"""Reads pytest's last line: how many tests passed, failed or were skipped."""

import re
from dataclasses import dataclass
from typing import Final

_CLOSING: Final = re.compile(r"^=*\s*((?:\d+ [a-z]+(?:, )?)+) in [\d.]+s\b", re.MULTILINE)
_PART: Final = re.compile(r"(\d+) ([a-z]+)")
_COLOUR: Final = re.compile(r"\033\[[0-9;]*m")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Tests by outcome; errors count as failures, expected failures as passed."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    @property
    def all_passed(self) -> bool:
        """Something ran, and nothing failed or was skipped: a skipped proof proves nothing."""
        return self.passed > 0 and self.failed == 0 and self.skipped == 0

    def __str__(self) -> str:
        """Format `12 passed, 0 failed, 1 skipped`, zeros included."""
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def counts(output: str) -> Counts:
    """Add up every summary line in a program's output; a command may run several lanes."""
    totals = dict.fromkeys(("passed", "failed", "error", "errors", "skipped", "xfailed", "xpassed"), 0)
    for line in _CLOSING.findall(_COLOUR.sub("", output)):
        for number, word in _PART.findall(line):
            if word in totals:
                totals[word] += int(number)
    return Counts(
        passed=totals["passed"] + totals["xfailed"],
        failed=totals["failed"] + totals["error"] + totals["errors"] + totals["xpassed"],
        skipped=totals["skipped"],
    )
