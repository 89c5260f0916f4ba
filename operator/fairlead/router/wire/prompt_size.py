"""What the tokens of a prompt are counted or estimated from."""

from typing import NamedTuple


class PromptSize(NamedTuple):
    """The parts of a prompt, each measured in its own way."""

    text_bytes: int = 0
    media: int = 0
    """Images and other parts that are not text."""
    ids: int = 0
    """Tokens that the client sent as their numbers."""
