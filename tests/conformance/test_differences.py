"""The table of differences is complete: no case has one of its own, and none in the table is unused."""

import re
from pathlib import Path

from tests.conformance.differences import MEANT

DIFFERENCE = re.compile(r'differs\("([^"]+)"\)')


def test_cases_ask_for_the_differences_there_are() -> None:
    sources = [path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py")]
    assert {name for source in sources for name in DIFFERENCE.findall(source)} == set(MEANT)


def test_every_difference_has_its_reason() -> None:
    assert all(one.real and one.ours and one.because and one.real != one.ours for one in MEANT.values())
