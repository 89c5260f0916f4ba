"""Which revision answers a conversation while a new one has a share of the traffic.

Every router hashes the conversation, so all of them agree without communicating, a conversation stays with one
revision, and a larger share moves conversations to the new revision and none away from it. The share is never above the
new revision's part of the routable engines. The functions change no state but what the split has counted.
"""

from typing import Final

from fairlead.fleet.traffic_shares import TrafficShare
from fairlead.routing import rendezvous, selection
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.routing_request import RoutingRequest
from fairlead.routing.selection import EndpointChoice, NoCandidate, SelectionContext

_SPAN: Final = 2**64
_MICROSECONDS: Final = 1_000_000


def conversation(request: RoutingRequest) -> int:
    """Return what the requests of one conversation have in common: its session, else its tenant and first prefix block.

    A prompt shorter than a block cannot be recognized again: each is hashed by its arrival time.
    """
    if request.session:
        return request.session
    first = request.blocks[0] if request.blocks else int(request.arrived * _MICROSECONDS)
    return rendezvous.number(request.account.name) ^ rendezvous.mixed(first)


def is_within(key: int, revision: str, share: float) -> bool:
    """Return whether a conversation is in the new revision's share, 0 to 1; another revision begins with others."""
    return rendezvous.mixed(rendezvous.mixed(key) ^ rendezvous.number(revision)) < share * _SPAN


def effective_share(share: TrafficShare, candidates: int, routable: int) -> float:
    """Return a router's share for the new revision: no more than its part of the routable engines."""
    return min(share.percent / 100, candidates / routable) if routable else 0.0


class RevisionSplit:
    """One share at one router."""

    __slots__ = ("_new", "_old", "_routable", "effective", "share")

    def __init__(self, share: TrafficShare) -> None:
        self.share = share
        self._routable: tuple[Endpoint, ...] | None = None
        self._new: tuple[Endpoint, ...] = ()
        self._old: tuple[Endpoint, ...] = ()
        self.effective = 0.0
        """The share that holds now: no more than the new revision's part of the routable engines."""

    def choose(self, context: SelectionContext, request: RoutingRequest, now: float) -> EndpointChoice | NoCandidate:
        """Return an endpoint of the conversation's revision.

        The other one answers if this one has no routable engine. The old one also answers if the new one has no room or
        has failed this request; the new one gets nothing beyond its share because the old one is busy.
        """
        side = self.side(context, request)
        choice = selection.choose(context, request, now, side)
        if side is self._new and not isinstance(choice, EndpointChoice) and self._old:
            return selection.choose(context, request, now, self._old)
        return choice

    def side(self, context: SelectionContext, request: RoutingRequest) -> tuple[Endpoint, ...]:
        """Return the engines of the conversation's revision."""
        self._observe(context)
        if not self._old:
            return context.routable
        return self._new if self._new and self._takes(request) else self._old

    def is_covered(self, endpoint: Endpoint) -> bool:
        """Return whether an endpoint is of the new revision while an engine of the old one is routable.

        What the new one fails, the old one answers: users do not pay for a trial.
        """
        return endpoint.revision == self.share.revision and bool(self._old)

    def _takes(self, request: RoutingRequest) -> bool:
        revision = self.share.revision
        if any(one.revision == revision for one in request.tried):
            return False
        return is_within(conversation(request), revision, self.effective)

    def _observe(self, context: SelectionContext) -> None:
        """Recount only when the table has another tuple of routable endpoints."""
        if context.routable is self._routable:
            return
        self._routable = routable = context.routable
        self._new = tuple(one for one in routable if one.revision == self.share.revision)
        others = tuple(one for one in routable if one.revision != self.share.revision)
        self._old = tuple(one for one in others if one.revision == self.share.stable) or others
        self.effective = effective_share(self.share, len(self._new), len(self._new) + len(self._old))
