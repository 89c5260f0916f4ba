"""The two sides of a flight: what its leader and followers are told, and what the cache that it belongs to is."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from fairlead.router.cache.reasons import NotStoredReason

if TYPE_CHECKING:
    from fairlead.router.cache.flights import CacheFlight


@dataclass(slots=True, kw_only=True, eq=False)
class AnswerHead:
    """How an answer begins; read-only once made."""

    status: int
    lines: bytes
    """The engine's header lines that are passed on, each with its line end."""
    length: int | None
    """Bytes of its body, where they are known."""
    revision: str
    """Of the engine that answers."""
    age: int | None = None
    """Seconds since it was made: no answer under way, but one that another router kept."""


class FlightParticipant(Protocol):
    """Whoever asks: the router's exchange. It is told synchronously, and may leave() or pause() meanwhile."""

    def flight_head(self, head: AnswerHead) -> None:
        """The answer begins."""

    def flight_body(self, data: bytes) -> None:
        """Some of its body, without framing."""

    def flight_end(self) -> None:
        """That was all."""

    def flight_cut(self) -> None:
        """There will be no more, and something is missing."""

    def flight_lead(self, flight: "CacheFlight") -> None:
        """Nobody asks for you now: ask an engine, and tell this flight."""

    def flight_alone(self) -> None:
        """Ask an engine for yourself, and tell nobody."""

    def flight_followed(self) -> None:
        """To a leader: do not hold back the engine for your own client any more."""

    def flight_deserted(self) -> None:
        """To a leader whose client went: nobody reads this now."""


class FlightOwner(Protocol):
    """The cache, as its flights see it."""

    most_entry_bytes: int
    flying_bytes: int
    """Collected by all flights together."""
    most_flying_bytes: int

    def closed(self, flight: "CacheFlight") -> None:
        """Nobody may join it any more."""

    def landed(self, flight: "CacheFlight", head: AnswerHead, now: float) -> None:
        """It has the whole answer."""

    def refused(self, objection: NotStoredReason) -> None:
        """An answer will not be kept."""

    def renewed(self, flight: "CacheFlight") -> None:
        """It took the place of another, and is led by a follower of that one."""

    def scattered(self, followers: int) -> None:
        """So many ask for themselves."""
