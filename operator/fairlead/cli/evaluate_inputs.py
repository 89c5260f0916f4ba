"""Inputs of `fairlead evaluate`, read and checked before anything is sent."""

import argparse
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fairlead.cli import argument_values
from fairlead.cluster import proxies
from fairlead.comparing.quality import QualityPlan
from fairlead.comparing.sample_size import MAX_ITEMS, ItemPlan
from fairlead.documents import json_document
from fairlead.evaluating import item_file, items, judge
from fairlead.evaluating.items import EvaluationItem, digest_of
from fairlead.evaluating.journal import AnswerSource, RequestSettings
from fairlead.evaluating.progress import Side
from fairlead.evaluating.scorers import ScorerKind, ScorerSettings
from fairlead.evaluator.endpoint_client import EndpointAddress
from fairlead.evaluator.run import RunSettings
from fairlead.fleet.plurals import count

_SHOWN_PROBLEMS: Final = 10
_MAX_AT_ONCE: Final = 512
_USUAL_DISCORDANCE: Final = "5"
USUAL_KEY: Final = "OPENAI_API_KEY"
"""The variable that is read if none is named; it need not be set."""
_JUDGE: Final = "judge"
_OF_SCORERS: Final = (
    ("field", "", ("json-field",)),
    ("tolerance", "0", ("number",)),
    ("ignore_case", False, ("exact", "one-of", "contains", "regex")),
)
PLAN: Final = "plan"
"""In place of a file."""
_OF_RUNS: Final = (
    *(("baseline", None), ("candidate", None), ("baseline_model", ""), ("candidate_model", "")),
    *(("scorer", "exact"), ("schema", None), ("samples", 1), ("choices", 0)),
    *(("min_items", 0), ("expected_score", None), ("anyway", False)),
)
_OF_JUDGES: Final = ("judge", "judge_model", "judge_key_env", "judge_instructions")


class EvaluateArgumentError(ValueError):
    """The command cannot run as written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeInputs:
    """The model that compares both answers."""

    address: EndpointAddress
    instructions: str
    journal: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateInputs:
    """All inputs of a run."""

    items: list[EvaluationItem]
    set_words: str
    addresses: dict[Side, EndpointAddress]
    journals: dict[Side, Path]
    kept: frozenset[Side]
    """Sides whose answers are kept for later runs."""
    request: RequestSettings
    settings: RunSettings
    output: str
    judge: JudgeInputs | None = None


def read(chosen: argparse.Namespace) -> EvaluateInputs:
    """Read files, numbers and addresses; raises `EvaluateArgumentError` or `OSError` for invalid ones."""
    if Path(chosen.journal).exists() and not Path(chosen.journal).is_dir():
        raise EvaluateArgumentError(f"--journal {chosen.journal}: a file; name a folder, which is created if need be")
    addresses = {side: _address(chosen, side) for side in Side}
    judged_by = _judge(chosen)
    found = _items(chosen)
    request = RequestSettings(max_tokens=_whole(chosen.max_tokens, "--max-tokens", 1_000_000))
    revisions = {side: getattr(chosen, f"{side}_revision") for side in Side}
    if revisions[Side.BASELINE] and revisions[Side.BASELINE] == revisions[Side.CANDIDATE]:
        raise EvaluateArgumentError(
            f"--candidate-revision {revisions[Side.CANDIDATE]}: also the baseline's name, so its answers "
            "would be compared with themselves; give it another name"
        )
    return EvaluateInputs(
        items=items.in_order(found),
        set_words=f"{len(found):,} of {Path(chosen.file).name}, {chosen.scorer}, digest {items.set_digest(found)}",
        addresses=addresses,
        journals={side: _journal(chosen.journal, addresses[side], revisions[side], request) for side in Side},
        kept=frozenset(side for side in Side if revisions[side]),
        request=request,
        settings=_settings(chosen, len(found)),
        output=chosen.output,
        judge=judged_by,
    )


def plan(chosen: argparse.Namespace) -> ItemPlan:
    """Build the plan from points and percents."""
    if chosen.file == PLAN:
        _check_planned(chosen)
    discordance = _share("--discordance", chosen.discordance or _USUAL_DISCORDANCE, 0, 100)
    difference = _share("--difference", chosen.difference, -100, 100)
    if not chosen.discordance:
        discordance = max(discordance, abs(difference))
    if abs(difference) > discordance:
        raise EvaluateArgumentError(
            f"--difference {chosen.difference}: cannot exceed the share of answers that differ, --discordance "
            f"{chosen.discordance}; correct one of them"
        )
    if chosen.items is not None:
        _whole(chosen.items, "--items", MAX_ITEMS)
    return ItemPlan(
        margin=_share("--margin", chosen.margin, 0.01, 100),
        discordance=discordance,
        difference=difference,
        power=_share("--power", chosen.power, 1, 99.9),
    )


def _items(chosen: argparse.Namespace) -> list[EvaluationItem]:
    schema = None
    if chosen.schema:
        try:
            schema = json_document.read(Path(chosen.schema).read_text(encoding="utf-8-sig"))
        except ValueError as problem:
            raise EvaluateArgumentError(f"--schema {chosen.schema}: no JSON: {problem}") from None
    with Path(chosen.file).open("rb") as lines:
        found, problems = item_file.read(lines, _scorer(chosen), schema)
    if problems:
        shown = "\n".join(f"  {one.sentence}" for one in problems[:_SHOWN_PROBLEMS])
        more = f"\n  and {len(problems) - _SHOWN_PROBLEMS} more" if len(problems) > _SHOWN_PROBLEMS else ""
        raise EvaluateArgumentError(f"{chosen.file}: {count(len(problems), 'line')} cannot be used:\n{shown}{more}")
    if not found:
        raise EvaluateArgumentError(f'{chosen.file}: no items; write lines such as {{"input": "...", "target": "..."}}')
    return found


def _judge(chosen: argparse.Namespace) -> JudgeInputs | None:
    if chosen.scorer != _JUDGE:
        given = next((name for name in _OF_JUDGES if getattr(chosen, name)), None)
        if given is not None:
            word = f"--{given.replace('_', '-')}"
            raise EvaluateArgumentError(
                f"{word} {getattr(chosen, given)}: only scorer judge uses it; add --scorer judge"
            )
        return None
    if not chosen.judge.startswith(("http://", "https://")):
        shown = f" {chosen.judge}" if chosen.judge else ""
        raise EvaluateArgumentError(
            f"--judge{shown}: not an HTTP address; write one, for instance https://127.0.0.1:8000"
        )
    file = chosen.judge_instructions
    try:
        instructions = Path(file).read_text(encoding="utf-8-sig") if file else judge.INSTRUCTIONS
    except UnicodeDecodeError:
        raise EvaluateArgumentError(f"--judge-instructions {file}: not UTF-8 text; save it as UTF-8") from None
    address = EndpointAddress(
        name="judge",
        url=chosen.judge,
        model=chosen.judge_model,
        key=_key("--judge-key-env", chosen.judge_key_env),
        proxy=proxies.of(chosen.judge, os.environ),
        time_out_s=argument_values.duration("--timeout", chosen.timeout),
    )
    name = f"judge-{digest_of([address.url, address.model, instructions])}.jsonl"
    return JudgeInputs(address=address, instructions=instructions, journal=Path(chosen.journal) / name)


def _check_planned(chosen: argparse.Namespace) -> None:
    """Refuse options that only a run uses."""
    for name, unset in _OF_RUNS:
        written = getattr(chosen, name)
        if written != unset:
            word = f"--{name.replace('_', '-')}" + ("" if written is True else f" {written}")
            raise EvaluateArgumentError(f"{word}: `fairlead evaluate plan` does not use it; leave it out")


def _check_used(chosen: argparse.Namespace) -> None:
    """Refuse options that this scorer does not use: an answer would be right or wrong without them."""
    for name, unset, scorers in _OF_SCORERS:
        written = getattr(chosen, name)
        if written != unset and chosen.scorer not in scorers:
            word = f"--{name.replace('_', '-')}" + ("" if written is True else f" {written}")
            raise EvaluateArgumentError(f"{word}: only scorer {', '.join(scorers)} uses it; leave it out")


def _scorer(chosen: argparse.Namespace) -> ScorerSettings | None:
    if chosen.scorer == _JUDGE:
        return None
    written = chosen.tolerance
    try:
        tolerance = argument_values.number("--tolerance", written.removesuffix("%"), 0, 1e12)
    except argument_values.ArgumentValueError:
        raise EvaluateArgumentError(f"--tolerance {written}: write a number such as 0.01, or 1%") from None
    _check_used(chosen)
    return ScorerSettings(
        kind=ScorerKind(chosen.scorer),
        ignore_case=chosen.ignore_case,
        tolerance=tolerance / (100 if written.endswith("%") else 1),
        relative=written.endswith("%"),
        field=chosen.field,
    )


def _address(chosen: argparse.Namespace, side: Side) -> EndpointAddress:
    url = getattr(chosen, side)
    if not url:
        raise EvaluateArgumentError(f"--{side}: no address; write one, for instance http://127.0.0.1:8000")
    if not url.startswith(("http://", "https://")):
        raise EvaluateArgumentError(f"--{side} {url}: not an HTTP address; write http:// or https:// before it")
    return EndpointAddress(
        name=side,
        url=url,
        model=getattr(chosen, f"{side}_model"),
        key=_key(f"--{side}-key-env", getattr(chosen, f"{side}_key_env")),
        proxy=proxies.of(url, os.environ),
        time_out_s=argument_values.duration("--timeout", chosen.timeout),
    )


def _key(word: str, variable: str) -> str:
    """Read a key; without the variable that was named, requests would be sent without one."""
    if variable and variable != USUAL_KEY and variable not in os.environ:
        raise EvaluateArgumentError(f"{word} {variable}: this variable is not set; export it, or leave {word} out")
    return os.environ.get(variable, "") if variable else ""


def _journal(folder: str, address: EndpointAddress, revision: str, request: RequestSettings) -> Path:
    source = AnswerSource(
        model=address.model, revision=revision or f"{address.name} at {address.url}", settings=request
    )
    return Path(folder) / f"{address.name if not revision else 'answers'}-{source.digest}.jsonl"


def _settings(chosen: argparse.Namespace, number: int) -> RunSettings:
    samples = _whole(chosen.samples, "--samples", 20)
    wanted = plan(chosen)
    _check_counts(chosen)
    expected = chosen.expected_score
    return RunSettings(
        plan=QualityPlan(
            items=number * samples,
            margin=wanted.margin,
            min_items=chosen.min_items,
            judged=chosen.scorer == _JUDGE,
            chance=1 / chosen.choices if chosen.choices > 1 else 0.0,
            expected_score=None if expected is None else _share("--expected-score", expected, 0, 100),
        ),
        item_plan=ItemPlan(
            margin=wanted.margin, discordance=wanted.discordance if chosen.discordance else 0.0, power=wanted.power
        ),
        concurrency=_whole(chosen.concurrency, "--concurrency", _MAX_AT_ONCE),
        samples=samples,
        noise_items=chosen.noise_items,
        anyway=chosen.anyway,
    )


def _check_counts(chosen: argparse.Namespace) -> None:
    """Refuse counts out of range, and the one that only a plan uses."""
    if chosen.items is not None:
        raise EvaluateArgumentError(f"--items {chosen.items}: only `fairlead evaluate plan` uses it; leave it out")
    if chosen.difference != "0":
        raise EvaluateArgumentError(
            f"--difference {chosen.difference}: only `fairlead evaluate plan` uses it; leave it out"
        )
    if chosen.choices:
        _whole(chosen.choices, "--choices", 1000, 2)
    _whole(chosen.min_items, "--min-items", 1_000_000_000, 0)
    _whole(chosen.noise_items, "--noise-items", 1_000_000_000, 0)


def _share(word: str, written: str, least: float, most: float) -> float:
    return argument_values.number(word, written, least, most) / 100


def _whole(number: int, word: str, most: int, least: int = 1) -> int:
    if not least <= number <= most:
        raise EvaluateArgumentError(f"{word} {number}: a whole number from {least} to {most:,}")
    return number
