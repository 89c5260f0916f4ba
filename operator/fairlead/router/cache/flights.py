"""Equal requests at the same time: one leads and goes to an engine, the others follow its response as it arrives.

A follower gets the head and every byte of the leader's response, whenever it joined; a slow one reads from the flight
at its own pace and delays no other. When the leader's client disconnects, its response continues for the followers.
When the leader fails before the head, the next follower leads; after three leaders each follower goes to an engine
itself, since then the request or the fleet is at fault and trying one after the other would only be slow. When it fails
after the head, all followers fail, too. A response larger than the largest entry accepts no new followers, and its
pieces are dropped once all have read them.

A flight, its followers, its participants and its owner call each other in turn: one state machine, and one file.
"""

from enum import Enum
from typing import Final, Protocol

from fairlead.router.cache.answer_heads import AnswerHead
from fairlead.router.cache.entries import encoded
from fairlead.router.cache.lookup_keys import FlightRequest
from fairlead.router.cache.reasons import NotStoredReason

MOST_LEADERS: Final = 3
OF_ONE_CLIENT: Final = frozenset({401, 403, 408, 425, 429})
"""Refusals that depend on one client, not on the request: another attempt may succeed. So do all 5xx."""


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


class FlightState(Enum):
    """The state of a flight."""

    FETCHING = 1
    """A lookup in another router's store is in flight; there is no leader yet."""
    LED = 2
    ALONE = 3
    """Its leader continues for its own client only; the followers have another flight."""
    OVER = 4


class CacheFlight:
    """One response for several requests. Its leader ends it by `completed`, `failed`, or a false `left`."""

    __slots__ = (
        "_base", "_parts", "_weighed", "followers", "head", "home", "joinable", "leader", "leaders", "manned",
        "question", "size", "state", "whole",
    )  # fmt: skip

    def __init__(
        self, question: FlightRequest, home: FlightOwner, leader: FlightParticipant | None, leaders: int = 1
    ) -> None:
        self.question = question
        self.home = home
        self.leader = leader
        self.leaders = leaders
        """Number of leaders so far, this one included."""
        self.head: AnswerHead | None = None
        self.size = 0
        self.followers: dict[FlightFollower, None] = {}
        self.state = FlightState.FETCHING if leader is None else FlightState.LED
        self.manned = True
        """The leader's own client is still connected."""
        self.joinable = True
        self.whole = False
        self._parts: list[bytes] = []
        self._base = 0
        """Pieces dropped, because all followers have them."""
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
        """The head of its response; one that concerns the leader alone is not shared."""
        objection = _own_matter(head)
        if objection is None:
            self.head = head
            self._serve_all()
        else:
            self.state = FlightState.ALONE
            self._land(objection)
            self._hand_on()

    def more(self, data: bytes) -> None:
        """A piece of its body."""
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

    def completed(self, now: float) -> None:
        """The response is complete."""
        if not self._end():
            return
        self.whole = True
        if self._close() and self.head is not None:
            self.home.landed(self, self.head, now)
        self._serve_all()

    def failed(self) -> None:
        """The response ended in any other way."""
        if not self._end():
            return
        self._land(NotStoredReason.CUT)
        if self.head is None:
            self._hand_on()
        else:
            self._serve_all()

    def left(self) -> bool:
        """The leader's client disconnected. Returns whether to continue, for the followers."""
        self.manned = False
        if self.followers:
            return True
        if self._end():
            self._land(NotStoredReason.CUT)
        return False

    # Called by the shared store.

    def found(self, head: AnswerHead, body: bytes) -> None:
        """The shared store had the response."""
        if self.state is not FlightState.FETCHING:
            return
        self.state = FlightState.OVER
        self.head, self.whole = head, True
        self._parts = [body]
        self._close()
        self._serve_all()

    def found_nothing(self) -> None:
        """The shared store had none, or took too long: the first follower leads."""
        if self.state is FlightState.FETCHING:
            self.state = FlightState.OVER
            self.leaders = 0
            self._close()
            self._hand_on()

    # Called by followers.

    def serve(self, follower: "FlightFollower") -> None:
        """Deliver to a follower all that has arrived and that it can take."""
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
        """A follower left; with the last one the flight ends, too, if its leader has no client."""
        self.followers.pop(follower, None)
        if self.followers or self.state is FlightState.OVER:
            return
        if self.state is FlightState.FETCHING:
            self.state = FlightState.OVER
            self._close()
        elif not self.manned and self.leader is not None:
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
        """End the flight; returns whether its followers depend on it. Ending twice is a bug, and a count would hide it.

        The reference to the leader is dropped: it and this flight reference each other, and such cycles are collected
        late.
        """
        if self.state is FlightState.OVER:
            raise AssertionError("this flight was ended before")
        led = self.state is FlightState.LED
        self.state, self.leader = FlightState.OVER, None
        return led

    def _land(self, objection: NotStoredReason) -> None:
        """The response will not be stored, for this reason."""
        if self._close():
            self.home.refused(objection)

    def _close(self) -> bool:
        """Accept no new followers; false if it was closed before."""
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
        elif self.home.flying_bytes > self.home.most_flying_bytes:
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
        if self.leaders >= MOST_LEADERS:
            self.home.scattered(len(followers))
            for follower in followers:
                follower.let_go()
            return
        first, *rest = followers
        first.over = True
        heir = CacheFlight(self.question, self.home, first.participant, self.leaders + 1)
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
            self.participant.flight_alone()

    @property
    def listens(self) -> bool:
        """Whether it takes what has arrived."""
        return self.started and not (self.paused or self.over)


def _own_matter(head: AnswerHead) -> NotStoredReason | None:
    """Why this response concerns the leader alone."""
    if head.status >= 500 or head.status in OF_ONE_CLIENT:
        return NotStoredReason.STATUS
    return NotStoredReason.ENCODED if encoded(head.lines) else None
