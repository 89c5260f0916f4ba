"""Writes the access log to a file or a pipe: lines are collected on the loop and written by a dedicated thread.

A pipe without a reader or a stalled disk blocks the thread, never the loop: lines are then buffered up to a bound, and
dropped and counted above it. `O_NONBLOCK` is no solution: on an inherited standard output it would change the pipe for
every other process that holds it, and on files it does nothing.
"""

import os
import stat
import threading
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Final, Protocol

HAND_OVER_BYTES: Final = 64 * 2**10
"""What fits into a pipe at once: a hundred lines, so that waking the thread costs 0.2 us a line."""
MAX_WAITING_BYTES: Final = 8 * 2**20
"""A second's lines at 13,000 requests a second."""


class LogSink(Protocol):
    """Where bytes go. It may block, and fails with `OSError`."""

    def write(self, data: bytes) -> None:
        """Write all of it."""

    def close(self) -> None:
        """Close it."""


class AccessLogWriter:
    """Belongs to one loop; only `_write` runs in the thread."""

    def __init__(self, sink: LogSink, max_waiting: int = MAX_WAITING_BYTES) -> None:
        self.accepted = 0
        self.dropped = 0
        self._max_waiting = max_waiting
        self._gathered: list[bytes] = []
        self._bytes = 0
        self._handed = 0
        self._sink = sink
        self._work: SimpleQueue[list[bytes] | None] = SimpleQueue()
        # Only the thread writes these two, only the loop reads them: no lock is needed.
        self._done = 0
        self._lost = 0
        self._torn = False
        self._thread = threading.Thread(target=self._write, name="access lines", daemon=True)
        self._thread.start()

    @property
    def written(self) -> int:
        """Number of lines not lost; the last ones may not be written yet."""
        return self.accepted - self.lost

    @property
    def lost(self) -> int:
        """Number of lines dropped or not written because of an error."""
        return self.dropped + self._lost

    def take(self, line: bytes) -> None:
        """Add one line, without its end."""
        self.accepted += 1
        self._gathered.append(line)
        self._bytes += len(line) + 1
        if self._bytes >= HAND_OVER_BYTES:
            self.hand_over()

    def hand_over(self) -> None:
        """Hand the collected lines to the thread; called once a second, and when there are many."""
        gathered, size = self._gathered, self._bytes
        if not gathered:
            return
        self._gathered, self._bytes = [], 0
        if self._handed - self._done + size > self._max_waiting:
            self.dropped += len(gathered)
            return
        self._handed += size
        self._work.put(gathered)

    def close(self, seconds: float) -> None:
        """Write everything collected; lines not written in time are lost."""
        self.hand_over()
        self._work.put(None)
        self._thread.join(seconds)

    def _write(self) -> None:
        while (lines := self._work.get()) is not None:
            data = b"\n".join((*lines, b""))
            try:
                # A write that failed half-way left half a line: the next one begins on a new line.
                self._sink.write(b"\n" + data if self._torn else data)
                self._torn = False
            except OSError:
                self._torn = True
                self._lost += len(lines)
            self._done += len(data)
        self._sink.close()


class DescriptorSink:
    """A descriptor opened elsewhere, such as standard output."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, data: bytes) -> None:
        """Write all of it, as the pipe has room."""
        write_all(self._descriptor, data)

    def close(self) -> None:
        """Do nothing: the descriptor belongs to another owner."""


class LogFileSink:
    """A file that other programs may move: it is reopened when its path names another file, or none.

    So `mv` is enough to rotate it; with copy-and-truncate each write still goes to the end.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = self._opened()

    def write(self, data: bytes) -> None:
        """Write to the file now at the path."""
        if self._moved():
            fresh = self._opened()
            os.close(self._descriptor)
            self._descriptor = fresh
        write_all(self._descriptor, data)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def _opened(self) -> int:
        # Lines show who sent what and when, so not every user of the machine may read them.
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)

    def _moved(self) -> bool:
        mine = os.fstat(self._descriptor)
        if not stat.S_ISREG(mine.st_mode):
            return False
        with suppress(FileNotFoundError):
            named = self._path.stat()
            return (named.st_dev, named.st_ino) != (mine.st_dev, mine.st_ino)
        return True


def write_all(descriptor: int, data: bytes) -> None:
    """Write until nothing is left."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def sink(where: str) -> LogSink:
    """Open `-`, standard output, or a path. A file that cannot be opened is an error at start, not a silent loss."""
    return DescriptorSink(1) if where == "-" else LogFileSink(Path(where))
