"""The output: read at the start, appended to line by line, with one writer at a time; and the file of failures."""

import fcntl
from pathlib import Path
from typing import IO, Self

from fairlead.batching import output_lines
from fairlead.batching.custom_ids import CustomIds


class OutputUnusable(Exception):
    """The output cannot be continued; the message says why and what to do."""


class OutputFile:
    """The output of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[bytes] | None = None
        self._whole = 0
        """Bytes of complete lines."""

    def __enter__(self) -> Self:
        # Not buffered: a line is the operating system's once it is written, and what failed is not written later.
        self._file = self.path.open("a+b", buffering=0)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise OutputUnusable(
                f"--output {self.path}: another run writes it; wait for it, or choose another file"
            ) from None
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def read_answers(self, ids: CustomIds) -> int:
        """Record all answers of earlier runs; return how many there are."""
        answers = 0
        with self.path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if not line.endswith(b"\n"):
                    break
                self._whole += len(line)
                try:
                    found = output_lines.read(line) if line.strip() else None
                except ValueError as problem:
                    raise OutputUnusable(
                        f"--output {self.path}: line {number}: {problem}; choose another file, or delete the line"
                    ) from None
                if found is not None:
                    ids.add_answer(found.custom_id, found.digest)
                    answers += 1
        return answers

    def drop_torn_line(self) -> None:
        """Cut off a last line without its end: the run that wrote it was ended, and its request is sent again."""
        assert self._file is not None, "the output is open"
        self._file.truncate(self._whole)

    def add(self, line: bytes) -> None:
        """Append a line."""
        assert self._file is not None, "the output is open"
        _write(self._file, line)


class FailureFile:
    """The failures of one run, in a file that is there only if there are any; a rerun sends them all again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        self.path.unlink(missing_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, line: bytes) -> None:
        """Append a line."""
        if self._file is None:
            self._file = self.path.open("wb", buffering=0)
        _write(self._file, line)


def _write(file: IO[bytes], line: bytes) -> None:
    """Write all of it: a disk that fills up takes a part before it refuses the rest."""
    left = memoryview(line)
    while left:
        left = left[file.write(left) :]
