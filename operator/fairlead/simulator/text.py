"""What the engine says: words that follow from the prompt alone, so that a repeated request gets the same answer."""

from hashlib import sha256
from typing import Final

from fairlead.simulator.asked import Asked

WORDS: Final = (
    *("the", "a", "tide", "harbour", "pilot", "buoy", "chart", "wind", "calm", "north", "south", "keel", "rope"),
    *("anchor", "light", "fog", "bell", "quay", "turns", "holds", "leads", "shows", "waits", "drifts", "and", "but"),
    *("then", "before", "after", "under", "over", "slowly", "surely", "home"),
)
_SHORTEST: Final = 8
_SPREAD: Final = 56
"""A reply that is not cut has 8 to 63 tokens."""


def tokens(asked: Asked) -> tuple[str, ...]:
    """The whole reply, a word a token, cut where the request says."""
    seed = sha256(f"{asked.model}\n{asked.prompt}".encode()).digest()
    length = max(natural_length(asked), asked.min_tokens)
    wanted = asked.max_tokens if asked.ignore_end else min(length, asked.max_tokens)
    return tuple(_word(seed, index) for index in range(wanted))


def natural_length(asked: Asked) -> int:
    """Where the reply would end by itself."""
    digest = sha256(f"{asked.model}\n{asked.prompt}".encode()).digest()
    return _SHORTEST + digest[0] % _SPREAD


def finish_reason(asked: Asked) -> str:
    """`length` where the request's limit cut the reply."""
    cut = asked.ignore_end or max(natural_length(asked), asked.min_tokens) > asked.max_tokens
    return "length" if cut else "stop"


def _word(seed: bytes, index: int) -> str:
    """Each word depends on the prompt and its own place; any length of reply is as cheap a word."""
    number = seed[index % len(seed)] + 31 * index
    word = WORDS[number % len(WORDS)]
    return word if index == 0 else f" {word}"
