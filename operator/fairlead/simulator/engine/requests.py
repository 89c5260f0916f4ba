"""One request as the scheduler sees it: what was asked, how far it is, and what is told of it afterwards."""

from dataclasses import dataclass, field
from enum import StrEnum

from fairlead.simulator.engine.block_pool import CachedBlock, FreedBlocks


class FinishReason(StrEnum):
    """Why it ended, in vLLM's words."""

    STOP = "stop"
    LENGTH = "length"
    ABORT = "abort"
    ERROR = "error"
    REPETITION = "repetition"


class EngineRequestStatus(StrEnum):
    """Where it stands."""

    NEW = "new"
    WAITING = "waiting"
    RUNNING = "running"
    PREEMPTED = "preempted"
    """Waiting again, ahead of everyone, with nothing computed."""
    ENDED = "ended"


@dataclass(slots=True, eq=False, kw_only=True)
class EngineRequest:
    """Asked by the client, moved by the scheduler, read by whoever observes; times are virtual seconds."""

    # What was asked; never written after the start.
    serial: int
    prompt_tokens: int
    output_tokens: int
    """After so many it ends by itself."""
    arrived: float
    finish: FinishReason = FinishReason.LENGTH
    """What it will say when it has ended by itself."""
    prefix: tuple[int, ...] = ()
    """Chained ids of the prompt's full pages: equal ids mean equal text up to there. Empty: shares nothing."""
    reply: tuple[int, ...] = ()
    """The same of the full pages that end inside the reply, for the turns of a talk that will repeat it."""
    priority: int = 0
    """Lower is sooner."""
    adapter: str | None = None

    # Where it is; written by the scheduler only.
    standing: EngineRequestStatus = EngineRequestStatus.NEW
    computed: int = 0
    """Tokens whose keys and values are in the cache."""
    emitted: int = 0
    """Tokens of the reply that exist."""
    pages: int = 0
    """Pages of the cache it holds."""

    # What is told of it.
    scheduled: float | None = None
    """First time in a step."""
    first_token: float | None = None
    ended: float | None = None
    cached_tokens: int = 0
    """Prompt tokens found in the cache at its first admission."""
    preemptions: int = 0

    # The scheduler's own notes.
    mark: int | None = None
    """While it decodes in step with the others: the count of their steps at which its reply was empty."""
    due: int = 0
    """The count at which it ends."""
    sealed: int = 0
    """Under speculation: its tokens that were computed and certain when it was last scheduled."""
    named: list[CachedBlock] = field(default_factory=list)
    """Pages it holds that others may find, from the first on."""
    remains: FreedBlocks | None = None
    """What a preemption left of its nameless pages in the cache."""

    @property
    def tokens(self) -> int:
        """All that exist of it: prompt and reply so far."""
        return self.prompt_tokens + self.emitted
