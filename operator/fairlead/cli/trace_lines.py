"""The lines of a trace on disk, compressed or not, with limits so that no file is read without end."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

from fairlead.simulator.traffic import request_traces
from fairlead.simulator.traffic.arrivals import UnreadableTraffic

FORMATS: Final = (
    f"a CSV begins with {','.join(request_traces.COLUMNS)}, TIMESTAMP,ContextTokens,GeneratedTokens (Azure) or "
    "t_s,client,rate_rps (ServeGen); JSON lines have input_length, request_id or custom_id"
)
MAX_BYTES: Final = 2_000_000_000
"""Of any trace; a month of ten requests a second in plain columns is a quarter of it, read in some minutes."""
TOO_LONG: Final = (
    f"and at most {MAX_BYTES / 1e9:g} GB are read; cut it (`head`, `split`), or simulate its beginning with --until"
)
LONGEST_LINE: Final = 8_000_000
"""Characters: a prompt of ten million tokens needs fewer for its blocks."""


@contextmanager
def opened(path: Path) -> Iterator[Iterator[str]]:
    """Open the lines, each of limited length, and limited in total; spreadsheets write a byte order mark first."""
    packed = path.suffix == ".gz"
    with gzip.open(path, "rt", encoding="utf-8-sig") if packed else path.open(encoding="utf-8-sig") as text:
        yield _bounded(text)


def _bounded(text: TextIO) -> Iterator[str]:
    """Yield lines, with limits on the length of each and of all."""
    size = number = 0
    while line := text.readline(LONGEST_LINE):
        number += 1
        size += len(line)
        if len(line) == LONGEST_LINE:
            raise UnreadableTraffic(f"line {number}: it is longer than {LONGEST_LINE:,} characters; {FORMATS}")
        if size > MAX_BYTES:
            raise UnreadableTraffic(f"line {number}: {size / 1e9:.1f} GB lie before it, {TOO_LONG}")
        yield line
