"""Repeats recorded decisions from files, one by one; only what the report needs stays in memory."""

import errno
import gzip
import sys
import zlib
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final, cast

from fairlead.scaling.explain import record_codec, record_differences
from fairlead.scaling.explain.decision_record import DecisionRecord
from fairlead.scaling.explain.record_codec import BrokenRecord
from fairlead.scaling.explain.record_differences import RecordDifference

IN_A_FOLDER: Final = ".jsonl"
"""Part of the names of files that are read from a folder; rotated ones have a number or `.gz` after it."""
LONGEST_LINE: Final = 64_000_000
"""Bytes; the decision on a thousand pods has a hundredth of it."""
_EXCERPT: Final = 80
_SHOWN_EACH_S: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordLine:
    """One line and its location."""

    place: str
    """File and line number."""
    text: bytes
    """With its line end; a line without one may still be in the middle of a write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionDisagreement:
    """A decision whose result differs when it is repeated."""

    place: str
    record: DecisionRecord
    differences: tuple[RecordDifference, ...]


@dataclass(slots=True, kw_only=True)
class ReplayResult:
    """The result for all lines."""

    lines: int = 0
    agree: int = 0
    disagree: int = 0
    broken: int = 0
    cut: str = ""
    """The location of a last line without a line end: it is still being written."""
    versions: Counter[str] = field(default_factory=Counter)
    """Number of decisions by the version that took them."""
    first_disagreements: list[DecisionDisagreement] = field(default_factory=list)
    first_broken: list[tuple[str, BrokenRecord]] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class ReplayProgress:
    """Shows progress to users who wait at a terminal."""

    clock: Callable[[], float]
    wanted: bool
    show: Callable[[str], None]
    _next: float = 0.0

    def reached(self, lines: int) -> None:
        """Show the number of lines at intervals, so that progress costs nothing."""
        if self.wanted and self.clock() >= self._next:
            self._next = self.clock() + _SHOWN_EACH_S
            self.show(f"{lines:,} decisions")

    def done(self) -> None:
        """Clear the line for the result."""
        if self.wanted:
            self.show(" " * 40 + "\r")


def read(sources: Sequence[str]) -> Iterator[RecordLine]:
    """Yield all lines of all files, a folder's oldest file first; raises `OSError` if one cannot be read."""
    for source in sources:
        if source == "-":
            yield from _lines("stdin", _standard_input())
            continue
        for path in _files(Path(source)):
            with _opened(path) as stream:
                yield from _lines(str(path), stream)


def replay_all(lines: Iterable[RecordLine], progress: ReplayProgress, *, keep: int) -> ReplayResult:
    """Repeat each line's decision; the first few that differ are kept whole."""
    result = ReplayResult()
    for line in lines:
        result.lines += 1
        _add(result, line, keep)
        progress.reached(result.lines)
    progress.done()
    return result


def _add(result: ReplayResult, line: RecordLine, keep: int) -> None:
    record = record_codec.decode(line.text)
    if isinstance(record, BrokenRecord):
        if not line.text.endswith(b"\n"):
            result.cut = line.place
            return
        _add_broken(result, line.place, record, keep)
        return
    try:
        between = record_differences.differences(record)
    except (ArithmeticError, ValueError) as problem:
        excerpt = line.text[:_EXCERPT].decode("utf-8", "replace").strip()
        because = f"its values cannot be decided on ({problem}), and no autoscaler writes such"
        _add_broken(result, line.place, BrokenRecord(because=because, excerpt=excerpt), keep)
        return
    result.versions[record.version] += 1
    if not between:
        result.agree += 1
        return
    result.disagree += 1
    if len(result.first_disagreements) < keep:
        result.first_disagreements.append(DecisionDisagreement(place=line.place, record=record, differences=between))


def _add_broken(result: ReplayResult, place: str, record: BrokenRecord, keep: int) -> None:
    result.broken += 1
    if len(result.first_broken) < keep:
        result.first_broken.append((place, record))


def _files(path: Path) -> Iterator[Path]:
    """The file itself, or a folder's files by modification time, since a rotated name says less than that."""
    if not path.is_dir():
        yield path
        return
    inside = (one for one in path.iterdir() if one.is_file() and IN_A_FOLDER in one.name)
    yield from sorted(inside, key=lambda one: (one.stat().st_mtime_ns, one.name))


def _opened(path: Path) -> BinaryIO:
    return cast("BinaryIO", gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def _standard_input() -> BinaryIO:
    if sys.stdin is None:  # as cron and systemd may start it, though its type says otherwise
        raise OSError(errno.EBADF, "standard input is closed; redirect a file to it, or name the file", "stdin")
    return sys.stdin.buffer


def _lines(name: str, stream: BinaryIO) -> Iterator[RecordLine]:
    """Yield lines numbered from one, as in editors; a broken archive raises `OSError`, like an unreadable file."""
    try:
        for number, text in enumerate(iter(lambda: stream.readline(LONGEST_LINE), b""), start=1):
            if len(text) == LONGEST_LINE:
                most = f"{LONGEST_LINE / 1e6:g} MB"
                raise OSError(
                    0, f"line {number} is longer than {most}, so it is no decision; give the right file", name
                )
            if text.removeprefix(BOM_UTF8).strip():
                yield RecordLine(place=f"{name}:{number}", text=text.removeprefix(BOM_UTF8))
    except (EOFError, zlib.error, gzip.BadGzipFile) as problem:
        raise OSError(0, f"the archive is broken: {problem}", name) from problem
