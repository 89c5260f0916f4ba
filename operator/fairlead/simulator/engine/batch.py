"""What one step works on, summed up, and whoever can say how long that takes."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol


@dataclass(slots=True)
class StepBatch:
    """The sums that step times depend on."""

    decodes: int = 0
    """Requests that make a token."""
    decode_tokens: int = 0
    """Tokens computed for them: one each, and the drafts to verify."""
    decode_context: int = 0
    """Tokens of cache that they look back on, all together."""
    prefills: int = 0
    """Prompts, or pieces of prompts, that are read."""
    prefill_tokens: int = 0
    prefill_pairs: int = 0
    """Pairs of a prompt token and one it looks back on: the part that grows with the square."""
    prefill_context: int = 0
    """Tokens of cache that stand behind the pieces' ends: what their attention reads."""


class DecodeLine(NamedTuple):
    """A step without prompts, for a fixed number of requests: a straight line over their context."""

    base_s: float
    context_token_s: float


class StepTimes(Protocol):
    """How long steps last on one kind of replica."""

    def decode_line(self, sequences: int, tokens: int) -> DecodeLine:
        """For so many requests with so many tokens together; by it whole runs of steps are added up in closed form."""

    def seconds(self, batch: StepBatch) -> float:
        """Of any step; of one without prompts exactly what its line says."""
