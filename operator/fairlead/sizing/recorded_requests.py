"""Fields of single recorded requests, both for describing a trace and for replaying it."""

import re
from datetime import UTC, datetime
from typing import Final

from fairlead.sizing import measured_rows
from fairlead.sizing.measured_rows import MeasuredFields

AZURE: Final = ("TIMESTAMP", "ContextTokens", "GeneratedTokens")
MAX_TOKENS: Final = 10_000_000
"""Of a prompt or a reply: more than any model holds, so a typing error."""
_FINER: Final = re.compile(r"(\.\d{6})\d+")
"""Digits of a second beyond microseconds, of which the trace has one."""
MAX_BLOCKS: Final = 10_000_000
"""Blocks of 16 tokens: many times the longest prompt that any engine takes."""


def azure_moment(row: MeasuredFields) -> datetime:
    """Return the time stamp, in UTC if it names no zone."""
    written = row.text("TIMESTAMP")
    try:
        moment = datetime.fromisoformat(_FINER.sub(r"\1", written.strip()))
    except ValueError as problem:
        raise row.bad("TIMESTAMP is not a time such as 2023-11-16 18:15:46.680590") from problem
    return moment.replace(tzinfo=moment.tzinfo or UTC)


def tokens_of(row: MeasuredFields, name: str) -> int:
    """Return the tokens of a prompt or of a reply."""
    return row.count(name, most=MAX_TOKENS)


def block_ids(row: MeasuredFields) -> list[int]:
    """Return ids of a prompt's blocks."""
    ids = []
    for one in row.items("hash_ids"):
        if not isinstance(one, int) or isinstance(one, bool):
            raise row.bad(f"hash_ids has {measured_rows.shown(one)}, which is not a whole number")
        ids.append(one)
    return ids


def block_runs(row: MeasuredFields) -> list[tuple[int, int]]:
    """Return the `[first id, count]` runs of a prompt's blocks; in total no more than a prompt could have."""
    runs = [_run(row, one) for one in row.items("hash_runs")]
    if sum(count for _, count in runs) > MAX_BLOCKS:
        raise row.bad(f"hash_runs has more than {MAX_BLOCKS:,} blocks")
    return runs


def _run(row: MeasuredFields, one: object) -> tuple[int, int]:
    match one:
        case [int(first), int(count)] if count >= 0:
            return first, count
        case _:
            raise row.bad(f"hash_runs has {measured_rows.shown(one)}, which is not [first id, count]")
