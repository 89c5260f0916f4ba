"""An answer that an engine wrote and no client got: its tokens count nevertheless."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SpentAnswer:
    """An answer that an engine wrote but that was not given."""

    target: str
    revision: str
    prompt_tokens: int
    output_tokens: int
    cached_tokens: int
    """Negative if its engine did not say."""
    finish_reason: str
