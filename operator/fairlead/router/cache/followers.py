"""Who follows an answer that another leads: how far he is, and whether he can take more."""

from typing import TYPE_CHECKING

from fairlead.router.cache.interfaces import FlightParticipant

if TYPE_CHECKING:
    from fairlead.router.cache.flights import CacheFlight


class FlightFollower:
    """One asker's place in a flight."""

    __slots__ = ("asker", "begun", "flight", "over", "paused", "position", "started")

    def __init__(self, asker: FlightParticipant, flight: "CacheFlight") -> None:
        self.asker = asker
        self.flight = flight
        self.position = 0
        """Pieces of the body that he has."""
        self.started = self.begun = self.paused = self.over = False

    def start(self) -> None:
        """From now on he is told; what came already, at once."""
        self.started = True
        self.flight.serve(self)

    def pause(self) -> None:
        """His client reads slowly: what comes waits for him here."""
        self.paused = True

    def resume(self) -> None:
        """And reads again."""
        self.paused = False
        self.flight.serve(self)

    def leave(self) -> None:
        """His client went, or waited long enough."""
        if not self.over:
            self.over = True
            self.flight.lose(self)

    def let_go(self) -> None:
        """Nobody leads for him any more."""
        if not self.over:
            self.over = True
            self.asker.flight_alone()

    @property
    def listens(self) -> bool:
        """Whether he takes what there is."""
        return self.started and not (self.paused or self.over)
