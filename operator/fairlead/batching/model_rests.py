"""Models that no replica serves: one request of each is tried at a time, while the other models' are sent.

A router may hold what is tried for minutes, so that takes no place of the others, and only a few models are tried at a
time. All else of such a model is set aside, in memory, so its bytes are bounded: what does not fit is read again later.
A model that stays without a replica for long is given up with all that are set aside for it then.
"""

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field
from math import inf
from typing import Final

from fairlead.batching.attempt_outcomes import AttemptCounts, Outcome
from fairlead.batching.batch_requests import BatchRequest

MAX_BYTES: Final = 64 * 2**20
"""Of requests that are set aside."""
MAX_TRIED: Final = 8
"""Models that are tried at a time, at most."""
_EACH: Final = 1024
"""Bytes that a request takes beside its body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRequest:
    """A request, and its attempts so far."""

    request: BatchRequest
    counts: AttemptCounts = field(default_factory=AttemptCounts)

    @property
    def size(self) -> int:
        """How many bytes it takes."""
        return len(self.request.body) + _EACH


@dataclass(slots=True)
class _Rest:
    """One model's."""

    counts: AttemptCounts = field(default_factory=AttemptCounts)
    until: float = -inf
    """When the next request may be tried."""
    tried: BatchRequest | None = None
    is_over: bool = False
    """A replica has answered."""
    aside: deque[HeldRequest] = field(default_factory=deque)


class ModelRests:
    """The models of one run that had no replica when a request was last tried."""

    def __init__(self, give_up_after_s: float, most_tried: int = MAX_TRIED) -> None:
        self._max_s = give_up_after_s
        self._most_tried = most_tried
        self._rests: dict[str, _Rest] = {}
        self._bytes = 0

    @property
    def is_empty(self) -> bool:
        """Whether no request is set aside."""
        return not self._bytes

    @property
    def is_full(self) -> bool:
        """Whether no more may be set aside."""
        return self._bytes >= MAX_BYTES

    def must_wait(self, request: BatchRequest) -> bool:
        """Return whether no replica served its model when a request was last tried, and this is not the next one."""
        return self._is_resting(request.model) and not self.is_tried(request)

    def is_tried(self, request: BatchRequest) -> bool:
        """Return whether it is the one by which its model is tried."""
        return self._is_resting(request.model) and self._rests[request.model].tried is request

    def may_take(self, models: Collection[str]) -> bool:
        """Return whether requests of one of these models can be sent, or many of them be set aside."""
        if not all(map(self._is_resting, models)):
            return True
        return bool(models) and self._bytes <= MAX_BYTES / 2

    def set_aside(self, one: HeldRequest) -> None:
        """Hold a request of such a model."""
        self._rests[one.request.model].aside.append(one)
        self._bytes += one.size

    def due(self, now: float) -> HeldRequest | None:
        """Take a request that may be sent now, or tried; of the models to be tried, the one that waits for longest."""
        for model, rest in self._rests.items():
            if rest.aside and rest.is_over:
                found = self._taken(rest)
                if not rest.aside:
                    del self._rests[model]
                return found
        if sum(rest.tried is not None for rest in self._rests.values()) >= self._most_tried:
            return None
        tried = [one for one in self._rests.values() if one.aside and one.tried is None and one.until <= now]
        if not tried:
            return None
        rest = min(tried, key=lambda one: one.until)
        found = self._taken(rest)
        rest.tried = found.request
        return found

    def _taken(self, rest: _Rest) -> HeldRequest:
        found = rest.aside.popleft()
        self._bytes -= found.size
        return found

    def refused(self, request: BatchRequest, took_s: float, retry_after_s: float | None, now: float) -> bool:
        """Record that no replica serves its model; return whether that lasts for too long."""
        rest = self._rests.setdefault(request.model, _Rest())
        if rest.is_over:
            rest.is_over, rest.counts = False, AttemptCounts()
        if rest.tried is request or not rest.counts.refusals:
            # Those that were sent before the first refusal end with it, and say nothing new.
            counts = rest.counts.after(Outcome.NO_REPLICA, took_s)
            wait_s = counts.wait_s(retry_after_s, 0.0)
            rest.until, rest.counts = now + wait_s, counts.waited(wait_s)
            return counts.are_exhausted(self._max_s)
        return False

    def given_up(self, model: str) -> list[HeldRequest]:
        """Take all that are set aside for a model."""
        aside = self._rests[model].aside
        found = list(aside)
        aside.clear()
        self._bytes -= sum(one.size for one in found)
        return found

    def answered(self, model: str) -> None:
        """Record that a replica serves it: what is set aside may be sent."""
        rest = self._rests.get(model)
        if rest is None:
            return
        rest.is_over = True
        if not rest.aside:
            del self._rests[model]

    def ended(self, request: BatchRequest) -> None:
        """Record that a request is no longer tried; the next one may be, if it had no reply from a replica."""
        rest = self._rests.get(request.model)
        if rest is not None and rest.tried is request:
            rest.tried = None

    def _is_resting(self, model: str) -> bool:
        rest = self._rests.get(model)
        return rest is not None and not rest.is_over
