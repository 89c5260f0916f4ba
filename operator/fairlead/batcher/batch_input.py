"""The input as numbered lines that can be read twice: once to check them all, once to send them."""

import gzip
import shutil
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Final, cast

from fairlead.batching.batch_requests import LONGEST_LINE
from fairlead.cluster import package_data

_TOO_LONG: Final = f"it is longer than {LONGEST_LINE >> 20} MiB; write one request a line"
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


class InputUnreadable(Exception):
    """The input cannot be read; the message says where and what to do."""


class BatchInput:
    """An open input."""

    def __init__(self, name: str, file: IO[bytes]) -> None:
        self.name = name
        self._file = file

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Yield all lines from the first one on, each with its number."""
        self._file.seek(0)
        number = 0
        try:
            while text := self._file.readline(LONGEST_LINE):
                number += 1
                if len(text) == LONGEST_LINE and not text.endswith(b"\n"):
                    raise InputUnreadable(f"{self.name}: line {number}: {_TOO_LONG}")
                yield number, text.removeprefix(_BYTE_ORDER_MARK) if number == 1 else text
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise InputUnreadable(f"{self.name}: {package_data.BROKEN_GZIP}") from None


@contextmanager
def opened(path: str) -> Iterator[BatchInput]:
    """Open a file, `.gz` too; what can be read only once, such as standard input (`-`), is copied first."""
    with ExitStack() as stack:
        if path == "-":
            yield BatchInput("standard input", stack.enter_context(_copied(sys.stdin.buffer)))
        elif path.endswith(".gz"):
            yield BatchInput(path, cast("IO[bytes]", stack.enter_context(gzip.open(path))))
        else:
            file = stack.enter_context(Path(path).open("rb"))
            yield BatchInput(path, file if file.seekable() else stack.enter_context(_copied(file)))


@contextmanager
def _copied(file: IO[bytes]) -> Iterator[IO[bytes]]:
    """Only now a temporary file is made: a container may have no place for one."""
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(file, copy)
        yield copy
