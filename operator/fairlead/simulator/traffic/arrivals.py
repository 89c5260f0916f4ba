"""One request on its way to the fleet, and how rows of them are joined."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from operator import attrgetter
from typing import Protocol


class FollowUp(Protocol):
    """A person or an agent who asks again once answered."""

    def after(self, ended: float) -> "RequestArrival | None":
        """The next request, given when the last one ended; none when the session is over."""


@dataclass(slots=True, kw_only=True)
class RequestArrival:
    """Read only; not frozen because millions are made, at four times the cost."""

    time: float
    prompt_tokens: int
    output_tokens: int
    """After so many the reply ends by itself: recorded replies are replayed at their length."""
    prefix: tuple[int, ...] = ()
    """Chained ids of the prompt's full pages, in the engine's page size. Empty: shares nothing."""
    reply: tuple[int, ...] = ()
    """The same of the pages that end inside the reply."""
    session: str | None = None
    client: str | None = None
    """Whose traffic it is: what fairness and reports are told by."""
    priority: int = 0
    adapter: str | None = None
    afterwards: FollowUp | None = None


class UnreadableTraffic(ValueError):
    """A line of a trace that is none; says which and what was expected. The one error of this room."""


def joined(*sources: Iterable[RequestArrival]) -> Iterator[RequestArrival]:
    """Several sources as one, by time; equal times in the order the sources were given."""
    return merge(*sources, key=attrgetter("time"))
