"""The interface to the engine: the work of one HTTP request, and the callbacks by which the engine reports progress.

Replies are known in advance: the engine decides only when each token is emitted. Knows neither HTTP nor time.
"""

from collections.abc import Sequence as Ids
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class EngineRefusal(StrEnum):
    """Why the engine refuses a new request; `errors` has the status and message for each."""

    BUSY = "max_num_queued_reqs"
    """More unfinished requests than the flag of that name allows: 503."""
    BACKLOG = "max_num_queued_tokens"
    """More prompt tokens in prefill than the flag of that name allows: 503."""
    LAGGING = "lagging"
    """The process lags so far that latencies would be wrong: 503, with our own message."""
    DRAINING = "draining"
    """The engine drains after SIGTERM: 500, while `/health` still returns 200."""
    DEAD = "dead"
    """The engine process behind the API server is dead: 500."""
    DUPLICATE = "duplicate"
    """Another request of this id is in flight, in an engine that allows only one: 400."""
    OUT_OF_ORDER = "errors"
    """The fault of that name: 500."""


class JobEnding(StrEnum):
    """How the engine ends an accepted job before its last token."""

    DEAD = "dead"
    """The engine died: a plain request gets 500, a stream an error event."""
    CUT = "cut"
    """The connection is dropped at once, in the middle of the response."""
    ABORTED = "aborted"
    """Aborted by sleep, pause or abort: the tokens emitted so far are the reply, finished by `abort`."""


@dataclass(slots=True, eq=False, kw_only=True)
class JobSequence:
    """One prompt and one reply to it: what vLLM's scheduler calls a request."""

    prompt_ids: Ids[int]
    reply_ids: Ids[int]
    """All tokens of the reply, with the end-of-text token if the reply ends by itself."""
    finish: str
    """`stop` or `length`, reported with the last token."""
    max_tokens: int
    """As requested, after vLLM's capping."""
    adapter: str | None = None
    salt: str | None = None


@dataclass(slots=True, eq=False, kw_only=True)
class EngineJob:
    """The work of one HTTP request: a sequence for each prompt and each of its `n` choices."""

    request_id: str
    sequences: tuple[JobSequence, ...]
    each_step: bool = True
    """Whether the listener is called at every step, for a stream, or only at each sequence's end."""
    priority: int = 0
    n: int = 1
    rank: int | None = None
    """The data-parallel replica that the client pinned."""


@dataclass(slots=True, kw_only=True)
class SequenceTimes:
    """Times of a finished sequence in seconds of one clock, for `--enable-per-request-metrics`."""

    queued: float
    scheduled: float
    first_token: float
    last_token: float


class JobListener(Protocol):
    """Writes the response; called from the engine's step, so each call must be short and must not block."""

    def on_tokens(self, index: int, count: int, finish: str | None) -> None:
        """Report `count` more emitted tokens of a sequence, with the finish reason if they are the last."""

    def on_end(self, ending: JobEnding) -> None:
        """Report that the whole job ended early; called at most once, and no call follows it."""


class JobHandle(Protocol):
    """An accepted job."""

    @property
    def cached_tokens(self) -> list[int]:
        """Cached prompt tokens by sequence; valid from the sequence's first token on."""

    @property
    def times(self) -> SequenceTimes | None:
        """Times of the only sequence once it has ended; absent for a job with several."""

    def cancel(self) -> None:
        """Free everything at once and count nothing, after the client has disconnected. May be called again."""
