"""Values of free extra arguments that vLLM's parser would refuse with exit code 2."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Final

from fairlead.engines import extra_args
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.engines.vllm import typed_flags
from fairlead.engines.vllm.field_flags import FIELDS
from fairlead.fleet.findings import SpecRefusal

ABSENT: Final = frozenset({"", "None"})
"""vLLM takes these for no value at all."""
_SUFFIX: Final = re.compile(r'("(?:[^"\\]|\\.)*")|(?<=\d)[kKmMgGtT]\b')
"""The suffix of a number such as `80m` in JSON; quoted text is kept."""

_OWNED: Final = frozenset(flag for row in FIELDS if row.written is None for flag in row.flags)
"""Flags that are refused whatever their value."""

Complaint = tuple[str, str]
"""What vLLM wants, and what to write; both empty for a valid value."""


def refusals(setup: EngineSetup) -> tuple[SpecRefusal, ...]:
    """Return one refusal for each unreadable or missing value. It does not show the value, which may be a secret."""
    words = setup.engine.extra_args
    return tuple(
        SpecRefusal(
            field=f"{extra_args.FIELD}[{place}]",
            value=name,
            reason=EngineReason.ARGUMENT_MALFORMED,
            because=because,
            remedy=remedy,
        )
        for place, name, value in _given(words)
        for because, remedy in [_complaint(name, value)]
        if because
    )


def _given(words: Sequence[str]) -> Iterator[tuple[int, str, str | None]]:
    """Yield each flag with its value; dotted keys of JSON flags are left to the engine."""
    for place, word in enumerate(words):
        name = extra_args.flag(word)
        spelled, equals, written = word.partition("=")
        if name is None or name in _OWNED or "." in spelled or " " in spelled:
            continue
        following = words[place + 1] if place + 1 < len(words) else None
        if following is not None and extra_args.flag(following) is not None:
            following = None
        yield place, name, written if equals else following


def _complaint(flag: str, value: str | None) -> Complaint:
    name = flag.removeprefix("--")
    if name in typed_flags.INTEGERS:
        return _number(flag, value, "a whole number", int)
    if name in typed_flags.NUMBERS:
        return _number(flag, value, "a number", float)
    if name in typed_flags.CHOICES:
        return _choice(value, typed_flags.CHOICES[name])
    if name in typed_flags.OBJECTS:
        return _object(flag, value)
    return "", ""


def _number(flag: str, value: str | None, wanted: str, read: type[int] | type[float]) -> Complaint:
    if value is not None:
        try:
            if value not in ABSENT:
                read(value)
        except ValueError:
            pass
        else:
            return "", ""
    return f"vLLM expects {wanted} here and would not start", f"write the number in digits, as in {flag}=1"


def _choice(value: str | None, choices: Sequence[str]) -> Complaint:
    if value in choices:
        return "", ""
    return "vLLM does not know this value and would not start", f"write one of {', '.join(choices)}"


def _object(flag: str, value: str | None) -> Complaint:
    """Read a value as vLLM does; it would refuse anything but an object later."""
    try:
        read = json.loads(_SUFFIX.sub(lambda found: found[1] or "", value or ""))
    except (ValueError, RecursionError):
        read = None
    if isinstance(read, dict) or value in ABSENT:
        return "", ""
    return "vLLM expects a JSON object here and would not start", f'write one, as in {flag}={{"key": "value"}}'
