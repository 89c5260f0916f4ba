"""A follower of a flight: how much it has read, and whether it can take more."""

from typing import TYPE_CHECKING

from fairlead.router.cache.interfaces import FlightParticipant

if TYPE_CHECKING:
    from fairlead.router.cache.flights import CacheFlight


class FlightFollower:
    """One request that follows a flight."""

    __slots__ = ("asker", "begun", "flight", "over", "paused", "position", "started")

    def __init__(self, asker: FlightParticipant, flight: "CacheFlight") -> None:
        self.asker = asker
        self.flight = flight
        self.position = 0
        """Pieces of the body that it has."""
        self.started = self.begun = self.paused = self.over = False

    def start(self) -> None:
        """Start delivery, at once with what has arrived already."""
        self.started = True
        self.flight.serve(self)

    def pause(self) -> None:
        """Its client reads slowly: stop delivery."""
        self.paused = True

    def resume(self) -> None:
        """Its client reads again."""
        self.paused = False
        self.flight.serve(self)

    def leave(self) -> None:
        """Its client disconnected, or its time is over."""
        if not self.over:
            self.over = True
            self.flight.lose(self)

    def let_go(self) -> None:
        """There is no leader any more: its request goes to an engine itself."""
        if not self.over:
            self.over = True
            self.asker.flight_alone()

    @property
    def listens(self) -> bool:
        """Whether it takes what has arrived."""
        return self.started and not (self.paused or self.over)
