"""Lines that were checked, read again to be sent: each is still the same, or nothing more is sent."""

import zlib
from collections.abc import Iterable, Iterator
from typing import Final

from fairlead.batching import batch_requests
from fairlead.batching.batch_check import BatchContents
from fairlead.batching.batch_requests import BatchRequest
from fairlead.batching.custom_ids import CustomIds
from fairlead.fleet.line_problems import LineProblem, shown

SKIPPED_AT_ONCE: Final = 1000
"""Lines that are read at a time while nothing is sent."""


class InputChanged(Exception):
    """The input is no longer what was checked."""


def unanswered(
    lines: Iterable[tuple[int, bytes]], checked: BatchContents, ids: CustomIds
) -> Iterator[BatchRequest | None]:
    """Yield the requests that the output has no answer to, in the file's order, and None now and then.

    Raises `InputChanged` at the first line that is another one, and at the end for all that no single line shows.
    """
    line, checksum = 0, 0
    for line, text in lines:
        if line > checked.lines:
            raise InputChanged(f"line {line}: it was added")
        checksum = zlib.crc32(text, checksum)
        if request := _unsent(line, text, ids):
            yield request
        elif not line % SKIPPED_AT_ONCE:
            yield None
    if line < checked.lines:
        raise InputChanged(f"it ends after line {line:,} of {checked.lines:,}")
    if checksum != checked.checksum:
        raise InputChanged(f"some of {line:,} lines are others than those that were checked")


def _unsent(line: int, text: bytes, ids: CustomIds) -> BatchRequest | None:
    if not text.strip():
        return None
    read = batch_requests.read(text, line)
    if isinstance(read, LineProblem):
        raise InputChanged(read.sentence)
    if not ids.is_line(read.custom_id):
        raise InputChanged(f"line {line}: custom_id: {shown(read.custom_id)}: it is new")
    if ids.is_answered(read.custom_id):
        return None
    if not ids.is_unchanged(read):
        raise InputChanged(f"line {line}: custom_id: {shown(read.custom_id)}: its request was changed")
    return read
