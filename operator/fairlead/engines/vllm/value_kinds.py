"""Whether the parser of vLLM 0.32 takes a flag's values, by the table of what each of its flags takes."""

import difflib
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from fairlead.documents import json_document
from fairlead.engines.vllm.parser_flags import BOUNDS, CHOICES, KINDS

Complaint = tuple[str, str]
"""What vLLM wants, and what to write; both empty for a valid value."""

WELL: Final[Complaint] = ("", "")
_ENDS: Final = "and would not start"
_EXAMPLE: Final = '{"key": "value"}'
_SHOWN: Final = 8
"""Choices that a remedy lists; more would be longer than the rest of the message."""
_AMOUNT: Final = re.compile(r"(\d+(?:\.\d+)?)([kKmMgGtT])")
_SUFFIX: Final = re.compile(r'("(?:[^"\\]|\\.)*")|(?<=\d)[kKmMgGtT]\b')
"""The suffix of a number such as `80m` in JSON; quoted text is kept."""
_OBJECT: Final = re.compile(r"(?s)\s*{.*}\s*")
_COMPARE: Final[Mapping[str, Callable[[float, float], bool]]] = MappingProxyType(
    {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
)
_LIMIT: Final = re.compile(r"([<>]=?)(.+)")


class GivenFlag(NamedTuple):
    """A flag among the extra arguments, with the words that follow it."""

    place: int
    flag: str
    """Folded to one spelling, with its dashes."""
    glued: str | None
    """The value after an equals sign."""
    following: tuple[str, ...]
    """The words up to the next flag."""

    @property
    def values(self) -> tuple[str, ...]:
        """What the parser takes for its values; an equals sign brings exactly one."""
        return self.following if self.glued is None else (self.glued,)


def full_name(flag: str) -> str | None:
    """Return the flag's name in the tables, without the dashes of a long one; None if it is none or ambiguous."""
    if not flag.startswith("--"):
        return flag if flag in KINDS else None
    plain = flag.removeprefix("--")
    denied = plain.removeprefix("no-")
    if plain in KINDS or (denied in KINDS and KINDS[denied] == "switch"):
        return plain if plain in KINDS else denied
    found = [one for one in KINDS if one.startswith(plain)]
    return found[0] if len(found) == 1 and not plain.startswith("no") else None


def complaint(given: GivenFlag) -> Complaint:
    """Return what vLLM's parser or its configuration would say of a flag's values."""
    name = full_name(given.flag)
    if name is None:
        return WELL
    kind = KINDS[name]
    return _number_of(given, kind) or _each(given, name, kind) or WELL


def json_value(written: str) -> object:
    """Read JSON as vLLM reads configurations, with numbers such as `80m`; ValueError if it is none."""
    return _json(_SUFFIX.sub(lambda found: found[1] or "", written))


def _number_of(given: GivenFlag, kind: str) -> Complaint | None:
    """Compare how many values there are with how many the flag takes."""
    if kind == "switch":
        bare = given.glued is None and not given.following
        return None if bare else (f"vLLM 0.32 takes no value here {_ENDS}", f"write {given.flag} alone, or remove it")
    if not given.values and not kind.endswith("~"):
        return f"vLLM 0.32 expects a value here {_ENDS}", f"write one, as in {given.flag}=VALUE"
    most = 0 if given.glued is not None else 1
    if len(given.following) > most and (given.glued is not None or not kind.endswith("+")):
        return f"vLLM 0.32 takes one value here {_ENDS}", "remove the words after it"
    return None


def _each(given: GivenFlag, name: str, kind: str) -> Complaint | None:
    plain = kind.rstrip("?+~")
    for value in given.values:
        if kind != plain and "?" in kind and value in ("", "None"):
            continue
        found = _read(given.flag, plain, value) or _chosen(name, plain, value) or _within(name, plain, value)
        if found is not None:
            return found
    return None


def _read(flag: str, kind: str, value: str) -> Complaint | None:
    if kind not in _READ:
        return None
    read, because, example = _READ[kind]
    try:
        read(value)
    except (TypeError, ValueError):
        return f"{because} {_ENDS}", f"write one, as in {flag}={example}"
    return None


def _chosen(name: str, kind: str, value: str) -> Complaint | None:
    choices = CHOICES.get(name)
    written = value.lower().replace("-", "_") if kind == "folded" else value
    if choices is None or written in choices:
        return None
    return f"vLLM 0.32 does not know this value {_ENDS}", _choice(written, choices)


def _choice(written: str, choices: Sequence[str]) -> str:
    near = difflib.get_close_matches(written, choices, n=1)
    if near:
        return f"did you mean {near[0]}?"
    listed = ", ".join(choices[:_SHOWN])
    return f"write one of {listed}" + (" or another that `vllm serve --help` lists" if len(choices) > _SHOWN else "")


def _within(name: str, kind: str, value: str) -> Complaint | None:
    if name not in BOUNDS:
        return None
    limits = broken_limits(name, float(_READ[kind][0](value)))
    if not limits:
        return None
    wanted = " and ".join(f"{sign} {limit}" for sign, limit in limits_of(name))
    return f"vLLM 0.32 expects a number {wanted} here {_ENDS}", "write one in that range, or remove it"


def limits_of(name: str) -> list[tuple[str, str]]:
    """Return the limits of a flag's number, as `>=` and `1`."""
    return [(found[1], found[2]) for one in BOUNDS.get(name, ()) if (found := _LIMIT.fullmatch(one))]


def broken_limits(name: str, number: float) -> list[tuple[str, str]]:
    """Return those limits of a flag that a number breaks."""
    return [(sign, limit) for sign, limit in limits_of(name) if not _COMPARE[sign](number, float(limit))]


def amount(written: str) -> int:
    """`16k` is 16,000 and `16K` 16,384; only a decimal unit may follow a fraction."""
    found = _AMOUNT.fullmatch(written.strip())
    if found is None:
        return int(written)
    power = "kmgt".index(found[2].lower()) + 1
    return int(float(found[1]) * 1000**power) if found[2].islower() else int(found[1]) * 1024**power


def _json(written: str) -> object:
    return json_document.read(written, as_python=True)


def _object(written: str) -> dict[str, Any]:
    read = json_value(written)
    if not isinstance(read, dict):
        raise TypeError
    return read


def _text_or_object(written: str) -> object:
    """Only what looks like an object is read as one."""
    return _json(written) if _OBJECT.fullmatch(written) else written


_READ: Final[Mapping[str, tuple[Callable[[str], Any], str, str]]] = MappingProxyType(
    {
        "integer": (int, "vLLM 0.32 expects a whole number here", "1"),
        "number": (float, "vLLM 0.32 expects a number here", "1"),
        "amount": (amount, "vLLM 0.32 expects a whole number here, which may end in k, m or g,", "8k"),
        "json": (_json, "vLLM 0.32 expects JSON here", _EXAMPLE),
        "object": (_object, "vLLM 0.32 expects a JSON object here", _EXAMPLE),
        "text-or-object": (_text_or_object, "vLLM 0.32 expects text or a JSON object here", _EXAMPLE),
    }
)
"""How values of a kind are read, what to call them, and one to write."""
