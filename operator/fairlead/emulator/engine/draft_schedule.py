"""Draft tokens by batch size: vLLM's `num_speculative_tokens_per_batch_size`, with its error messages."""

from typing import Final

FIELD: Final = "num_speculative_tokens_per_batch_size"

_ROW: Final = "(range_start, range_end, num_speculative_tokens)"


def read(written: object, most: int) -> tuple[tuple[int, int], ...]:
    """Parse rows of batch-size range and tokens into `(up to so many requests, tokens)`; `ValueError` for invalid rows.

    A gap between two rows has the tokens of the row before it, and every batch above the last row has that row's.
    """
    if written is None:
        return ()
    if not isinstance(written, list) or not written:
        raise ValueError(f"{FIELD} must be a non-empty list of {_ROW} entries.")
    rows = sorted(map(_row, written))
    ends = [0, *(end for _, end, _ in rows)]
    if any(start <= before for (start, _, _), before in zip(rows, ends, strict=False)):
        raise ValueError("Batch-size ranges must be non-overlapping and sorted.")
    if rows[0][0] != 1:
        raise ValueError("The first batch-size range must start at 1")
    lasts = [*(start - 1 for start, _, _ in rows[1:]), rows[-1][1]]
    return tuple((last, min(tokens, most)) for last, (_, _, tokens) in zip(lasts, rows, strict=True))


def _row(entry: object) -> tuple[int, int, int]:
    if not isinstance(entry, list) or len(entry) != 3:
        raise ValueError(f"Each {FIELD} entry must be a 3-item sequence: {_ROW}.")
    start, end, tokens = map(int, entry)
    if start <= 0 or end <= 0:
        raise ValueError(f"Batch-size range ({start}, {end}) must be positive.")
    if start > end:
        raise ValueError(f"Batch-size range start must be <= end for ({start}, {end}, {tokens}).")
    if tokens < 0:
        raise ValueError(f"{FIELD} values must be >= 0.")
    return start, end, tokens
