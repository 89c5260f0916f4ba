"""The output of a runner's pod: one JSON line an item, `{"id": ..., "pass": true}`, among other log lines."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from fairlead.comparing.item_pairs import ScoredAnswer
from fairlead.documents import json_document
from fairlead.evaluating.items import EvaluationItem
from fairlead.evaluating.journal import JournalLine


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerVerdicts:
    """The verdicts of a runner."""

    passed: Mapping[str, bool]
    """By the item's name; of several lines for one item the last counts."""
    unknown: int = 0
    """Lines about items that were not in its file."""


def read(lines: Iterable[str], names: Collection[str]) -> RunnerVerdicts:
    """Read the verdicts and ignore all other lines."""
    passed: dict[str, bool] = {}
    unknown = 0
    for line in lines:
        found = _verdict(line)
        if found is not None and found[0] in names:
            passed[found[0]] = found[1]
        elif found is not None:
            unknown += 1
    return RunnerVerdicts(passed=passed, unknown=unknown)


def journal_lines(items: Sequence[EvaluationItem], passed: Mapping[str, bool], sample: int) -> list[JournalLine]:
    """One line for each item in its file; an item without a verdict counts as an error, like one without an answer."""
    return [
        JournalLine(item=one.name, digest=one.digest, sample=sample, answer=_answer(passed.get(one.name)))
        for one in items
    ]


def _answer(passed: bool | None) -> ScoredAnswer:
    if passed is None:
        return ScoredAnswer(right=False, error="the runner printed no verdict")
    return ScoredAnswer(right=passed)


def _verdict(line: str) -> tuple[str, bool] | None:
    if not line.startswith("{"):
        return None
    try:
        found = json_document.read(line, as_python=True)
    except ValueError:
        return None
    name, passed = found.get("id"), found.get("pass")
    named = isinstance(name, int | str) and not isinstance(name, bool)
    return (str(name), passed) if named and isinstance(passed, bool) else None
