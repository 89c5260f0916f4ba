"""Durations as people read them: numbers with units, at most the two largest units."""

from typing import Final

_UNITS: Final = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def lasting(seconds: float) -> str:
    """Format as `45 s`, `4 min 10 s`, `2 h 5 min`, `3 d 4 h`; never below zero, as clocks differ."""
    left, words = max(0, round(seconds)), list[str]()
    for size, unit in _UNITS:
        number, left = divmod(left, size)
        words.append(f"{number} {unit}" if number else "")
    first = next((at for at, word in enumerate(words) if word), len(words))
    return " ".join(filter(None, words[first : first + 2])) or "0 s"
