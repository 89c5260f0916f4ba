"""What goes in and out of the scheduler: a step, what came out of it, and why a request was not let in."""

from dataclasses import dataclass, field
from enum import StrEnum

from fairlead.simulator.engine.batch import StepBatch
from fairlead.simulator.engine.requests import EngineRequest, FinishReason


class SchedulerRefusal(StrEnum):
    """Not let in; the first two are vLLM's 503s."""

    TOO_MANY = "max_num_queued_reqs"
    BACKLOG = "max_num_queued_tokens"
    TOO_LONG = "too_long"
    """Can never run here, since it fits neither the context nor the cache, however empty."""


class PauseMode(StrEnum):
    """What a paused engine still does."""

    NONE = "none"
    NEW = "new"
    """Those that run go on, nobody enters."""
    ALL = "all"


@dataclass(slots=True)
class EngineStep:
    """One pass over the model."""

    began: float
    ends: float = 0.0
    """Virtual drivers complete it at exactly this moment."""
    batch: StepBatch = field(default_factory=StepBatch)
    prompts: list[tuple[EngineRequest, int]] = field(default_factory=list)
    """Who reads, and how many tokens of it."""
    decodes: list[tuple[EngineRequest, int]] = field(default_factory=list)
    """Who decodes, with the tokens verified; empty where `lockstep` speaks for all of them."""
    lockstep: bool = False

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.ends - self.began

    @property
    def tokens(self) -> int:
        """Computed in it."""
        return self.batch.decode_tokens + self.batch.prefill_tokens


@dataclass(slots=True)
class Emission:
    """Tokens that a request has made since it was last told of."""

    request: EngineRequest
    tokens: int
    finished: FinishReason | None
    first: bool


@dataclass(slots=True)
class AdvanceResult:
    """How far virtual time has come, and who made a first or a last token on the way."""

    now: float
    emissions: list[Emission]
