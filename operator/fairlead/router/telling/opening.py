"""How lines and spans of one process leave it, by what it was told at its start."""

from collections.abc import Callable
from dataclasses import dataclass

from fairlead.fleet.gateways import Telling
from fairlead.router.telling import line_writer, spans
from fairlead.router.telling.line_writer import LineWriter
from fairlead.router.telling.spans import Destination, SpanRing
from fairlead.router.telling.teller import Ways
from fairlead.router.telling.traces import Bits


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the process knows of itself and its world."""

    wall: Callable[[], float]
    """The wall's clock in seconds."""
    bits: Bits
    """`random.Random(...).getrandbits` of the process."""
    access_log: str | None = "-"
    """A path, or `-`: standard output; nothing: no lines, whatever the configuration says."""
    instance: str = ""
    """The pod's name."""
    namespace: str = ""
    version: str = ""


def ways(told: Surroundings, telling: Telling | None = None) -> Ways:
    """Opened when the configuration first wants them; `telling` may rule lines out for good."""
    where = told.access_log if telling is None or telling.access_log else None
    return Ways(
        wall=told.wall,
        bits=told.bits,
        lines=None if where is None else lambda: LineWriter(line_writer.sink(where)),
        spans=lambda endpoint: _ring(told, endpoint),
    )


def _ring(told: Surroundings, endpoint: str) -> SpanRing:
    to = Destination(endpoint, told.instance, told.namespace, told.version)
    return SpanRing(lambda: spans.exporter_to(to))
