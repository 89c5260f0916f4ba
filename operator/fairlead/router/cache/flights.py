"""Equal requests at the same time: one leads and goes to an engine, the others follow its response as it arrives.

A follower gets the head and every byte of the leader's response, whenever it joined; a slow one reads from the flight
at its own pace and delays no other. When the leader's client disconnects, its response continues for the followers.
When the leader fails before the head, the next follower leads; after three leaders each follower goes to an engine
itself, since then the request or the fleet is at fault and trying one after the other would only be slow. When it fails
after the head, all followers fail, too. A response larger than the largest entry accepts no new followers, and its
pieces are dropped once all have read them.

A flight, its followers, participants and owner call each other in turn: one state machine, hence one file.
"""

from enum import Enum
from typing import Final, Protocol

from fairlead.router.cache.answer_heads import AnswerHead
from fairlead.router.cache.entries import encoded
from fairlead.router.cache.lookup_keys import FlightRequest
from fairlead.router.cache.reasons import NotStoredReason

MAX_LEADERS: Final = 3
OF_ONE_CLIENT: Final = frozenset({401, 403, 408, 425, 429})
"""Refusals that depend on one client, not on the request: another attempt may succeed. So do all 5xx."""


class FlightParticipant(Protocol):
    """The router's exchange. Calls are synchronous, and it may call `leave` or `pause` during them."""

    def flight_head(self, head: AnswerHead) -> None:
        """Called when the response begins."""

    def flight_body(self, data: bytes) -> None:
        """Called with a piece of its body, without framing."""

    def flight_end(self) -> None:
        """Called when the response is complete."""

    def flight_cut(self) -> None:
        """Called when the response ends here, incomplete."""

    def flight_lead(self, flight: "CacheFlight") -> None:
        """Called to lead from now on: send the request to an engine and report to this flight."""

    def flight_alone(self) -> None:
        """Send the request to an engine without a flight."""

    def flight_followed(self) -> None:
        """Called at a leader's first follower: its engine must no longer wait for its own client."""

    def flight_unfollowed(self) -> None:
        """Called when a leader with a client loses its last follower: its engine waits for that client again."""

    def flight_deserted(self) -> None:
        """Called when a leader without a client loses its last follower."""


class FlightOwner(Protocol):
    """The cache, as its flights see it."""

    most_entry_bytes: int
    flying_bytes: int
    """Bytes collected by all flights together."""
    max_flying_bytes: int

    def closed(self, flight: "CacheFlight") -> None:
        """Called when the flight accepts no more followers."""

    def landed(self, flight: "CacheFlight", head: AnswerHead, now: float) -> None:
        """Called when the flight has the whole response."""

    def refused(self, reason: NotStoredReason) -> None:
        """Called when a response will not be stored."""

    def renewed(self, flight: "CacheFlight") -> None:
        """Called when the flight replaces another one, led by one of its followers."""

    def missed(self) -> None:
        """Called when the shared store had no response, or its followers left before it answered."""

    def scattered(self, followers: int) -> None:
        """Called when followers go to an engine themselves."""


class FlightState(Enum):
    """The state of a flight."""

    FETCHING = 1
    """A lookup in the shared store is in flight; there is no leader yet."""
    LED = 2
    ALONE = 3
    """Its leader continues for its own client only; the followers have another flight."""
    OVER = 4


class CacheFlight:
    """One response for several requests. Its leader ends it by `completed`, `failed`, or a false `left`."""

    __slots__ = (
        "_base", "_parts", "_weighed", "followers", "head", "home", "joinable", "leader", "leaders", "manned",
        "request", "size", "state", "whole",
    )  # fmt: skip

    def __init__(
        self, request: FlightRequest, home: FlightOwner, leader: FlightParticipant | None, leaders: int = 1
    ) -> None:
        self.request = request
        self.home = home
        self.leader = leader
        self.leaders = leaders
        """Number of leaders so far, including this one."""
        self.head: AnswerHead | None = None
        self.size = 0
        self.followers: dict[FlightFollower, None] = {}
        self.state = FlightState.FETCHING if leader is None else FlightState.LED
        self.manned = True
        """Whether the leader's own client is still connected."""
        self.joinable = True
        self.whole = False
        self._parts: list[bytes] = []
        self._base = 0
        """Number of pieces dropped because all followers have them."""
        self._weighed = 0

    @property
    def followed(self) -> bool:
        """Whether it has followers besides its leader."""
        return bool(self.followers)

    @property
    def body(self) -> bytes:
        """The whole body so far; available while the flight may be joined and until it is over."""
        return b"".join(self._parts)

    def join(self, participant: FlightParticipant) -> "FlightFollower":
        """Follow the response from its first byte."""
        follower = FlightFollower(participant, self)
        self.followers[follower] = None
        if len(self.followers) == 1 and self.leader is not None:
            self.leader.flight_followed()
        return follower

    # Called by the leader.

    def began(self, head: AnswerHead) -> None:
        """Start the response with its head; one that concerns the leader alone is not shared."""
        reason = _own_matter(head)
        if reason is None:
            self.head = head
            self._serve_all()
        else:
            self.state = FlightState.ALONE
            self._land(reason)
            self._hand_on()

    def more(self, data: bytes) -> None:
        """Add a piece of its body."""
        if self.state is FlightState.ALONE or not data:
            return
        self._parts.append(data)
        self.size += len(data)
        if self.followers:
            self._serve_all()
        if self.joinable:
            self._weigh(len(data))
        if not self.joinable:
            self._forget_what_is_read()

    def completed(self, now: float, objection: NotStoredReason | None = None) -> None:
        """Complete the response; with an objection it goes to the followers, and is not stored."""
        if not self._end():
            return
        self.whole = True
        if objection is not None:
            self._land(objection)
        elif self._close() and self.head is not None:
            self.home.landed(self, self.head, now)
        self._serve_all()

    def failed(self) -> None:
        """End the response in any other way."""
        if not self._end():
            return
        self._land(NotStoredReason.CUT)
        if self.head is None:
            self._hand_on()
        else:
            self._serve_all()

    def left(self) -> bool:
        """Handle the client's disconnect; return whether to continue for the followers."""
        self.manned = False
        if self.followers:
            return True
        if self._end():
            self._land(NotStoredReason.CUT)
        return False

    # Called by the shared store.

    def found(self, head: AnswerHead, body: bytes) -> None:
        """Deliver the response found in the shared store."""
        if self.state is not FlightState.FETCHING:
            return
        self.state = FlightState.OVER
        self.head, self.whole = head, True
        self._parts = [body]
        self._close()
        self._serve_all()

    def found_nothing(self) -> None:
        """Let the first follower lead: the shared store had no response, or took too long."""
        if self.state is FlightState.FETCHING:
            self.state = FlightState.OVER
            self.leaders = 0
            self.home.missed()
            self._close()
            self._hand_on()

    # Called by followers.

    def serve(self, follower: "FlightFollower") -> None:
        """Deliver to a follower everything that has arrived and that it can take."""
        head = self.head
        if head is None or not follower.listens:
            return
        if not follower.begun:
            follower.begun = True
            follower.participant.flight_head(head)
        end = self._base + len(self._parts)
        if follower.position < end and follower.listens:
            rest = self._parts[follower.position - self._base :]
            follower.position = end
            follower.participant.flight_body(rest[0] if len(rest) == 1 else b"".join(rest))
        if self.state is FlightState.OVER and follower.listens:
            self._finish(follower)

    def lose(self, follower: "FlightFollower") -> None:
        """Remove a follower that left; with the last one the flight ends, too, if its leader has no client."""
        self.followers.pop(follower, None)
        if self.followers or self.state is FlightState.OVER:
            return
        if self.state is FlightState.FETCHING:
            self.state = FlightState.OVER
            self.home.missed()
            self._close()
        elif self.manned and self.leader is not None:
            self.leader.flight_unfollowed()
        elif self.leader is not None:
            leader = self.leader
            self._end()
            self._land(NotStoredReason.CUT)
            leader.flight_deserted()

    def _serve_all(self) -> None:
        for follower in tuple(self.followers):
            self.serve(follower)

    def _finish(self, follower: "FlightFollower") -> None:
        follower.over = True
        del self.followers[follower]
        if self.whole:
            follower.participant.flight_end()
        else:
            follower.participant.flight_cut()

    def _end(self) -> bool:
        """End the flight; return whether its followers depend on it. Ending twice is a bug, which a count would hide.

        Drops the reference to the leader: it and this flight reference each other, and such cycles are collected late.
        """
        if self.state is FlightState.OVER:
            raise AssertionError("this flight was ended before")
        led = self.state is FlightState.LED
        self.state, self.leader = FlightState.OVER, None
        return led

    def _land(self, reason: NotStoredReason) -> None:
        """Report once why the response will not be stored."""
        if self._close():
            self.home.refused(reason)

    def _close(self) -> bool:
        """Accept no new followers; return false if already closed."""
        if not self.joinable:
            return False
        self.joinable = False
        self.home.flying_bytes -= self._weighed
        self.home.closed(self)
        return True

    def _weigh(self, more: int) -> None:
        """Keep the collected bytes within the bounds of one entry and of all flights together."""
        self._weighed += more
        self.home.flying_bytes += more
        if self.size > self.home.most_entry_bytes:
            self._land(NotStoredReason.TOO_LARGE)
        elif self.home.flying_bytes > self.home.max_flying_bytes:
            self._land(NotStoredReason.CROWDED)

    def _forget_what_is_read(self) -> None:
        """Drop pieces that even the slowest follower has read, because the response will not be stored."""
        end = self._base + len(self._parts)
        read = min((follower.position for follower in self.followers), default=end)
        del self._parts[: read - self._base]
        self._base = read

    def _hand_on(self) -> None:
        """Give followers a new leader after theirs failed before the head, or let each go to an engine itself."""
        followers = list(self.followers)
        self.followers = {}
        if not followers:
            return
        if self.leaders >= MAX_LEADERS:
            self.home.scattered(len(followers))
            for follower in followers:
                follower.let_go()
            return
        first, *rest = followers
        first.over = True
        heir = CacheFlight(self.request, self.home, first.participant, self.leaders + 1)
        for follower in rest:
            follower.flight = heir
            heir.followers[follower] = None
        self.home.renewed(heir)
        first.participant.flight_lead(heir)


class FlightFollower:
    """One request that follows a flight."""

    __slots__ = ("begun", "flight", "over", "participant", "paused", "position", "started")

    def __init__(self, participant: FlightParticipant, flight: CacheFlight) -> None:
        self.participant = participant
        self.flight = flight
        self.position = 0
        """Number of pieces of the body that it has."""
        self.started = self.begun = self.paused = self.over = False

    def start(self) -> None:
        """Start delivery, at once with everything that has arrived."""
        self.started = True
        self.flight.serve(self)

    def pause(self) -> None:
        """Stop delivery to a slow client."""
        self.paused = True

    def resume(self) -> None:
        """Resume delivery."""
        self.paused = False
        self.flight.serve(self)

    def leave(self) -> None:
        """Leave: its client disconnected, or its time is over."""
        if not self.over:
            self.over = True
            self.flight.lose(self)

    def let_go(self) -> None:
        """Send its request to an engine itself: there is no leader any more."""
        if not self.over:
            self.over = True
            self.participant.flight_alone()

    @property
    def listens(self) -> bool:
        """Whether it takes what has arrived."""
        return self.started and not (self.paused or self.over)


def _own_matter(head: AnswerHead) -> NotStoredReason | None:
    """Return why this response concerns the leader alone, if it does."""
    if head.status >= 500 or head.status in OF_ONE_CLIENT:
        return NotStoredReason.STATUS
    return NotStoredReason.ENCODED if encoded(head.lines) else None
