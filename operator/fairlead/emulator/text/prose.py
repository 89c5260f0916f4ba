"""Replies without structured output: sentences of common words, determined by the seed alone."""

from typing import Final

from fairlead.emulator.text.draws import numbers
from fairlead.emulator.text.tokenizer import Tokenizer

_SENTENCE: Final = 3
"""Every fourth token may be a full stop; about one in this many of them is."""
_FULL_STOP: Final = ord(".")
_SHORTEST: Final = 8
_SPREAD: Final = 56
"""A reply that ends by itself has 8 to 63 tokens, if no mean is set."""


def natural_length(seed: bytes, mean: float | None) -> int:
    """Return the length in tokens, including the end-of-text token."""
    share = numbers(seed, 1)[0] / 65536
    if mean is None:
        return _SHORTEST + int(share * _SPREAD)
    return max(1, round(mean * (0.5 + share)))


def tokens(tokenizer: Tokenizer, seed: bytes, count: int) -> list[int]:
    """Return `count` tokens of text; a longer reply to the same seed begins with the shorter one."""
    spoken = tokenizer.spoken
    many = len(spoken)
    drawn = numbers(seed, count + 1)[1:]
    ids = [
        spoken[number // _SENTENCE % many] if number % _SENTENCE or place % 4 != 3 else _FULL_STOP
        for place, number in enumerate(drawn)
    ]
    if ids:
        ids[0] = tokenizer.openings[drawn[0] // _SENTENCE % many]
    return ids
