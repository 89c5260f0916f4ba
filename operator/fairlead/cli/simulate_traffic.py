"""The trace of `fairlead simulate`: read line by line before anything is played, and never held as text.

Requests without prefixes are kept as three numbers each, so that a line is read once, however often it is played.
Access lines are all held while they are read: they are ordered by their ends, and have to be sorted by arrival.
"""

import gzip
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from math import inf
from pathlib import Path
from typing import Final

from fairlead.cli import client_mixes, router_logs, trace_lines
from fairlead.cluster import package_data
from fairlead.fleet.plurals import count
from fairlead.simulator.traffic import batch_files, request_traces
from fairlead.simulator.traffic.arrivals import RequestArrival, UnreadableTraffic
from fairlead.simulator.traffic.batch_files import BatchNotes, BatchSchedule

MAX_KEPT: Final = 10_000_000
"""Requests; 240 MB of numbers. Longer traces are read again for each play."""
PIPE: Final = "it is a pipe, and this trace is read more than once; write it to a file first"
"""Opened again, a pipe is empty, or blocks without end."""
AT_ONCE: Final = "; all at once"
NO_WINDOW: Final = (
    "its requests have times of their own, and --window is for OpenAI's batch files, which have none; leave it out, or "
    "change the times with `fairlead simulate --speed-up`"
)
LONG_GAP_SECONDS: Final = 600.0
"""A gap without requests that is reported, since a recorder that stood still looks the same."""
DAY_SECONDS: Final = 86_400.0
MAX_GAP_DAYS: Final = 30
"""Longer without a request is a wrong time, such as a 0 among dates."""
MAX_DAYS: Final = 400
"""Of a trace: the fleet is played every few seconds of it, with requests or without."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceCut:
    """The part of a trace that is played, and its speed."""

    since: float = 0.0
    until: float = inf
    speed_up: float = 1.0
    longest_gap: float = inf
    """Longer gaps without a request are shortened to this."""

    @property
    def keeps_time(self) -> bool:
        """Whether seconds between two requests stay as they were."""
        return self.speed_up == 1.0 and self.longest_gap == inf

    @property
    def is_part(self) -> bool:
        """Whether requests are left out at the beginning or the end."""
        return self.since > 0.0 or self.until < inf

    def of(self, arrivals: Iterable[RequestArrival], notes: "TraceNotes | None" = None) -> Iterator[RequestArrival]:
        """Yield the requests of the part, the first at 0 seconds."""
        before: float | None = None
        now = 0.0
        for one in arrivals:
            if one.time >= self.until:
                return
            if one.time >= self.since:
                if before is None and notes is not None:
                    notes.skipped = one.time
                now += 0.0 if before is None else min(one.time - before, self.longest_gap)
                before = one.time
                one.time = now / self.speed_up
                yield one


@dataclass(slots=True)
class TraceNotes:
    """What a pass over a trace finds besides requests."""

    words: list[str] = field(default_factory=list)
    unlimited: int = 0
    """Requests of a batch file, up to the last that is played, that set no limit for their reply."""
    first: float | None = None
    """Date of the first request in seconds since the epoch, if it has one."""
    skipped: float = 0.0
    """Seconds from it to the first that is played."""

    def date(self, first: float) -> None:
        """Take the first request's date."""
        self.first = first

    def append(self, words: str) -> None:
        """Add to what the user reads."""
        self.words.append(words)

    @property
    def remarks(self) -> str:
        """What the user reads after the summary of a trace, be it cut short."""
        assumed = f" ({self.unlimited:,} without a limit: {batch_files.ASSUMED_REPLY_TOKENS})" if self.unlimited else ""
        return f"{''.join(self.words)}{assumed}"


@dataclass(slots=True)
class TraceFigures:
    """Figures collected in one pass over a trace."""

    requests: int = 0
    last: float = 0.0
    prompts: int = 0
    replies: int = 0
    longest_gap: float = 0.0
    gap_since: float = 0.0
    gap_after: int = 0
    """Requests before it."""

    def add(self, one: RequestArrival) -> None:
        """Count the next request."""
        if one.time - self.last > self.longest_gap:
            self.longest_gap, self.gap_since, self.gap_after = one.time - self.last, self.last, self.requests
        self.requests, self.last = self.requests + 1, one.time
        self.prompts, self.replies = self.prompts + one.prompt_tokens, self.replies + one.output_tokens

    def words(self, name: str) -> str:
        """Summarize in one line."""
        span = f" in {self.last / 60:,.1f} min"
        pace = f", {self.requests / self.last:.2f} a second on average" if self.last else ""
        return (
            f"{name}: {count(self.requests, 'request')}{span if self.last or self.requests == 1 else ''}{pace}, "
            f"{self.prompts / self.requests:,.0f} prompt and {self.replies / self.requests:,.0f} output tokens each"
        )

    def too_long(self) -> str:
        """Say that playing it has no end, and which request is the cause; empty if it has one."""
        gap, whole = self.longest_gap / DAY_SECONDS, self.last / DAY_SECONDS
        if gap > MAX_GAP_DAYS:
            return (
                f"request {self.gap_after + 1:,} comes {gap:,.0f} days after the one before it, and at most "
                f"{MAX_GAP_DAYS} are simulated; correct its time, or let `fairlead simulate --longest-gap "
                f"1h` shorten it"
            )
        if whole > MAX_DAYS:
            return f"it lasts {whole:,.0f} days, and at most {MAX_DAYS} are simulated; take a part of it (--until 30d)"
        return ""

    def gap(self) -> str:
        """Describe a long gap without requests, and what to do if the recording stood still."""
        if self.longest_gap < LONG_GAP_SECONDS:
            return ""
        return (
            f"; no requests for {self.longest_gap / 60:,.0f} min after minute {self.gap_since / 60:,.0f}: if the "
            "recording was interrupted, set --longest-gap"
        )


class PlainRequests:
    """Requests without shared prefixes, as numbers: time, prompt, reply."""

    def __init__(self) -> None:
        self._times, self._prompts, self._replies = array("d"), array("q"), array("q")
        self.whole = True
        """Whether every added request is here."""

    def add(self, one: RequestArrival) -> None:
        """Keep a request, unless it has a prefix or the limit is reached."""
        self.whole = self.whole and not one.prefix and len(self._times) < MAX_KEPT
        if self.whole:
            self._times.append(one.time)
            self._prompts.append(one.prompt_tokens)
            self._replies.append(one.output_tokens)

    def arrivals(self, page_tokens: int) -> Iterator[RequestArrival]:  # noqa: ARG002  # they have no pages
        """Yield the requests again."""
        for time, prompt, reply in zip(self._times, self._prompts, self._replies, strict=True):
            yield RequestArrival(time=time, prompt_tokens=prompt, output_tokens=reply)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTrace:
    """A trace after one pass."""

    arrivals: Callable[[int], Iterator[RequestArrival]]
    """Yields its requests again, with prefixes in blocks of a given number of tokens."""
    seconds: float
    """From the first request to the last."""
    words: str
    """A summary in one line, with what was repaired."""
    at_once: bool = False
    """All requests arrive together, so that it lasts as long as its answers take."""
    began: float | None = None
    """Date of its first request in seconds since the epoch; None if it has none, or times between requests changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceFile:
    """A trace on disk, and the part of it that is played."""

    path: Path
    cut: TraceCut
    window_s: float = 0.0
    """Time over which the requests of an OpenAI batch file arrive; 0: all at once."""
    target: str | None = None
    """The deployment whose requests are taken from a gateway's access lines, as namespace/name; None: all."""

    def arrivals(self, page_tokens: int) -> Iterator[RequestArrival]:
        """Yield requests from the start of the part, with prefixes in blocks of `page_tokens`."""
        return self.cut.of(self._read(page_tokens, TraceNotes()))

    def looked_through(self) -> "ReadTrace":
        """Read the trace once, so that a bad line is reported before anything is played."""
        size = self.path.stat().st_size
        if size > trace_lines.MAX_BYTES and self.cut.until == inf:
            raise UnreadableTraffic(f"{self.path}: it has {size / 1e9:.1f} GB, {trace_lines.TOO_LONG}")
        notes = TraceNotes()
        found, plain = TraceFigures(), PlainRequests()
        for one in self.cut.of(self._read(16, notes), notes):
            found.add(one)
            plain.add(one)
        if not plain.whole and self.path.is_fifo():
            raise UnreadableTraffic(f"{self.path}: {PIPE}")
        if not found.requests:
            check = "; check --since and --until" if self.cut.is_part else "; it has none: give a file that has some"
            raise UnreadableTraffic(f"{self.path}: no request is left to simulate{check}{notes.remarks}")
        if too_long := found.too_long():
            raise UnreadableTraffic(f"{self.path}: {too_long}")
        return ReadTrace(
            arrivals=plain.arrivals if plain.whole else self.arrivals,
            seconds=found.last,
            words="".join((found.words(self.path.name), notes.remarks, found.gap())),
            at_once=AT_ONCE in notes.words,
            began=None if notes.first is None or not self.cut.keeps_time else notes.first + notes.skipped,
        )

    def _read(self, page_tokens: int, notes: TraceNotes) -> Iterator[RequestArrival]:
        """Read the format that the first line shows."""
        try:
            with trace_lines.opened(self.path) as lines:
                first = _head(next((line for line in lines if line.strip()), ""))
                yield from self._requests(first, chain((first,), lines), page_tokens, notes)
        except UnicodeDecodeError as problem:
            packed = package_data.is_gzip(self.path)
            why = package_data.PACKED if packed else f"it is not UTF-8 text; {trace_lines.FORMATS}"
            raise UnreadableTraffic(f"{self.path}: {why}") from problem
        except (EOFError, zlib.error, gzip.BadGzipFile) as problem:
            raise UnreadableTraffic(f"{self.path}: {package_data.BROKEN_GZIP}") from problem
        except UnreadableTraffic as problem:
            raise UnreadableTraffic(f"{self.path}: {problem}") from problem

    def _requests(
        self, first: str, lines: Iterable[str], page_tokens: int, notes: TraceNotes
    ) -> Iterable[RequestArrival]:
        if not first.strip():
            raise UnreadableTraffic(f"it is empty; {trace_lines.FORMATS}")
        if _is_batch(first):
            return self._batch(lines, page_tokens, notes)
        if self.window_s:
            raise UnreadableTraffic(NO_WINDOW)
        if client_mixes.describes(first):
            return client_mixes.arrivals(self.path, lines, self.cut.since)
        return _reader(first, lines, page_tokens, notes, self.target)

    def _batch(self, lines: Iterable[str], page_tokens: int, notes: TraceNotes) -> Iterator[RequestArrival]:
        """Count the lines first, since they arrive at even intervals."""
        if self.path.is_fifo():
            raise UnreadableTraffic(PIPE)
        with trace_lines.opened(self.path) as every:
            schedule = BatchSchedule(requests=sum(1 for line in every if line.strip()), window_s=self.window_s)
        notes.append(f"; evenly over {self.window_s / 60:g} min" if self.window_s else AT_ONCE)
        notes.append("; tokens by four bytes each, replies as long as they may be")
        assumed = BatchNotes()
        for one in batch_files.arrivals(lines, page_tokens, schedule, assumed):
            yield one
            notes.unlimited = assumed.unlimited  # not counted where a part of the file ended before it


def _head(first: str) -> str:
    """The first line, without blanks around the names of columns."""
    return first if first.startswith("{") else f"{','.join(name.strip() for name in first.split(','))}\n"


def _is_batch(first: str) -> bool:
    return first.startswith("{") and '"custom_id"' in first


def _reader(
    first: str, lines: Iterable[str], page_tokens: int, notes: TraceNotes, target: str | None
) -> Iterable[RequestArrival]:
    names = set(first.strip().split(","))
    if names >= set(request_traces.COLUMNS):
        return request_traces.columns(lines, notes.date)
    if "ContextTokens" in names:
        return request_traces.azure(lines, notes.date)
    if first.startswith("{") and '"input_length"' in first:
        return request_traces.mooncake(lines, page_tokens)
    found, words = router_logs.read(lines, target)
    notes.words += words
    if found.arrivals:
        notes.date(found.began)
    return found.arrivals
