"""The journal as a file: appended to at once, read at the start, with one writer at a time."""

import fcntl
from pathlib import Path
from typing import Self, TextIO

from fairlead.evaluating import journal
from fairlead.evaluating.journal import JournalLine


class JournalInUse(Exception):
    """Another run is writing this journal."""


class JournalFile:
    """Answers of one side."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.answers: dict[tuple[str, int], JournalLine] = {}
        self.kept = 0
        """Answers that existed at the start."""
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Half a surrogate pair, which a model may write, is no UTF-8: its escape is also JSON's.
        self._file = self.path.open("a+", encoding="utf-8", errors="backslashreplace", newline="\n")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise JournalInUse(
                f"{self.path}: another run writes this journal; wait for it, or choose another --journal"
            ) from None
        self._file.seek(0)
        text = self._file.read()
        self.answers = journal.read(journal.lines_of(text))
        self.kept = len(self.answers)
        if text and not text.endswith("\n"):
            self._file.write("\n")
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, line: JournalLine) -> None:
        """Keep an answer; it is handed to the operating system before the next request."""
        assert self._file is not None, "the journal is open"
        self.answers[line.key] = line
        self._file.write(journal.written(line) + "\n")
        self._file.flush()

    def finish(self) -> None:
        """Close a run that has its verdict: the next one starts anew, and these answers stay readable."""
        self.path.replace(self.path.with_suffix(".finished.jsonl"))
