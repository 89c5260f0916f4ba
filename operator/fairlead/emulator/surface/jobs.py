"""The seam to the engine: what one HTTP request asks of it, and how the engine tells what became of it.

Replies are known in advance: the engine decides only when each token comes out. Knows neither HTTP nor time.
"""

from collections.abc import Sequence as Ids
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class EngineRefusal(StrEnum):
    """Why the engine takes no new request; the surface has the words and the status of each."""

    BUSY = "max_num_queued_reqs"
    """More unfinished requests than the flag of that name: 503."""
    BACKLOG = "max_num_queued_tokens"
    """More prompt tokens in prefill than the flag of that name: 503."""
    BEHIND = "behind"
    """The simulated engine cannot keep its own time any more, and says so: 503, in words of ours."""
    DRAINING = "draining"
    """SIGTERM was seen: 500, while `/health` still says 200."""
    DEAD = "dead"
    """The engine below is gone: 500."""
    OUT_OF_ORDER = "errors"
    """The fault of that name: 500."""


class JobEnding(StrEnum):
    """How the engine ends a job that it had taken, before its last token."""

    DEAD = "dead"
    """A plain request gets 500, a stream an error event."""
    ERROR = "error"
    """The same in other words: this request alone failed."""
    CUT = "cut"
    """The connection is dropped now, in the middle of the answer."""
    ABORTED = "aborted"
    """The engine was told to drop it (sleep, pause, abort): what is out is the answer, finished by `abort`."""


@dataclass(slots=True, eq=False, kw_only=True)
class JobSequence:
    """One prompt and one reply to it: what vLLM's scheduler calls a request."""

    prompt_ids: Ids[int]
    reply_ids: Ids[int]
    """All tokens that will come out, the end-of-text token included where the reply ends by itself."""
    finish: str
    """`stop` or `length`, said with the last of them."""
    max_tokens: int
    """What was asked for, after vLLM's own capping."""
    adapter: str | None = None
    salt: str | None = None


@dataclass(slots=True, eq=False, kw_only=True)
class EngineJob:
    """The work of one HTTP request: a sequence for each prompt and each of its `n` choices."""

    request_id: str
    sequences: tuple[JobSequence, ...]
    each_step: bool = True
    """A stream wants to hear of every step; a plain request only of each sequence's end."""
    priority: int = 0
    n: int = 1
    rank: int | None = None
    """The data-parallel replica that the client pinned."""


@dataclass(slots=True, kw_only=True)
class SequenceTimes:
    """When a finished sequence was where, in seconds of one clock; what `--enable-per-request-metrics` shows."""

    queued: float
    scheduled: float
    first_token: float
    last_token: float


class JobListener(Protocol):
    """Whoever answers the request; called from the engine's step, so each call is short and never waits."""

    def on_tokens(self, index: int, count: int, finish: str | None) -> None:
        """So many more tokens of that sequence's reply are out; with the last ones, how it ended."""

    def on_end(self, ending: JobEnding) -> None:
        """Nothing more comes of the whole job; said at most once, and nothing after it."""


class JobHandle(Protocol):
    """A job that the engine took."""

    @property
    def cached_tokens(self) -> list[int]:
        """By sequence, the prompt tokens found in the prefix cache; true from its first token on."""

    @property
    def times(self) -> SequenceTimes | None:
        """Of the only sequence, once it has ended; absent for several."""

    def cancel(self) -> None:
        """The client is gone: free everything at once and count nothing. Harmless when repeated."""
