"""Which replica a request goes to: the seam that `routed` puts the deciding room behind, and four plain rules.

A rule sees what a router can see: what it sent where and what has come back, never an engine's queue or the length
of a reply that is still being written.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar, runtime_checkable

from fairlead.simulator.engine.requests import EngineRequest
from fairlead.simulator.traffic.arrivals import RequestArrival

ASSUMED_REPLY_TOKENS: Final = 256
"""Tokens a reply is taken for while it runs: a router does not know better."""
REMEMBERED_BLOCKS: Final = 200_000


class ReplicaCandidate(Protocol):
    """A ready replica, from outside."""

    @property
    def ordinal(self) -> int:
        """Its place in the order in which replicas were made; stays its own."""

    @property
    def requests(self) -> int:
        """Sent and not back."""

    @property
    def prompt_tokens(self) -> int:
        """Of these requests."""


Chosen = TypeVar("Chosen", bound=ReplicaCandidate)


class Balancer(Protocol):
    """Asked once for each request that can be sent."""

    def choose(self, arrival: RequestArrival, ready: Sequence[Chosen]) -> Chosen:
        """One of the ready; there is always one, in the order of their ordinals."""


@runtime_checkable
class FeedbackBalancer(Protocol):
    """A balancer that hears what becomes of what it sent, as a router sees it: from its own streams."""

    def sent(self, arrival: RequestArrival, request: EngineRequest, taken: bool) -> None:
        """The chosen replica took it, or refused it at once."""

    def began(self, arrival: RequestArrival, now: float) -> None:
        """Its first token came."""

    def ended(self, arrival: RequestArrival, output_tokens: int, now: float) -> None:
        """Its last token came."""


class RoundRobin:
    """One after the other."""

    def __init__(self) -> None:
        self._turn = -1

    def choose(self, arrival: RequestArrival, ready: Sequence[Chosen]) -> Chosen:  # noqa: ARG002  # all are alike to it
        """The next."""
        self._turn += 1
        return ready[self._turn % len(ready)]


class FewestRequests:
    """Join the shortest queue; equal ones by ordinal."""

    def choose(self, arrival: RequestArrival, ready: Sequence[Chosen]) -> Chosen:  # noqa: ARG002  # all are alike to it
        """Whoever has the least to answer."""
        return min(ready, key=_requests)


class LeastTokens:
    """Whoever has the fewest tokens to read and, as far as one can guess, to write; equal ones by ordinal."""

    def choose(self, arrival: RequestArrival, ready: Sequence[Chosen]) -> Chosen:  # noqa: ARG002  # all are alike to it
        """A loop instead of `min` with a key: at a hundred replicas it runs once for every request."""
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
    """Every so many pages of a prompt are remembered: finer costs memory, coarser finds less."""
    most_over_mean: float = 1.5
    """A replica with more than this many times the mean load, and one request, is not preferred for its cache."""


class PrefixAffinity:
    """Whoever has seen the longest part of the prompt, unless it is much busier than the rest; else fewest tokens."""

    def __init__(self, affinity: PrefixAffinitySettings | None = None) -> None:
        self._affinity = affinity or PrefixAffinitySettings()
        self._seen: OrderedDict[int, int] = OrderedDict()
        self._otherwise = LeastTokens()

    def choose(self, arrival: RequestArrival, ready: Sequence[Chosen]) -> Chosen:
        """And remember it for those that follow."""
        marks = arrival.prefix[self._affinity.stride_pages - 1 :: self._affinity.stride_pages]
        chosen = self._maybe_known(marks, ready) or self._otherwise.choose(arrival, ready)
        for mark in marks:
            self._seen[mark] = chosen.ordinal
            self._seen.move_to_end(mark)
        while len(self._seen) > REMEMBERED_BLOCKS:
            self._seen.popitem(last=False)
        return chosen

    def _maybe_known(self, marks: Sequence[int], ready: Sequence[Chosen]) -> Chosen | None:
        known = next((self._seen[mark] for mark in reversed(marks) if mark in self._seen), None)
        found = next((one for one in ready if one.ordinal == known), None)
        if found is None:
            return None
        mean = sum(map(_weight, ready)) / len(ready)
        bound = self._affinity.most_over_mean * mean + ASSUMED_REPLY_TOKENS
        return found if _weight(found) <= bound else None


def _requests(one: ReplicaCandidate) -> int:
    return one.requests


def _weight(one: ReplicaCandidate) -> int:
    return one.prompt_tokens + ASSUMED_REPLY_TOKENS * one.requests
