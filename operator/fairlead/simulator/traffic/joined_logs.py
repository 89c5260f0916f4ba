"""The logs of several routers as one record: it begins where all of them have lines.

The kubelet returns the last part of a container's log, and each router's was turned over at another moment. Lines from
before the latest of these moments are those of some routers only, so their rate would be too low.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from fairlead.documents import json_document
from fairlead.fleet.plurals import count
from fairlead.simulator.traffic import access_lines

STARTS_SECONDS: Final = 60.0
"""A router writes its first line within this time after its container started, so a log that begins later was cut."""
FIRST_SECONDS: Final = 120.0
"""Within it all but idle replicas answer something, and hardly one is added."""
ROUNDING_SECONDS: Final = 0.001
INVALID: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterLines:
    """What one router logged of a deployment's requests."""

    pod: str
    lines: tuple[bytes, ...]
    begins: datetime | None = None
    """When the first line of its whole log was written, be it about a request or not; None: the server does not say."""
    started: datetime | None = None
    """When its container started; None: its status does not say."""

    @property
    def is_cut(self) -> bool:
        """Whether the log lost its beginning."""
        if self.begins is None or self.started is None:
            return False
        return (self.begins - self.started).total_seconds() > STARTS_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinedLogs:
    """The lines to play, in the order of each router."""

    lines: tuple[bytes, ...]
    notes: tuple[str, ...] = ()
    """What was left out, and what may be missing."""


def join(logs: Sequence[RouterLines]) -> JoinedLogs:
    """Leave out what came before the log of one router begins, and count it.

    A router that started later may be an additional one, so that nothing is missing, or may have replaced another,
    whose lines are gone: that is undecidable, so everything stays, with a note.
    """
    cut = max((one for one in logs if one.is_cut), key=_begins, default=None)
    notes = list[str]()
    if cut is not None:
        later = [tuple(line for line in one.lines if _arrived(line) >= _begins(cut)) for one in logs]
        left_out = sum(len(one.lines) for one in logs) - sum(map(len, later))
        if left_out:
            notes.append(
                f"; from {_date(_begins(cut))} on, since the kubelet kept no more of the log of router {cut.pod}: "
                f"{count(left_out, 'request')} before it left out"
            )
    else:
        later = [one.lines for one in logs]
    lines = tuple(line for some in later for line in some)
    return JoinedLogs(lines=lines, notes=(*notes, *_of_the_latest(logs, lines)))


def replicas_at(lines: Sequence[bytes], date: float) -> int:
    """Return the number of replicas that answered requests of the first minutes after a date."""
    found = set[str]()
    for line in lines:
        entry = json_document.read(line)
        answered = entry.get("status") == access_lines.ANSWERED and "replica" in entry
        if answered and -ROUNDING_SECONDS <= _arrived(line).timestamp() - date < FIRST_SECONDS:
            found.add(str(entry["replica"]))
    return len(found)


def _of_the_latest(logs: Sequence[RouterLines], lines: Sequence[bytes]) -> Iterator[str]:
    """Yield a note if requests came before the last of the routers started."""
    starts = [(one.started, one.pod) for one in logs if one.started is not None]
    if not starts or not lines:
        return
    started, pod = max(starts)
    before = sum(1 for line in lines if _arrived(line) < started)
    if before:
        yield (
            f"; router {pod} started at {_date(started)}: if it was restarted or replaced another, its earlier "
            f"requests are missing beside the {before:,} of others, which a shorter --since leaves out"
        )


def _begins(one: RouterLines) -> datetime:
    assert one.begins is not None
    return one.begins


def _arrived(line: bytes) -> datetime:
    """Return its date; an invalid one is the last, so that the line stays and is named where it is read."""
    try:
        moment = datetime.fromisoformat(json_document.read(line)["time"])
    except (KeyError, TypeError, ValueError):
        return INVALID
    return moment.replace(tzinfo=moment.tzinfo or UTC)


def _date(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
