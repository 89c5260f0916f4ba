"""The two sides of a flight: the callbacks of its leader and followers, and the cache that owns it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from fairlead.router.cache.reasons import NotStoredReason

if TYPE_CHECKING:
    from fairlead.router.cache.flights import CacheFlight


@dataclass(slots=True, kw_only=True, eq=False)
class AnswerHead:
    """The head of a response; read-only once made."""

    status: int
    lines: bytes
    """The engine's header lines that are passed on, each with its line end."""
    length: int | None
    """Bytes of its body, where they are known."""
    revision: str
    """The revision of the engine that answers."""
    age: int | None = None
    """Seconds since it was made; set only for a response that another router stored."""


class FlightParticipant(Protocol):
    """The router's exchange. Calls are synchronous, and it may call `leave` or `pause` during them."""

    def flight_head(self, head: AnswerHead) -> None:
        """The response begins."""

    def flight_body(self, data: bytes) -> None:
        """A piece of its body, without framing."""

    def flight_end(self) -> None:
        """The response is complete."""

    def flight_cut(self) -> None:
        """The response ends here and is incomplete."""

    def flight_lead(self, flight: "CacheFlight") -> None:
        """This participant leads now: send its request to an engine and report to this flight."""

    def flight_alone(self) -> None:
        """Send the request to an engine without a flight."""

    def flight_followed(self) -> None:
        """A leader has a follower now: its engine must no longer wait for its own client."""

    def flight_deserted(self) -> None:
        """A leader without a client has lost its last follower: no client reads this any more."""


class FlightOwner(Protocol):
    """The cache, as its flights see it."""

    most_entry_bytes: int
    flying_bytes: int
    """Collected by all flights together."""
    most_flying_bytes: int

    def closed(self, flight: "CacheFlight") -> None:
        """The flight accepts no followers any more."""

    def landed(self, flight: "CacheFlight", head: AnswerHead, now: float) -> None:
        """The flight has the whole response."""

    def refused(self, objection: NotStoredReason) -> None:
        """A response will not be stored."""

    def renewed(self, flight: "CacheFlight") -> None:
        """The flight replaces another one, and one of that one's followers leads it."""

    def scattered(self, followers: int) -> None:
        """So many followers go to an engine themselves."""
