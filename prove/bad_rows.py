"""Checks readers with measured data that has one error: it must be reported with its line, or leave finite figures.

A reader gets a small valid file in which one cell was replaced, a row repeated, cut or blanked, or a column removed. It
must report the line and the error, or return finite figures; never a traceback.
"""

import dataclasses
import json
import math
import random
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Final

from fairlead.sizing.traces import UnreadableTrace
from fitting.benchmark_runs import BenchmarkRuns
from prove.measured_readers import MeasuredReader

JUNK: Final = (
    *("", " ", "0", "-1", "-0.5", "nan", "NaN", "inf", "-inf", "1e400", "1e18", "9" * 400, "0.5", "3.7", "abc", "None"),
    *("0x10", "1,5", "true", "null", "[]", "{}", '"', "'", "\x00", "\u00e9", "8 GPUs", "2023-13-45", "\ufeff1", "--"),
)
_LINE: Final = re.compile(r"\bline \d+\b")
_WHOLE: Final = re.compile(
    "take the workload of this run|a rate needs two|no window with traffic|no client has lengths"
)
"""Errors of a whole file, without a line; any other message without a line is a bug of ours."""


class RowOutcome(StrEnum):
    """The result for a file with one error."""

    NAMED = "named with its line"
    WHOLE = "named for the whole file"
    TAKEN = "taken, every figure finite"
    ENDLESS = "taken, a figure not finite"
    TRACEBACK = "a traceback"


def outcome(reader: MeasuredReader, text: str) -> tuple[RowOutcome, str]:
    """Run the reader on the text; return the outcome and its message."""
    try:
        found = reader.read(text)
    except ValueError as problem:
        return _worded(str(problem)), str(problem)
    except Exception as problem:  # noqa: BLE001 - escaping exceptions are what this looks for
        return RowOutcome.TRACEBACK, repr(problem)
    words = "; ".join(_words(found))
    if words:
        return _worded(words), words
    return (
        (RowOutcome.TAKEN, "") if all(map(math.isfinite, figures(found))) else (RowOutcome.ENDLESS, repr(found)[:200])
    )


def _worded(words: str) -> RowOutcome:
    if _LINE.search(words):
        return RowOutcome.NAMED
    return RowOutcome.WHOLE if _WHOLE.search(words) else RowOutcome.TRACEBACK


def _words(found: object) -> Iterator[str]:
    """Problems that a reader returns beside or instead of its figures."""
    if isinstance(found, UnreadableTrace):
        yield found.because
    if isinstance(found, BenchmarkRuns):
        yield from found.left_out


def figures(found: object) -> Iterator[float]:
    """Every number in a result."""
    if isinstance(found, bool) or found is None:
        return
    if isinstance(found, int | float):
        yield float(found)
    elif dataclasses.is_dataclass(found) and not isinstance(found, type):
        for one in dataclasses.fields(found):
            yield from figures(getattr(found, one.name))
    elif isinstance(found, Mapping):
        for value in found.values():
            yield from figures(value)
    elif isinstance(found, list | tuple):
        for value in found:
            yield from figures(value)


def spoilt(reader: MeasuredReader, chance: random.Random) -> str:
    """The reader's file with one random error."""
    lines = reader.text.splitlines()
    place = chance.randrange(0 if chance.random() < 0.05 else 1 - reader.is_json, len(lines))
    match chance.choices(("cell", "absent", "again", "cut", "blank", "column"), (80, 6, 4, 4, 3, 3))[0]:
        case "again":
            lines.insert(place, lines[0])
        case "cut":
            lines[place] = lines[place][: chance.randrange(len(lines[place]) + 1)]
        case "blank":
            lines[place] = ""
        case "column" if not reader.is_json:
            gone = chance.randrange(lines[0].count(",") + 1)
            lines = [",".join(one for at, one in enumerate(line.split(",")) if at != gone) for line in lines]
        case "absent":
            lines[place] = _object_without(lines[place], chance) if reader.is_json else lines[place].rpartition(",")[0]
        case _:
            lines[place] = (_spoilt_object if reader.is_json else _spoilt_cells)(lines[place], chance)
    return "\n".join((*lines, ""))


def _spoilt_cells(line: str, chance: random.Random) -> str:
    cells = line.split(",")
    cells[chance.randrange(len(cells))] = chance.choice(JUNK)
    return ",".join(cells)


def _spoilt_object(line: str, chance: random.Random) -> str:
    whole = json.loads(line)
    one = whole
    while nested := [
        value for value in one.values() if isinstance(value, list) and value and isinstance(value[0], dict)
    ]:
        if chance.random() < 0.3:
            break
        one = chance.choice(chance.choice(nested))
    name = chance.choice(sorted(one))
    junk: list[Any] = [None, True, [], {}, -1, 0, 0.5, 10**400, float("nan"), float("inf"), [[1]], [["a", 1]], *JUNK]
    one[name] = chance.choice(junk)
    return json.dumps(whole)


def _object_without(line: str, chance: random.Random) -> str:
    whole = json.loads(line)
    whole.pop(chance.choice(sorted(whole)))
    return json.dumps(whole)
