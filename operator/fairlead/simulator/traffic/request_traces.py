"""Recorded single requests, line by line, timed from the first: Azure's CSV, Mooncake's JSON lines, plain columns.

`sizing.traces` reads the same files whole, to describe them; here each line becomes an arrival and is not kept.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import gt
from typing import Final

from fairlead.simulator.traffic.arrivals import RequestArrival, UnreadableTraffic
from fairlead.simulator.traffic.prefix_blocks import BlockConversion
from fairlead.sizing import measured_rows
from fairlead.sizing.measured_rows import BadMeasurement
from fairlead.sizing.recorded_requests import AZURE, MAX_TOKENS, azure_moment, block_ids, tokens_of

MOONCAKE_BLOCK = 512
COLUMNS: Final = ("seconds", "prompt_tokens", "output_tokens")
"""Columns of a table that anyone can write; other columns are ignored."""
DATED: Final = 1_000_000_000.0
"""Seconds from here on are those since the epoch, of September 2001 or later; fewer have no date."""
MAX_SECONDS: Final = 100_000_000_000.0
"""In the year 5138; as milliseconds, this is 1973."""

DateListener = Callable[[float], None]
"""Gets the first request's date in seconds since the epoch."""


def _unheard(_began: float) -> None:
    """Most readers need no dates."""


def azure(lines: Iterable[str], began: DateListener = _unheard) -> Iterator[RequestArrival]:
    """Read `TIMESTAMP,ContextTokens,GeneratedTokens`, in order of time."""
    start, clock = None, _Clock()
    try:
        for row in measured_rows.csv_rows(lines, AZURE):
            moment, prompt, output = (
                azure_moment(row),
                tokens_of(row, "ContextTokens"),
                tokens_of(row, "GeneratedTokens"),
            )
            if start is None:
                start = moment
                began(start.timestamp())
            yield RequestArrival(
                time=clock.since_first((moment - start).total_seconds(), row.line),
                prompt_tokens=max(prompt, 1),
                output_tokens=max(output, 1),
            )
    except BadMeasurement as problem:
        raise UnreadableTraffic(f"{problem}; expected {','.join(AZURE)}") from problem


def mooncake(lines: Iterable[str], page_tokens: int) -> Iterator[RequestArrival]:
    """Read `timestamp` in ms, lengths, one id for each block of 512 tokens, and a `tenant` if one was added."""
    conversion = BlockConversion(block_tokens=MOONCAKE_BLOCK, page_tokens=page_tokens)
    clock = _Clock()
    try:
        for row in measured_rows.json_rows(lines):
            moment, prompt, output = (
                row.number("timestamp"),
                tokens_of(row, "input_length"),
                tokens_of(row, "output_length"),
            )
            prefix = conversion.pages(block_ids(row), prompt)
            seconds = clock.since_first(moment / 1000, row.line)
            tenant = row.fields.get("tenant")
            yield RequestArrival(
                time=seconds,
                prompt_tokens=max(prompt, 1),
                output_tokens=max(output, 1),
                prefix=prefix,
                client=tenant if isinstance(tenant, str) else None,
            )
    except BadMeasurement as problem:
        raise UnreadableTraffic(f"{problem}; expected timestamp, input_length, output_length, hash_ids") from problem


def columns(lines: Iterable[str], began: DateListener = _unheard) -> Iterator[RequestArrival]:
    """Read `seconds,prompt_tokens,output_tokens`, in order of time."""
    clock, begun = _Clock(), False
    try:
        for first, (moments, prompts, replies) in measured_rows.csv_numbers(
            lines, COLUMNS[:1], COLUMNS[1:], MAX_TOKENS
        ):
            if not begun and moments[0] >= DATED:
                began(moments[0])
            if max(moments) > MAX_SECONDS:
                raise _not_seconds(moments, first)
            times, begun = clock.since_the_first(moments, first), True
            for time, prompt, reply in zip(times, prompts, replies, strict=True):
                yield RequestArrival(time=time, prompt_tokens=int(prompt) or 1, output_tokens=int(reply) or 1)
    except BadMeasurement as problem:
        raise UnreadableTraffic(f"{problem}; expected {','.join(COLUMNS)}") from problem


def _not_seconds(moments: Sequence[float], first: int) -> BadMeasurement:
    place = next(at for at, one in enumerate(moments) if one > MAX_SECONDS)
    because = f"seconds is {moments[place]:.15g}, more than {MAX_SECONDS:g}, as milliseconds are"
    return BadMeasurement(first + place, because, "divide them by 1,000, or by 1,000,000 if they are microseconds")


class _Clock:
    """Times of rows since the first request; none may be before the row above it."""

    __slots__ = ("_first", "_last")

    def __init__(self) -> None:
        self._first: float | None = None
        self._last = 0.0

    def since_the_first(self, moments: Sequence[float], line: int) -> Iterable[float]:
        """Convert consecutive rows; all at once if they are in order."""
        begin = moments[0] if self._first is None else self._first
        if moments[0] < self._last or any(map(gt, moments, moments[1:])):
            return (self.since_first(one, line + number) for number, one in enumerate(moments))
        self._first, self._last = begin, moments[-1]
        return [one - begin for one in moments]

    def since_first(self, seconds: float, line: int) -> float:
        """Convert one row's time, of any monotonic clock."""
        if self._first is None:
            self._first = self._last = seconds
        if seconds < self._last:
            raise BadMeasurement(
                line,
                f"it came {self._last - seconds:g} s before the request above it",
                "write the file in order of time",
            )
        self._last = seconds
        return seconds - self._first
