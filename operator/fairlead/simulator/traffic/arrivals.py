"""One request that arrives at the fleet, and how sequences of them are merged."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from operator import attrgetter
from typing import Protocol


class FollowUp(Protocol):
    """The session of a request, which sends the next request after the reply."""

    def after(self, ended: float) -> "RequestArrival | None":
        """Return the next request, after one that ended at this time; None when the session is over."""


@dataclass(slots=True, kw_only=True)
class RequestArrival:
    """One request; never changed, but not frozen, since frozen objects cost four times as much to create."""

    time: float
    prompt_tokens: int
    output_tokens: int
    """The reply ends after this many tokens: recorded replies are replayed at their length."""
    prefix: tuple[int, ...] = ()
    """Chained hashes of the prompt's full blocks, by the engine's block size. Empty: shares nothing."""
    reply: tuple[int, ...] = ()
    """Chained hashes of the full blocks that end inside the reply."""
    session: str | None = None
    client: str | None = None
    """The client that sent it, for fairness and reports."""
    priority: int = 0
    adapter: str | None = None
    afterwards: FollowUp | None = None


class UnreadableTraffic(ValueError):
    """An invalid line of a trace, with its number and what was expected. The only error of this package."""


def joined(*sources: Iterable[RequestArrival]) -> Iterator[RequestArrival]:
    """Merge several sources by time; at equal times in the order of the sources."""
    return merge(*sources, key=attrgetter("time"))
