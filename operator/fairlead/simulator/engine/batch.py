"""The work of one step as sums, and the interface of step times."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(slots=True)
class StepBatch:
    """The sums that step times depend on."""

    decodes: int = 0
    """Requests that decode in the step."""
    decode_tokens: int = 0
    """Tokens computed for them: one each, plus the drafted tokens to verify."""
    decode_context: int = 0
    """Cached tokens that they attend to, in total."""
    prefills: int = 0
    """Prompts, or chunks of prompts, in prefill."""
    prefill_tokens: int = 0
    prefill_pairs: int = 0
    """Pairs of a prompt token and a token that it attends to: the part that grows with the square of the length."""
    prefill_context: int = 0
    """Context at the ends of the chunks: the cached tokens that their attention reads."""
    loaded_blocks: int = 0
    """Blocks that are loaded from main memory before the step; step times leave them out, and the engine adds them."""


@dataclass(frozen=True, slots=True)
class DecodeLine:
    """The time of a step without prefill, for a fixed number of requests: linear in their context."""

    base_s: float
    context_token_s: float

    def seconds(self, context: float) -> float:
        """Return the length of a step whose requests attend to this many tokens."""
        return self.base_s + self.context_token_s * context


class StepTimes(Protocol):
    """The step times of one configuration."""

    def decode_line(self, sequences: int, tokens: int) -> DecodeLine:
        """Return the line for `sequences` that compute `tokens` in total; it sums many steps in closed form."""

    def seconds(self, batch: StepBatch) -> float:
        """Return seconds of any step; without prefill exactly what `decode_line` gives."""
