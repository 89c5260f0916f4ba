"""The first check of an input: whether it is small and simple enough to be read at all.

It runs before every other check, so that ten megabytes, a thousand levels or a list that contains itself cost
milliseconds. Etcd refuses objects of more than 1.5 MiB, so no stored object is near these bounds.
"""

import math
from collections.abc import Iterator
from typing import Final

from fairlead.api.read_problems import FieldPath, RawValue, ReadReason, refusal, value_text
from fairlead.fleet.findings import SpecRefusal

MAX_VALUES: Final = 20_000
MAX_CHARACTERS: Final = 1_000_000
DEEPEST: Final = 32
LONGEST_KEY: Final = 512
LARGEST_INTEGER: Final = 2**63 - 1


def exceeded(value: RawValue, root: FieldPath) -> SpecRefusal | None:
    """Return a refusal for the first bound that a value exceeds, or None."""
    waiting: list[tuple[RawValue, FieldPath]] = [(value, root)]
    values, characters = 1, 0
    while waiting:
        each, path = waiting.pop()
        values += len(each) if isinstance(each, dict | list) else 0
        characters += len(each) if isinstance(each, str) else 0
        if because := _too_much(values, characters, len(path) - len(root)):
            return refusal(root, "an object", ReadReason.TOO_LARGE, because, "make the object smaller")
        if (no := _odd(each, path)) is not None:
            return no
        waiting.extend(_inside(each, path))
    return None


def without_nulls(value: RawValue) -> RawValue:
    """Copy a value without its null fields, as the API server does."""
    if isinstance(value, dict):
        return {key: without_nulls(below) for key, below in value.items() if below is not None}
    return [without_nulls(each) for each in value] if isinstance(value, list) else value


def _too_much(values: int, characters: int, depth: int) -> str | None:
    if values > MAX_VALUES:
        return f"it holds more than {MAX_VALUES} values"
    if characters > MAX_CHARACTERS:
        return f"its text is longer than {MAX_CHARACTERS} characters"
    return f"it is nested deeper than {DEEPEST} levels" if depth > DEEPEST else None


def _odd(value: RawValue, path: FieldPath) -> SpecRefusal | None:
    """Refuse what YAML or Python can represent and JSON cannot: dates, infinite numbers, lone surrogates."""
    if value is None or isinstance(value, bool | list):
        return None
    if isinstance(value, str):
        return None if _is_text(value) else _not_json(path, "a text", "the text contains half a character")
    if isinstance(value, dict):
        bad = [key for key in value if not isinstance(key, str) or len(key) > LONGEST_KEY or not _is_text(key)]
        return _not_json(path, "an object", "a field's name is not text, or is too long") if bad else None
    if isinstance(value, float):
        return None if math.isfinite(value) else _no_number(path, f"{value:g}")
    if isinstance(value, int):
        whole = abs(value)
        return (
            None if whole <= LARGEST_INTEGER else _no_number(path, f"a number of {int(math.log10(whole)) + 1} digits")
        )
    return _not_json(path, value_text(value, path), f"YAML reads this as a {type(value).__name__}")


def _no_number(path: FieldPath, shown: str) -> SpecRefusal:
    because = "it is no number" if shown == "nan" else "no field holds a number so far from 0"
    return refusal(path, shown, ReadReason.NOT_JSON, because, "write a number that the field allows")


def _not_json(path: FieldPath, value: str, because: str) -> SpecRefusal:
    return refusal(path, value, ReadReason.NOT_JSON, because, "quote it if you meant text")


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _inside(value: RawValue, path: FieldPath) -> Iterator[tuple[RawValue, FieldPath]]:
    if isinstance(value, dict):
        yield from ((below, (*path, key)) for key, below in value.items())
    elif isinstance(value, list):
        yield from ((each, (*path, number)) for number, each in enumerate(value))
