"""Reads items from JSON lines, with the answer under the names that other tools use; reports each unusable line."""

import json
from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
from typing import Any, Final

from fairlead.documents import json_document
from fairlead.documents.document_faults import DocumentFault, UnreadableDocument
from fairlead.evaluating import promptfoo, scorers
from fairlead.evaluating.item_problems import ItemFieldError
from fairlead.evaluating.items import EvaluationItem, digest_of, run_position
from fairlead.evaluating.scorers import AnswerRule, ScorerKind, ScorerSettings
from fairlead.fleet.line_problems import LineProblem

ANSWERS: Final = ("target", "ideal", "expected_output", "ground_truth")
"""Names of Inspect and ours, OpenAI's evals, DeepEval, Letta; promptfoo's `vars` and `assert` are read too."""
EXTRA: Final = ("tools", "tool_choice", "response_format")
"""Copied into the request unchanged."""
FIELDS: Final = frozenset({"input", "id", "tags", "metadata", "description", "vars", "assert", *ANSWERS, *EXTRA})
MAX_ITEMS: Final = 100_000
MAX_BYTES: Final = 2**20
"""Longest line."""
_ROLES: Final = ("system", "developer", "user", "assistant", "tool")


def read(
    lines: Iterable[bytes], settings: ScorerSettings | None, schema: object = None
) -> tuple[list[EvaluationItem], list[LineProblem]]:
    """Read all items, and the problems of all other lines; a schema replaces the items' own answers.

    Without settings a judge decides: an answer is optional, and serves as a reference.
    """
    items: list[EvaluationItem] = []
    problems: list[LineProblem] = []
    names: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            item = _item(_document(line, number), settings, schema)
            _check_name(item.name, names, number)
        except ItemFieldError as problem:
            problems.append(problem.on_line(number))
        else:
            items.append(item)
    return items, problems


def read_named(
    lines: Iterable[bytes], work: object, *, numbered: bool
) -> tuple[list[EvaluationItem], list[LineProblem]]:
    """Read the lines for a runner in a pod: JSON objects with an `id`, or named by their number or their digest.

    The runner interprets the rest; `work` is what its verdicts depend on besides a line.
    """
    items: list[EvaluationItem] = []
    problems: list[LineProblem] = []
    names: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            found = _document(line, number)
            unnamed = numbered and found.get("id") is None
            name = f"line-{len(items) + len(problems) + 1}" if unnamed else _name(found, found)
            _check_name(name, names, number)
            item = EvaluationItem(
                name=name, messages=(), rules=(), tags=tuple(_tags(found)), digest=digest_of([name, found, work])
            )
        except ItemFieldError as problem:
            problems.append(problem.on_line(number))
        else:
            items.append(item)
    return items, problems


def with_names(lines: Iterable[bytes], most: int | None = None) -> list[bytes]:
    """The lines of a runner's file, each with its `id`; with `most`, the first ones in the order of a run."""
    found = [json_document.read(line, as_python=True) for line in lines if line.strip()]
    named = [one if one.get("id") is not None else one | {"id": _name(one, one)} for one in found]
    if most is not None:
        named = sorted(named, key=lambda one: run_position(str(one["id"])))[:most]
    return [json.dumps(one, ensure_ascii=False).encode(errors="replace") for one in named]


def _check_name(name: str, names: dict[str, int], number: int) -> None:
    first = names.setdefault(name, number)
    if first != number:
        raise ItemFieldError(
            "id", name, because=f"line {first} has it too", remedy="give each item its own id, or leave one line out"
        )
    if len(names) > MAX_ITEMS:
        raise ItemFieldError("id", name, because=f"more than {MAX_ITEMS:,} items", remedy="split the file")


def _document(line: bytes, number: int) -> Mapping[str, Any]:
    if len(line) > MAX_BYTES:
        raise ItemFieldError(
            "line", f"{len(line):,} bytes", because=f"more than {MAX_BYTES:,}", remedy="shorten the input"
        )
    try:
        found = json_document.read(line, as_python=True)
    except UnreadableDocument as problem:
        shown = line[:40].decode(errors="replace").strip()
        if problem.fault is DocumentFault.TOO_DEEP:
            remedy = f"flatten it to at most {json_document.MAX_LEVELS} levels"
            raise ItemFieldError("line", shown, because="it nests too deeply", remedy=remedy) from None
        remedy = "write one JSON object a line" if number == 1 else "write one JSON object a line, as in line 1"
        raise ItemFieldError("line", shown, because=f"no JSON: {problem.because}"[:100], remedy=remedy) from None
    if not isinstance(found, dict):
        raise ItemFieldError("line", found, because="not a JSON object", remedy='write {"input": ..., "target": ...}')
    return found


def _item(found: Mapping[str, Any], settings: ScorerSettings | None, schema: object) -> EvaluationItem:
    unknown = sorted(set(found) - FIELDS)
    if unknown:
        remedy = f"put your own fields under metadata; fields are {', '.join(sorted(FIELDS))}"
        raise ItemFieldError(unknown[0], found[unknown[0]], because="not a field of an item", remedy=remedy)
    if settings is None:
        _check_judged(found)
    _check_expected(found)
    messages = _messages(found)
    extra = {name: found[name] for name in EXTRA if found.get(name) is not None}
    sent = {"messages": messages, **extra}
    expected = [found.get(one) for one in (*ANSWERS, "assert")]
    name = _name(found, sent)
    unversioned, digest = (
        digest_of([name, sent, expected, schema, version, repr(settings)])
        for version in (scorers.FIRST_VERSION, scorers.version(settings))
    )
    return EvaluationItem(
        name=name,
        messages=tuple(messages),
        rules=() if settings is None else tuple(_rules(found, settings, schema)),
        tags=tuple(_tags(found)),
        extra=extra,
        reference=next((str(one) for one in expected[:-1] if one is not None), "") if settings is None else "",
        digest=digest,
        unversioned=unversioned,
    )


def _check_expected(found: Mapping[str, Any]) -> None:
    """Refuse an answer that is no JSON: none can be right, and what writes a missing answer as NaN lacks it."""
    for name in (*ANSWERS, "assert"):
        if not _is_finite(found.get(name)):
            remedy = "write the right answer, or leave the item out"
            because = "NaN and Infinity are no JSON, so no answer is right"
            raise ItemFieldError(name, found[name], because=because, remedy=remedy)


def _is_finite(value: object) -> bool:
    if isinstance(value, dict | list):
        return all(map(_is_finite, value.values() if isinstance(value, dict) else value))
    return not isinstance(value, float) or isfinite(value)


def _check_judged(found: Mapping[str, Any]) -> None:
    """Refuse fields that a judge does not read: it reads two texts only."""
    for name, because in (
        ("tools", "a judge reads texts, no calls of tools"),
        ("assert", "a judge checks no assertion"),
    ):
        if found.get(name) is not None:
            raise ItemFieldError(name, found[name], because=because, remedy="remove it, or use another scorer")


def _messages(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    given = promptfoo.filled(found) if "vars" in found else found.get("input")
    if isinstance(given, str) and given.strip():
        return [{"role": "user", "content": given}]
    if isinstance(given, list) and given and all(_is_message(one) for one in given):
        return given
    because = "no input" if given is None else "neither a text nor a list of messages"
    remedy = 'write a text, or [{"role": "user", "content": "..."}]'
    raise ItemFieldError("input", given, because=because, remedy=remedy)


def _is_message(one: object) -> bool:
    return isinstance(one, dict) and one.get("role") in _ROLES and "content" in one


def _name(found: Mapping[str, Any], sent: Mapping[str, Any]) -> str:
    given = found.get("id")
    if given is None:
        return digest_of(sent)
    if isinstance(given, int | str) and not isinstance(given, bool) and 0 < len(str(given)) <= 200:
        return str(given)
    raise ItemFieldError(
        "id", given, because="not a name", remedy="write a number or text of at most 200 characters, or leave it out"
    )


def _tags(found: Mapping[str, Any]) -> Iterator[str]:
    given = found.get("tags") or []
    if not isinstance(given, list) or not all(isinstance(one, str) and one for one in given):
        raise ItemFieldError(
            "tags", given, because="not a list of words", remedy='write a list, for instance ["law", "cluster:doc-7"]'
        )
    yield from given


def _rules(found: Mapping[str, Any], settings: ScorerSettings, schema: object) -> Iterator[AnswerRule]:
    named = [name for name in ANSWERS if found.get(name) is not None]
    if len(named) > 1:
        raise ItemFieldError(named[1], found[named[1]], because=f"{named[0]} is there too", remedy="keep one of them")
    if "assert" in found:
        yield from promptfoo.rules(found["assert"], settings)
    elif named:
        yield scorers.rule(settings, found[named[0]], named[0])
    elif schema is not None and settings.kind is ScorerKind.JSON_SCHEMA:
        yield scorers.rule(settings, schema, "schema")
    else:
        remedy = f"write one of {', '.join(ANSWERS)}, or promptfoo's assert"
        raise ItemFieldError("target", None, because="no answer to compare with", remedy=remedy)
