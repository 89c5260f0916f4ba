"""Access lines as they are in a router's log, between the lines that the process writes about itself."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice, repeat
from typing import Final

from fairlead.cli import trace_lines
from fairlead.fleet.plurals import count
from fairlead.simulator.traffic import access_lines
from fairlead.simulator.traffic.access_lines import AccessLines
from fairlead.simulator.traffic.arrivals import UnreadableTraffic

MAX_HELD_BYTES: Final = 400_000_000
"""Of access lines, which take about as much memory as on disk."""

MAX_BEFORE: Final = 10_000
"""Lines of a router about itself before its first request; a large file of another format is not read to its end."""


@dataclass(slots=True)
class RouterLog:
    """The lines of one log, and how many of them are no access lines."""

    text: Iterable[str]
    passed: int = 0

    def lines(self) -> Iterator[str]:
        """Yield access lines, and a blank one for each other, so that an invalid line keeps its number."""
        for line in self.text:
            is_entry = line.startswith("{")
            self.passed += not is_entry and bool(line.strip())
            yield line if is_entry else "\n"


def read(text: Iterable[str], target: str | None) -> tuple[AccessLines, list[str]]:
    """Return the requests, only those of `target` if given, and notes on what was left out or estimated."""
    log = RouterLog(text)
    found = access_lines.read(_held(_checked(log.lines())), target)
    return found, list(_notes(found, log.passed))


def _notes(found: AccessLines, passed: int) -> Iterator[str]:
    if passed:
        yield f"; {count(passed, 'line')} of the router about itself left out"
    if found.others:
        yield f"; {count(found.others, 'request')} to other deployments left out"
    if found.copies:
        yield f"; {count(found.copies, 'copy')} of requests for shadows left out"
    if len(found.targets) > 1:
        yield f"; to {len(found.targets)} deployments, all simulated as one: --from infd/NAME takes those of one"
    if found.left_out:
        yield f"; {count(found.left_out, 'line')} without counted tokens left out"
    if found.cached:
        yield f"; {count(found.cached, 'request')} that the response cache answered left out"
    if found.estimated:
        yield f"; tokens of {count(found.estimated, 'stream')} estimated, since no usage was asked for"


def _checked(lines: Iterator[str]) -> Iterator[str]:
    """Yield all lines, unless the first that is not blank is of another format, or does not come soon."""
    before = 0
    first = ""
    for first in islice(lines, MAX_BEFORE):
        if first.strip():
            break
        before += 1
    if '"request_id"' not in first:
        raise UnreadableTraffic(f"its first line is of no known format; {trace_lines.FORMATS}")
    yield from chain(repeat("\n", before), (first,), lines)


def _held(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines that all stay in memory, with a lower limit than for others."""
    size = 0
    for number, line in enumerate(lines, start=1):
        size += len(line)
        if size > MAX_HELD_BYTES:
            most = f"{MAX_HELD_BYTES / 1e6:g} MB"
            raise UnreadableTraffic(
                f"line {number}: access lines are sorted in memory, and {most} of them have been read; split the file "
                "by time, or write its requests in order as seconds,prompt_tokens,output_tokens"
            )
        yield line
