"""The two sides of a flight: what its leader and followers are told, and what the cache that it belongs to is."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from fairlead.router.cache.reasons import NotKept

if TYPE_CHECKING:
    from fairlead.router.cache.flights import Flight


@dataclass(slots=True, kw_only=True, eq=False)
class Head:
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


class Asker(Protocol):
    """Whoever asks: the router's exchange. It is told synchronously, and may leave() or pause() meanwhile."""

    def flight_head(self, head: Head) -> None:
        """The answer begins."""

    def flight_body(self, data: bytes) -> None:
        """Some of its body, without framing."""

    def flight_end(self) -> None:
        """That was all."""

    def flight_cut(self) -> None:
        """There will be no more, and something is missing."""

    def flight_lead(self, flight: "Flight") -> None:
        """Nobody asks for you now: ask an engine, and tell this flight."""

    def flight_alone(self) -> None:
        """Ask an engine for yourself, and tell nobody."""

    def flight_followed(self) -> None:
        """To a leader: do not hold back the engine for your own client any more."""

    def flight_deserted(self) -> None:
        """To a leader whose client went: nobody reads this now."""


class Home(Protocol):
    """The cache, as its flights see it."""

    most_entry_bytes: int
    flying_bytes: int
    """Collected by all flights together."""
    most_flying_bytes: int

    def closed(self, flight: "Flight") -> None:
        """Nobody may join it any more."""

    def landed(self, flight: "Flight", head: Head, now: float) -> None:
        """It has the whole answer."""

    def refused(self, objection: NotKept) -> None:
        """An answer will not be kept."""

    def renewed(self, flight: "Flight") -> None:
        """It took the place of another, and is led by a follower of that one."""

    def scattered(self, followers: int) -> None:
        """So many ask for themselves."""
