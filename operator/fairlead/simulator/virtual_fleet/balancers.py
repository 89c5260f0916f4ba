"""Which replica gets a request: the interface that `router_balancer` implements with Fairlead's router, and four rules.

A rule sees what a router can see: which requests it sent where and which have ended, never an engine's queue or the
length of a reply that is still being generated.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar, runtime_checkable

from fairlead.simulator.engine.requests import EngineRequest
from fairlead.simulator.traffic.arrivals import RequestArrival

ASSUMED_REPLY_TOKENS: Final = 256
"""Assumed tokens of a reply while it runs, since a router does not know its length."""
REMEMBERED_BLOCKS: Final = 200_000


class ReplicaCandidate(Protocol):
    """A ready replica, as a router sees it."""

    @property
    def ordinal(self) -> int:
        """Its number in the order in which replicas were created; never reused."""

    @property
    def requests(self) -> int:
        """Requests in flight."""

    @property
    def prompt_tokens(self) -> int:
        """Prompt tokens of the requests in flight."""


Chosen = TypeVar("Chosen", bound=ReplicaCandidate)


class Balancer(Protocol):
    """Chooses a replica, once for each request that can be sent."""

    def choose(self, arrival: RequestArrival, ready: Sequence[Chosen]) -> Chosen:
        """Return one of the ready replicas, which are in the order of their ordinals and never empty."""


@runtime_checkable
class FeedbackBalancer(Protocol):
    """A balancer that gets the outcome of its requests, as a router observes it on its own streams."""

    def sent(self, arrival: RequestArrival, request: EngineRequest, taken: bool) -> None:
        """The chosen replica accepted the request, or refused it at once."""

    def began(self, arrival: RequestArrival, now: float) -> None:
        """A request's first token arrived."""

    def ended(self, arrival: RequestArrival, output_tokens: int, now: float) -> None:
        """A request's last token arrived."""


class RoundRobin:
    """Takes replicas in turn."""

    def __init__(self) -> None:
        self._turn = -1

    def choose(self, arrival: RequestArrival, ready: Sequence[Chosen]) -> Chosen:  # noqa: ARG002  # ignores requests
        """Return the next replica."""
        self._turn += 1
        return ready[self._turn % len(ready)]


class FewestRequests:
    """Joins the shortest queue; equal ones by ordinal."""

    def choose(self, arrival: RequestArrival, ready: Sequence[Chosen]) -> Chosen:  # noqa: ARG002  # ignores requests
        """Return the replica with the fewest requests in flight."""
        return min(ready, key=_requests)


class LeastTokens:
    """Chooses the replica with the fewest prompt and assumed reply tokens in flight; equal ones by ordinal."""

    def choose(self, arrival: RequestArrival, ready: Sequence[Chosen]) -> Chosen:  # noqa: ARG002  # ignores requests
        """Return the replica with the fewest tokens; `min` with a key is slower, and this runs for each request."""
        best, least = ready[0], _weight(ready[0])
        for one in ready:
            weight = one.prompt_tokens + ASSUMED_REPLY_TOKENS * one.requests
            if weight < least:
                best, least = one, weight
        return best


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefixAffinitySettings:
    """How closely a prefix ties a request to a replica."""

    stride_pages: int = 16
    """One in this many blocks of a prompt is recorded: a smaller stride costs memory, a larger one matches less."""
    most_over_mean: float = 1.5
    """A replica with more than this many times the mean load, plus one request, is not preferred for its cache."""


class PrefixAffinity:
    """Chooses the replica that got the longest prefix, unless its load is too high; otherwise by `LeastTokens`."""

    def __init__(self, affinity: PrefixAffinitySettings | None = None) -> None:
        self._affinity = affinity or PrefixAffinitySettings()
        self._seen: OrderedDict[int, int] = OrderedDict()
        self._otherwise = LeastTokens()

    def choose(self, arrival: RequestArrival, ready: Sequence[Chosen]) -> Chosen:
        """Choose a replica, and record the prompt's blocks for later requests."""
        marks = arrival.prefix[self._affinity.stride_pages - 1 :: self._affinity.stride_pages]
        chosen = self._with_prefix(marks, ready) or self._otherwise.choose(arrival, ready)
        for mark in marks:
            self._seen[mark] = chosen.ordinal
            self._seen.move_to_end(mark)
        while len(self._seen) > REMEMBERED_BLOCKS:
            self._seen.popitem(last=False)
        return chosen

    def _with_prefix(self, marks: Sequence[int], ready: Sequence[Chosen]) -> Chosen | None:
        ordinal = next((self._seen[mark] for mark in reversed(marks) if mark in self._seen), None)
        found = next((one for one in ready if one.ordinal == ordinal), None)
        if found is None:
            return None
        mean = sum(map(_weight, ready)) / len(ready)
        bound = self._affinity.most_over_mean * mean + ASSUMED_REPLY_TOKENS
        return found if _weight(found) <= bound else None


def _requests(one: ReplicaCandidate) -> int:
    return one.requests


def _weight(one: ReplicaCandidate) -> int:
    return one.prompt_tokens + ASSUMED_REPLY_TOKENS * one.requests
