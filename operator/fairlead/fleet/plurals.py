"""Numbers with their nouns and verbs, for every message that a person reads."""

from typing import Final

IRREGULAR: Final = {"is": "are", "was": "were", "has": "have", "does": "do"}
"""Irregular verbs, singular to plural."""
_SIBILANTS: Final = ("s", "x", "z", "ch", "sh")


def count(number: float, noun: str) -> str:
    """Format `1 replica`, `3 replicas`, `2,048 tokens`, `0.5 replicas`; of several words the last gets the plural."""
    return f"{formatted(number)} {noun if number == 1 else plural(noun)}"


def verb(number: float, word: str) -> str:
    """Return the verb for this number of things: `is` or `are`, `keeps` or `keep`."""
    if number == 1:
        return word
    return IRREGULAR.get(word, word.removesuffix("s"))


def verb_of_part(some: int, whole: int, word: str) -> str:
    """Return the verb after a part of a whole: `0 of 1 replica is`, `0 of 3 replicas are`, `1 of 3 replicas is`."""
    return verb(some or whole, word)


def part(some: int, whole: int, noun: str, word: str) -> str:
    """Format a part of a whole with its verb: `0 of 3 replicas are`."""
    return f"{formatted(some)} of {count(whole, noun)} {verb_of_part(some, whole, word)}"


def plural(noun: str) -> str:
    """Return the plural of a noun."""
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(_SIBILANTS) else f"{noun}s"


def formatted(number: float) -> str:
    """Format a whole number with thousands separators, any other with three significant digits."""
    return f"{int(number):,}" if number == int(number) else f"{number:.3g}"
