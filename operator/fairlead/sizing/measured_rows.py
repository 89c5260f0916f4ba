"""Measured data as text, row by row: every field is read with its limits, and errors name their line."""

import csv
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final, NamedTuple

from fairlead.documents import json_document
from fairlead.documents.document_faults import UnreadableDocument

MOST: Final = 1e15
"""More than any measurement: a larger figure is a typing error, and would only overflow."""
AT_ONCE: Final = 2**16
"""Characters of plain lines that are read together."""
_SHOWN: Final = 40


class BadMeasurement(ValueError):
    """A row that cannot be a measurement; the message names the line, what is wrong and what to do."""

    def __init__(self, line: int, because: str, remedy: str = "correct the row or leave it out") -> None:
        super().__init__(f"line {line}: {because}; {remedy}")


@dataclass(frozen=True, slots=True)
class MeasuredFields:
    """One row's fields by name, and its line in the file."""

    line: int
    fields: Mapping[str, object]

    def has(self, name: str) -> bool:
        """Whether the field is present and not blank."""
        value = self.fields.get(name)
        return value is not None and str(value).strip() != ""

    def value(self, name: str) -> object:
        """Return a field that every row must have."""
        if name not in self.fields:
            raise self.bad(f"it has no {name}")
        return self.fields[name]

    def text(self, name: str) -> str:
        """Return a text that is not blank."""
        value = self.value(name)
        if not isinstance(value, str) or not value.strip():
            raise self.bad(f"{name} is {shown(value)}, and must be text")
        return value

    def number(self, name: str, least: float = 0.0, most: float = MOST, *, above: float | None = None) -> float:
        """Return a finite number between two limits, or above one."""
        value = self.value(name)
        number = _number(value)
        if number is None:
            raise self.bad(f"{name} is {shown(value)}, and must be a number")
        if above is not None and number <= above:
            raise self.bad(f"{name} is {shown(value)}, and must be above {above:g}")
        if not least <= number <= most:
            raise self.bad(f"{name} is {shown(value)}, and must be between {least:,.12g} and {most:,.12g}")
        return number

    def count(self, name: str, least: int = 0, most: float = MOST) -> int:
        """Return a whole number; `8` and `8.0` are the same."""
        number = self.number(name, least, most)
        if number != int(number):
            raise self.bad(f"{name} is {shown(self.value(name))}, and must be a whole number")
        return int(number)

    def count_or(self, name: str, default: int, least: int = 0) -> int:
        """Return a whole number, or the default if the field is absent or blank."""
        return self.count(name, least) if self.has(name) else default

    def items(self, name: str) -> Sequence[object]:
        """Return a list, as in JSON."""
        value = self.value(name)
        if not isinstance(value, list):
            raise self.bad(f"{name} is {shown(value)}, and must be a list")
        return value

    def bad(self, because: str) -> BadMeasurement:
        """Make the error for this row."""
        return BadMeasurement(self.line, because)


def csv_rows(lines: Iterable[str], columns: Iterable[str]) -> Iterator[MeasuredFields]:
    """Yield all rows of a table that has these columns; raise the first bad row as `BadMeasurement`."""
    for row in every_csv_row(lines, columns):
        if isinstance(row, BadMeasurement):
            raise row
        yield row


def every_csv_row(lines: Iterable[str], columns: Iterable[str]) -> Iterator[MeasuredFields | BadMeasurement]:
    """Yield all rows of a table, bad ones included; raise for a header that lacks a column."""
    table = _CsvTable(lines)
    header = table.header(tuple(columns))
    while (values := table.next()) is not None:
        yield _row(table.line, header, values)


class NumberRows(NamedTuple):
    """Consecutive rows of a table, column by column."""

    first: int
    """Line of the first row; each row has a line of its own."""
    columns: Sequence[Sequence[float]]


def csv_numbers(
    lines: Iterable[str], numbers: Sequence[str], counts: Sequence[str], most: float = MOST
) -> Iterator[NumberRows]:
    """Yield these columns of all rows, `counts` as whole numbers up to `most`; raise what `csv_rows` and its fields do.

    Many valid rows are parsed at once, which saves a call for each request of a day. From the first block with an
    invalid, quoted or blank row on, `MeasuredFields` reads single rows and says what is wrong.
    """
    ahead = _LinesAhead(lines)
    table = _CsvTable(ahead)
    header = table.header((*numbers, *counts))
    places, width, done = [header.index(one) for one in (*numbers, *counts)], len(header), table.line
    while block := ahead.block():
        columns = _plain(block, width, places, len(numbers), most)
        if not columns:
            yield from _one_by_one(_CsvTable(chain(block, ahead), done), header, numbers, counts, most)
            return
        yield NumberRows(done + 1, columns)
        done += len(block)


def _plain(block: list[str], width: int, places: Sequence[int], broken: int, most: float) -> list[list[float]]:
    """Return the columns of lines of plain numbers within their limits, the first `broken` ones with fractions and the
    others up to `most`; empty if any line is something else."""
    text = ",".join(block)
    if '"' in text or "\r" in text or {line.count(",") for line in block} != {width - 1}:
        return []
    words = text.split(",")
    try:
        columns = [list(map(float, words[place::width])) for place in places]
    except ValueError:
        return []
    within = all(all(map(math.isfinite, one)) and min(one) >= 0.0 and max(one) <= MOST for one in columns)
    whole = all(all(map(float.is_integer, one)) and max(one) <= most for one in columns[broken:])
    return columns if within and whole else []


def _one_by_one(
    table: "_CsvTable", header: list[str], numbers: Sequence[str], counts: Sequence[str], most: float
) -> Iterator[NumberRows]:
    while (values := table.next()) is not None:
        row = _row(table.line, header, values)
        if isinstance(row, BadMeasurement):
            raise row
        found = (*(row.number(one) for one in numbers), *(row.count(one, most=most) for one in counts))
        yield NumberRows(table.line, [[one] for one in found])


def _row(line: int, header: list[str], values: list[str] | BadMeasurement) -> MeasuredFields | BadMeasurement:
    if isinstance(values, BadMeasurement):
        return values
    if values == header:
        return BadMeasurement(line, "it is the header again", "leave it out")
    if len(values) != len(header):
        return BadMeasurement(line, f"it has {len(values)} fields, and the header {len(header)}")
    return MeasuredFields(line, dict(zip(header, values, strict=True)))


class _LinesAhead:
    """Lines of which some are read ahead; an error of the source is raised when the reader would have reached it."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._source = iter(lines)
        self._problem: Exception | None = None

    def __iter__(self) -> Iterator[str]:
        """Yield the remaining lines one by one."""
        if self._problem is not None:
            raise self._problem
        yield from self._source

    def block(self) -> list[str]:
        """Read the next `AT_ONCE` characters of lines."""
        if self._problem is not None:
            raise self._problem
        found: list[str] = []
        size = 0
        try:
            for line in self._source:
                found.append(line)
                size += len(line)
                if size >= AT_ONCE:
                    break
        except Exception as problem:
            if not found:
                raise
            self._problem = problem
        return found


class _CsvTable:
    """Rows of a CSV with the line that each ends on; lines without fields are skipped."""

    def __init__(self, lines: Iterable[str], before: int = 0) -> None:
        self._reader = csv.reader(lines)
        self._before = before
        """Lines that were read already."""

    @property
    def line(self) -> int:
        """The line where the last row ends."""
        return self._before + self._reader.line_num

    def next(self) -> list[str] | BadMeasurement | None:
        """Return the next row, or None at the end."""
        while True:
            try:
                values = next(self._reader, None)
            except csv.Error as problem:
                return BadMeasurement(self.line, f"it is not CSV: {shown(str(problem))}")
            if values is None or values:
                return values

    def header(self, columns: tuple[str, ...]) -> list[str]:
        """Return the first row; it must have all these columns, and none twice."""
        header = self.next()
        wanted = ",".join(columns)
        if isinstance(header, BadMeasurement):
            raise header
        if header is None:
            raise BadMeasurement(1, f"there is no header with {wanted}", "write it as the first line")
        twice = sorted({name for name in header if header.count(name) > 1})
        if twice:
            raise BadMeasurement(1, f"the header has {shown(twice[0])} twice", "leave one out")
        if absent := [name for name in columns if name not in header]:
            raise BadMeasurement(1, f"the header lacks {', '.join(absent)}", f"the columns are {wanted}")
        return header


def json_rows(lines: Iterable[str]) -> Iterator[MeasuredFields]:
    """Yield one JSON object a line; blank lines are skipped."""
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield json_row(line, number)


def json_row(text: str, line: int) -> MeasuredFields:
    """Parse a JSON object; its numbers are checked field by field."""
    try:
        found = json_document.read(text, as_python=True)
    except UnreadableDocument as problem:
        place = line + (problem.line or 1) - 1
        raise BadMeasurement(place, f"it is not JSON: {problem.because}") from problem
    return json_fields(found, line)


def json_fields(found: object, line: int) -> MeasuredFields:
    """Check that a value within a line is an object."""
    if not isinstance(found, dict):
        raise BadMeasurement(line, f"{shown(found)} is not a JSON object")
    return MeasuredFields(line, found)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def shown(value: object) -> str:
    """Format a value as a person can find it in the file."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return "blank"
    text = value if isinstance(value, str) else repr(value)
    short = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return short if short.isprintable() else ascii(short)
