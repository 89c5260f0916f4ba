"""Reads test cases of promptfoo: `vars` for the input, `assert` for the answer; unknown assertions are refused."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from fairlead.evaluating import scorers
from fairlead.evaluating.item_problems import ItemFieldError
from fairlead.evaluating.scorers import AnswerRule, ScorerKind, ScorerSettings

_KINDS: Final[Mapping[str, tuple[ScorerKind, bool]]] = {
    "equals": (ScorerKind.EXACT, False),
    "contains": (ScorerKind.CONTAINS, False),
    "icontains": (ScorerKind.CONTAINS, True),
    "contains-any": (ScorerKind.CONTAINS, False),
    "icontains-any": (ScorerKind.CONTAINS, True),
    "regex": (ScorerKind.REGEX, False),
    "is-json": (ScorerKind.JSON_SCHEMA, False),
}
"""By promptfoo's name: the scorer, and whether case is ignored."""
_ALL: Final = {"contains-all": "contains", "icontains-all": "icontains"}


def filled(found: Mapping[str, Any]) -> str:
    """Fill the input's `{{variables}}`; without an input, take the variable `input`, or the only one there is."""
    given, template = found["vars"], found.get("input")
    if not isinstance(given, dict) or not given:
        raise ItemFieldError(
            "vars",
            given,
            because="not an object of variables",
            remedy='write an object, for instance {"question": "..."}',
        )
    texts = {name: str(value) for name, value in given.items() if isinstance(value, str | int | float)}
    if len(texts) < len(given):
        name = next(one for one in given if one not in texts)
        raise ItemFieldError(f"vars.{name}", given[name], because="not text or a number", remedy="write it as text")
    if isinstance(template, str):
        for name, value in texts.items():
            template = template.replace("{{" + name + "}}", value).replace("{{ " + name + " }}", value)
        return template
    if "input" in texts or len(texts) == 1:
        return texts.get("input", next(iter(texts.values())))
    remedy = 'add an input that says where they go, for instance "input": "{{context}} {{question}}"'
    raise ItemFieldError("vars", sorted(texts), because="several variables and no prompt", remedy=remedy)


def rules(given: object, settings: ScorerSettings) -> Iterator[AnswerRule]:
    """Yield the rules of all assertions; of `settings` only the tolerance matters."""
    if not isinstance(given, list) or not given:
        raise ItemFieldError(
            "assert", given, because="not a list of assertions", remedy='write [{"type": "equals", "value": "..."}]'
        )
    for place, one in enumerate(given):
        yield from _rules(one, f"assert[{place}]", settings)


def _rules(one: object, field: str, settings: ScorerSettings) -> Iterator[AnswerRule]:
    kind = one.get("type") if isinstance(one, dict) else None
    if not isinstance(one, dict) or not isinstance(kind, str) or (kind not in _KINDS and kind not in _ALL):
        names = ", ".join((*_KINDS, *_ALL))
        raise ItemFieldError(f"{field}.type", kind, because="not a known assertion", remedy=f"write one of {names}")
    value = one.get("value")
    if kind in _ALL:
        for text in value if isinstance(value, list) and value else [value]:
            yield _rule(_ALL[kind], text, field, settings)
    else:
        yield _rule(kind, {} if kind == "is-json" and value is None else value, field, settings)


def _rule(kind: str, value: object, field: str, settings: ScorerSettings) -> AnswerRule:
    scorer, ignore_case = _KINDS[kind]
    return scorers.rule(replace(settings, kind=scorer, ignore_case=ignore_case), value, f"{field}.value")
