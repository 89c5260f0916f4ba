"""One request as the scheduler sees it: its parameters, its progress, and its times and counts for reports."""

from dataclasses import dataclass, field
from enum import StrEnum

from fairlead.simulator.engine.block_pool import CachedBlock, FreedBlocks


class FinishReason(StrEnum):
    """Finish reasons, as vLLM names them."""

    STOP = "stop"
    LENGTH = "length"
    ABORT = "abort"
    ERROR = "error"


class EngineRequestStatus(StrEnum):
    """The state of a request."""

    NEW = "new"
    WAITING = "waiting"
    RUNNING = "running"
    PREEMPTED = "preempted"
    """Waiting again, before all others, with nothing computed."""
    ENDED = "ended"


@dataclass(slots=True, eq=False, kw_only=True)
class EngineRequest:
    """Parameters set by the client, progress written by the scheduler; times are virtual seconds."""

    # The client's parameters; never written after the start.
    serial: int
    prompt_tokens: int
    output_tokens: int
    """It ends by itself after this many tokens."""
    arrived: float
    finish: FinishReason = FinishReason.LENGTH
    """Its finish reason if it ends by itself."""
    prefix: tuple[int, ...] = ()
    """Chained hashes of the prompt's full blocks: equal hashes mean equal text up to there. Empty: shares nothing."""
    reply: tuple[int, ...] = ()
    """Hashes of the full blocks that end inside the reply, for later turns of a session, which repeat it."""
    priority: int = 0
    """Lower numbers are scheduled first."""
    adapter: str | None = None

    # Progress; written by the scheduler only.
    status: EngineRequestStatus = EngineRequestStatus.NEW
    computed: int = 0
    """Tokens whose keys and values are in the KV cache."""
    emitted: int = 0
    """Tokens of the reply generated so far."""
    pages: int = 0
    """KV blocks that it holds."""

    # Times and counts for reports.
    scheduled: float | None = None
    """When it was first scheduled."""
    first_token: float | None = None
    ended: float | None = None
    cached_tokens: int = 0
    """Cached prompt tokens at its first admission, loaded ones included."""
    loaded_tokens: int = 0
    """How many of these were loaded from main memory."""
    preemptions: int = 0

    # Internal state of the scheduler.
    mark: int | None = None
    """While it decodes in the lockstep group: the group's step count at which its reply would have been empty."""
    due: int = 0
    """The group's step count at which it ends."""
    sealed: int = 0
    """With speculative decoding: its computed and verified tokens when last scheduled."""
    named: list[CachedBlock] = field(default_factory=list)
    """Cached blocks that it holds, from the first on."""
    remains: FreedBlocks | None = None
    """The run of its blocks without a hash that a preemption left in the pool."""

    @property
    def tokens(self) -> int:
        """Tokens of prompt and reply so far."""
        return self.prompt_tokens + self.emitted
