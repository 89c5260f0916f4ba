"""Values of free extra arguments with which vLLM would not start: its parser ends with exit code 2.

Some flags are typed alike in all releases; what only the table of this one says is a warning with another image.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from fairlead.engines import extra_args
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.engines.vllm import flags, release, typed_flags, value_kinds
from fairlead.engines.vllm.field_flags import FIELDS
from fairlead.engines.vllm.value_kinds import WELL, Complaint, GivenFlag
from fairlead.fleet.findings import SpecRefusal, SpecWarning

ABSENT: Final = frozenset({"", "None"})
"""vLLM takes these for no value at all."""
_OWNED: Final = frozenset(flag for row in FIELDS if row.written is None for flag in row.flags)
"""Flags that are refused whatever their value."""


class _MalformedArgument(NamedTuple):
    field: str
    value: str
    because: str
    remedy: str


def refusals(setup: EngineSetup) -> tuple[SpecRefusal, ...]:
    """Return one refusal for each unreadable or missing value. It does not show the value, which may be a secret."""
    sure = release.is_certain(setup.engine)
    return tuple(
        SpecRefusal(**one._asdict(), reason=EngineReason.ARGUMENT_MALFORMED)
        for one, in_all in _malformed(setup)
        if in_all or sure
    )


def doubtful_value(setup: EngineSetup) -> SpecWarning | None:
    """Values that only this release is known to refuse, with another image or the emulator."""
    found = next((one for one, in_all in _malformed(setup) if not in_all), None)
    if found is None or release.is_certain(setup.engine):
        return None
    return SpecWarning(**found._asdict(), reason=EngineReason.ARGUMENT_MALFORMED)


def _malformed(setup: EngineSetup) -> Iterator[tuple[_MalformedArgument, bool]]:
    """Yield arguments with what is wrong, and whether all releases refuse it."""
    for given in _given(setup.engine.extra_args):
        typed = _complaint(given.flag, next(iter(given.values), None))
        because, remedy = _of_release(given) if typed == WELL else typed
        if because:
            yield _MalformedArgument(f"{extra_args.FIELD}[{given.place}]", given.flag, because, remedy), typed != WELL


def _given(words: Sequence[str]) -> Iterator[GivenFlag]:
    """Yield each flag with its values; dotted keys of JSON flags are left to the engine."""
    for place, word in enumerate(words):
        flag = extra_args.flag(word)
        spelled, equals, written = word.partition("=")
        if flag is None or flag in _OWNED or "." in spelled or " " in spelled:
            continue
        end = next((at for at in range(place + 1, len(words)) if extra_args.flag(words[at]) is not None), len(words))
        yield GivenFlag(place, flag, written if equals else None, tuple(words[place + 1 : end]))


def _of_release(given: GivenFlag) -> Complaint:
    """Flags that are refused whatever their value need no second refusal."""
    return WELL if extra_args.rule(given.flag, flags.RULES) is not None else value_kinds.complaint(given)


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
        read = value_kinds.json_value(value or "")
    except ValueError:
        read = None
    if isinstance(read, dict) or value in ABSENT:
        return "", ""
    return "vLLM expects a JSON object here and would not start", f'write one, as in {flag}={{"key": "value"}}'
