"""The scheduler's values: a step, its emissions, and the reasons of refusals."""

from dataclasses import dataclass
from enum import StrEnum

from fairlead.simulator.engine.batch import StepBatch
from fairlead.simulator.engine.requests import EngineRequest, FinishReason


class SchedulerRefusal(StrEnum):
    """Why a request is refused; the first two are vLLM's 503s."""

    TOO_MANY = "max_num_queued_reqs"
    BACKLOG = "max_num_queued_tokens"
    TOO_LONG = "too_long"
    """It can never run here: it exceeds the context, the batch or the empty KV cache."""


class PauseMode(StrEnum):
    """How far an engine is paused."""

    NONE = "none"
    NEW = "new"
    """Running requests continue; none is admitted."""
    ALL = "all"


class EngineStep:
    """One forward pass of the model."""

    __slots__ = ("batch", "began", "decodes", "ends", "lockstep", "prompts")

    def __init__(self, began: float) -> None:
        self.began = began
        self.ends = 0.0
        """A simulation completes it at exactly this time."""
        self.batch = StepBatch()
        self.prompts: list[tuple[EngineRequest, int]] = []
        """Requests in prefill, with the number of tokens of each."""
        self.decodes: list[tuple[EngineRequest, int]] = []
        """Decoding requests with the tokens computed for each; empty if `lockstep` covers all of them."""
        self.lockstep = False

    @property
    def seconds(self) -> float:
        """Length of the step."""
        return self.ends - self.began

    @property
    def tokens(self) -> int:
        """Tokens computed in it."""
        return self.batch.decode_tokens + self.batch.prefill_tokens


@dataclass(slots=True)
class Emission:
    """Tokens that a request has generated since its last emission."""

    request: EngineRequest
    tokens: int
    finished: FinishReason | None
    first: bool


@dataclass(slots=True)
class AdvanceResult:
    """The virtual time reached, and the requests that emitted a first or last token until then."""

    now: float
    emissions: list[Emission]
