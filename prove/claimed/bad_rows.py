"""The claim about errors in measured data: reported with the line, never a traceback."""

import random
from collections import Counter
from typing import Final

from prove import bad_rows, measured_readers, programs
from prove.bad_rows import RowOutcome
from prove.claims import Claim, Figure

EACH: Final = 300
SEED: Final = 16


def bad_rows_are_named() -> Figure:
    """Files with one error, through every reader."""
    readers = measured_readers.readers()
    valid = [reader.name for reader in readers if bad_rows.outcome(reader, reader.text)[0] is RowOutcome.TAKEN]
    found: Counter[RowOutcome] = Counter()
    first: dict[RowOutcome, str] = {}
    for reader in readers:
        chance = random.Random(SEED)  # noqa: S311  # the same rows every time
        for _ in range(EACH):
            outcome, words = bad_rows.outcome(reader, bad_rows.spoilt(reader, chance))
            found[outcome] += 1
            first.setdefault(outcome, f"{reader.name}: {words}")
    ended = programs.pytest("tests/fitting/test_bad_rows.py", "tests/sizing/test_measured_rows.py")
    bad = found[RowOutcome.TRACEBACK] + found[RowOutcome.ENDLESS]
    shown = "".join(f"; {first[one]}" for one in (RowOutcome.TRACEBACK, RowOutcome.ENDLESS) if one in first)
    return Figure(
        holds=not bad and len(valid) == len(readers) and ended.ok and ended.tests.all_passed,
        text=f"{found.total():,} spoilt files through {len(readers)} readers: "
        + ", ".join(f"{found[one]:,} {one.value}" for one in RowOutcome)
        + f"{shown}; {ended.tests}",
    )


CLAIMS: Final = (
    Claim(
        item="engines.7",
        title="Bad rows in measured data (zero ranks, blanks, negative times, no numbers, absent columns, the header "
        "again) are named with their line, what is wrong and what to do in every reader: never a traceback, never a "
        "figure that is not finite",
        prove=bad_rows_are_named,
    ),
)
