"""Whatever happens, in any order: every client gets the leader's bytes from the first on, and nothing is left over."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from fairlead.router.cache.answer_heads import AnswerHead
from fairlead.router.cache.cache import FlightJoin, FlightLead, ResponseCache
from fairlead.router.cache.flights import CacheFlight, FlightState
from tests.router.cache.clients import STREAMED, Client, cache, find_reply

ENDS = ("end", "cut", "lead", "alone")
LENT = AnswerHead(status=503, lines=b"", length=0, revision="r1")


@dataclass
class Story:
    """One request, many clients that send it, and what each should have got."""

    kept: ResponseCache = field(default_factory=lambda: cache(max_entry_bytes=30, ttl_seconds=0.0))
    clients: list[Client] = field(default_factory=list)
    sent: dict[CacheFlight, bytes] = field(default_factory=dict)
    """What the current leaders sent, in the order in which they began."""
    gone: set[int] = field(default_factory=set)

    def find_reply(self) -> None:
        client = Client()
        found = find_reply(self.kept, client=client)
        if isinstance(found, FlightLead):
            client.flight = found.flight
        else:
            assert isinstance(found, FlightJoin)
            client.follower = found.follower
        self.clients.append(client)
        if client.follower is not None:
            client.follower.start()

    def leaders(self) -> list[CacheFlight]:
        """Flights whose leaders still have something to send."""
        return [
            one.flight for one in self.clients if one.flight is not None and one.flight.state is not FlightState.OVER
        ]

    def leads(self, what: str, number: int) -> None:
        leaders = self.leaders()
        if not leaders:
            return
        flight = leaders[number % len(leaders)]
        if what == "began" and flight.head is None and flight.state is FlightState.LED:
            flight.began(STREAMED)
            self.sent[flight] = b""
        elif what == "refused" and flight.head is None and flight.state is FlightState.LED:
            flight.began(LENT)
        elif what == "more" and flight.head is not None:
            data = b"%d," % number
            self.sent[flight] += data
            flight.more(data)
        elif what == "completed" and flight.head is not None:
            flight.completed(1.0)
        elif what == "failed":
            flight.failed()
        elif what == "left" and flight.manned:
            flight.left()

    def follows(self, what: str, number: int) -> None:
        following = [one for one in self.clients if one.follower is not None and not one.follower.over]
        if not following:
            return
        client = following[number % len(following)]
        assert client.follower is not None
        if what == "leave":
            client.follower.leave()
            self.gone.add(id(client))
        elif what == "pause":
            client.follower.pause()
        else:
            client.follower.resume()

    def ends(self) -> None:
        """End all: slow clients read on, leaders fail."""
        for client in self.clients:
            if client.follower is not None and not client.follower.over:
                client.follower.resume()
        while leaders := self.leaders():
            leaders[0].failed()


LEADS = ("began", "began", "more", "more", "more", "completed", "failed", "refused", "left")
FOLLOWS = ("leave", "pause", "resume")
STEPS = st.one_of(
    st.tuples(st.just("asks"), st.just(0)),
    st.tuples(st.sampled_from(LEADS), st.integers(0, 999)),
    st.tuples(st.sampled_from(FOLLOWS), st.integers(0, 99)),
)


@given(st.lists(STEPS, max_size=60))
def test_every_client_gets_what_the_leader_sent_and_nothing_is_left_over(steps: list[tuple[str, int]]) -> None:
    story = Story()
    for what, number in steps:
        if what == "asks":
            story.find_reply()
        elif what in FOLLOWS:
            story.follows(what, number)
        else:
            story.leads(what, number)
    story.ends()
    for client in story.clients:
        if client.follower is None:
            continue
        lines = [word for word in client.received if word in ENDS]
        assert len(lines) == (0 if id(client) in story.gone else 1)
        whole = story.sent.get(client.follower.flight, b"")
        assert whole.startswith(client.body)
        assert client.received[-1:] != ["end"] or client.body == whole
        assert client.received.count("head") <= 1
    kept = story.kept
    assert (kept.flights, kept.flying_bytes, kept.entries) == (0, 0, 0)
