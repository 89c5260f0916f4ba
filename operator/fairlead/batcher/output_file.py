"""The output: read at the start, appended to line by line, with one writer at a time; and the file of failures."""

import fcntl
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Final, Self

from fairlead.batching import output_lines
from fairlead.batching.batch_requests import LONGEST_LINE
from fairlead.batching.custom_ids import CustomIds

_STREAMS: Final[Mapping[int, str]] = {
    1: "standard output goes to it too, so the summary would be written into it",
    2: "standard error goes to it too, so messages would be written into it",
}
"""By the numbers of their files: a shell opened these at their first byte, so what is printed overwrites answers."""


class OutputUnusable(Exception):
    """The output cannot be continued; the message says why and what to do."""


class OutputFile:
    """The output of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[bytes] | None = None
        self._whole = 0
        """Bytes of complete lines."""
        self._lacks_newline = False

    def __enter__(self) -> Self:
        self._file = _opened(self.path, f"--output {self.path}")
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def read_answers(self, ids: CustomIds) -> int:
        """Record all answers of earlier runs; return how many there are."""
        answers = 0
        with self.path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                try:
                    found = output_lines.read(line) if line.strip() else None
                except ValueError as problem:
                    if not line.endswith(b"\n") and output_lines.is_cut_off(line):
                        break
                    raise OutputUnusable(
                        f"--output {self.path}: line {number}: {problem}; choose another file, or delete the line"
                    ) from None
                self._whole += len(line)
                self._lacks_newline = not line.endswith(b"\n")
                if found is not None:
                    ids.add_answer(found.custom_id, found.digest)
                    answers += 1
        return answers

    def mend(self) -> None:
        """Cut off a line whose run was ended while it wrote it, so that its request is sent again; end a whole one."""
        assert self._file is not None, "the output is open"
        self._file.truncate(self._whole)
        if self._lacks_newline:
            _write(self._file, b"\n")

    def add(self, line: bytes) -> None:
        """Append a line."""
        assert self._file is not None, "the output is open"
        _write(self._file, line)


class FailureFile:
    """The failures of one run, in a file that stays only if there are any; a rerun sends them all again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        self._file = _opened(self.path, f"--errors {self.path}")
        try:
            self._check()
        except OutputUnusable:
            self._file.close()
            raise
        self._file.truncate(0)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._file is not None, "the file is open"
        if not os.fstat(self._file.fileno()).st_size:
            self.path.unlink(missing_ok=True)
        self._file.close()

    def add(self, line: bytes) -> None:
        """Append a line."""
        assert self._file is not None, "the file is open"
        _write(self._file, line)

    def _check(self) -> None:
        """Refuse a file that is not one of failures, since it is about to be emptied: another one, or an output."""
        with self.path.open("rb") as file:
            for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE), b""), start=1):
                begin = f"--errors {self.path}: line {number}"
                try:
                    if line.strip() and output_lines.holds_answer(line):
                        raise OutputUnusable(
                            f"{begin}: it holds an answer, which would be deleted; choose another file, or exchange "
                            "--errors and --output"
                        )
                except ValueError as problem:
                    if number == 1 and not output_lines.is_cut_off(line):
                        raise OutputUnusable(f"{begin}: {problem}; choose another file") from None


def _opened(path: Path, name: str) -> IO[bytes]:
    """Open a file for this run alone. Raises `OutputUnusable`."""
    # Not buffered: a line is the operating system's once it is written, and what failed is not written later.
    file = path.open("a+b", buffering=0)
    found = os.fstat(file.fileno())
    if not stat.S_ISREG(found.st_mode):
        why = "it is not a regular file, and a later run could not read it; choose one that is"
    else:
        why = _why_printed_to(file) or _why_not_locked(file)
    if not why:
        return file
    file.close()
    raise OutputUnusable(f"{name}: {why}")


def _why_printed_to(file: IO[bytes]) -> str:
    """Refuse a file that this process prints to, or return nothing."""
    for number, why in _STREAMS.items():
        if number == file.fileno():  # the stream was closed, so its number was free
            continue
        try:
            is_same = os.path.sameopenfile(file.fileno(), number)
        except OSError:  # it is closed
            continue
        if is_same:
            return f"{why}; name another file"
    return ""


def _why_not_locked(file: IO[bytes]) -> str:
    """Make this run the only writer, or return why it cannot be."""
    taken = "another run writes it; wait for it, or choose another file"
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return taken
    except OSError as problem:
        return f"its volume cannot lock files ({problem.strerror}), so two runs could write it; choose another volume"
    return "" if os.fstat(file.fileno()).st_nlink else taken


def _write(file: IO[bytes], line: bytes) -> None:
    """Write all of it: a disk that fills up takes a part before it refuses the rest."""
    left = memoryview(line)
    while left:
        left = left[file.write(left) :]
