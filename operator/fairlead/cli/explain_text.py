"""An explanation as text: the answer first, then each signal's need, the limits that apply, what would change it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from fairlead.api.policy import PolicyMode
from fairlead.cli.cluster_client import NoDecision
from fairlead.cli.explanation import Explanation
from fairlead.cli.text_table import aligned
from fairlead.fleet.plurals import count
from fairlead.fleet.time_spans import lasting
from fairlead.scaling.decide.recommendation import DecisionFigure
from fairlead.scaling.explain import change_sentences
from fairlead.scaling.explain.change_sentences import moment
from fairlead.scaling.explain.decision_record import DecisionRecord
from fairlead.scaling.facts import ScalingFacts
from fairlead.telemetry.log_lines import escaped

BOLD, YELLOW, PLAIN = "\x1b[1m", "\x1b[33m", "\x1b[0m"
_MAX_DECISIONS: Final = 10
_A_YEAR_S: Final = 365 * 86_400.0
_NOT_FOLLOWED: Final = "; mode Recommend: advised only, nothing follows it"


def as_text(explanation: Explanation, *, colour: bool) -> str:
    """Format as text; empty sections are left out."""
    sections = [("", [_heading(explanation)]), *_sections(explanation)]
    return "\n\n".join(_section(title, lines, colour) for title, lines in sections if lines)


def as_json(explanation: Explanation) -> str:
    """Format as JSON, under stable names; `fairlead replay` can read the record in it."""
    record = None if isinstance(explanation.record, NoDecision) else msgspec.to_builtins(explanation.record)
    return json.dumps(
        {
            "namespace": explanation.namespace,
            "name": explanation.name,
            "status": dict(explanation.scaling),
            "record": record,
            "changes": [msgspec.to_builtins(turn) for turn in explanation.turns],
            "notes": list(explanation.notes),
        },
        indent=1,
        ensure_ascii=False,
    )


def _sections(explanation: Explanation) -> Iterator[tuple[str, list[str]]]:
    record = explanation.record
    if isinstance(record, NoDecision):
        yield "Why", [str(explanation.scaling.get("message") or "the object has no message")]
    else:
        yield from _decision(record)
        yield "What would change it", [*_turns(explanation, record), *change_sentences.open_bounds(record)]
    yield "Lately", [_lately(one) for one in (explanation.scaling.get("decisions") or ())[:_MAX_DECISIONS]]
    yield "Conditions", _conditions(explanation)
    yield "Note", list(explanation.notes)


def _decision(record: DecisionRecord) -> Iterator[tuple[str, list[str]]]:
    recommendation = record.recommendation
    yield "Why", [recommendation.message]
    yield (
        "Signals ask for",
        aligned(
            (one.signal.value, "-" if one.replicas is None else str(one.replicas), one.because)
            for one in recommendation.candidates
        ),
    )
    yield (
        "Limits applied",
        aligned((one.bound.value, f"{one.before} → {one.after}", one.because) for one in recommendation.limits)
        or ["none: it is what the signals ask for"],
    )
    yield "Figures", aligned((one.name, _figure(one)) for one in recommendation.figures)
    yield (
        "Metrics that are missing",
        aligned(
            (one.who, one.what, "" if one.age_seconds is None else f"{lasting(one.age_seconds)} old", one.because)
            for one in recommendation.questions
        ),
    )
    yield "Advice", aligned((one.subject, one.because) for one in recommendation.advice)


def _day_and_time(seconds: float) -> str:
    """Format the moment of a record, which may be months old, or of a simulation, whose clock starts at 0."""
    if seconds < _A_YEAR_S:
        return moment(seconds)
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _heading(explanation: Explanation) -> str:
    """Format `infd/chat in team-a: 3 replicas (TokenDemand), 2 ready, by policy interactive; decided 2 s ago`."""
    place = f"infd/{explanation.name} in {explanation.namespace}"
    if isinstance(explanation.record, NoDecision):
        scaling = explanation.scaling
        number, reason = scaling.get("recommended", scaling.get("advised")), scaling.get("reason")
        mode = _NOT_FOLLOWED if scaling.get("mode") == PolicyMode.RECOMMEND else ""
        return f"{place}: {_replicas(number)} ({reason}), {explanation.status.get('readyReplicas', 0)} ready{mode}"
    facts, recommendation = explanation.record.facts, explanation.record.recommendation
    asleep = f" and {recommendation.asleep} asleep" if recommendation.asleep else ""
    mode = "" if facts.policy.active else _NOT_FOLLOWED
    ago = f"{lasting(max(0.0, explanation.seen_at - explanation.record.now))} ago"
    when = ago if explanation.status else f"at {_day_and_time(explanation.record.now)}"
    policy = f"policy {facts.bounds.policy}" if facts.bounds.policy else "the built-in policy"
    return (
        f"{place}: {_replicas(recommendation.replicas)}{asleep} ({recommendation.reason.value}), {_phases(facts)}; "
        f"by {policy}, decided {when}{mode}"
    )


def _phases(facts: ScalingFacts) -> str:
    """Format `2 ready, 1 starting`."""
    names = [pod.phase.value for pod in facts.pods]
    phases = [f"{names.count(name)} {name}" for name in sorted(set(names), key=lambda one: (one != "ready", one))]
    return ", ".join(phases) or "no pods"


def _turns(explanation: Explanation, record: DecisionRecord) -> list[str]:
    return aligned(change_sentences.changes(explanation.turns, record)) or [change_sentences.NOTHING_FOUND]


def _conditions(explanation: Explanation) -> list[str]:
    conditions = [one for one in explanation.status.get("conditions") or () if one.get("type") == "ScalingActive"]
    return [f"{one['type']}={one.get('status')} {one.get('reason')}: {one.get('message')}" for one in conditions]


def _lately(decision: dict[str, Any]) -> str:
    before, after = decision.get("before", "-"), decision.get("after", "-")
    advised = " (advised)" if decision.get("mode") == PolicyMode.RECOMMEND else ""
    return f"{decision.get('at')}  {before} → {after}{advised}  {decision.get('reason')}: {decision.get('message', '')}"


def _figure(figure: DecisionFigure) -> str:
    digits = 0 if abs(figure.value) >= 100 or figure.value == int(figure.value) else 3
    return f"{figure.value:,.{digits}f} {figure.unit}".rstrip()


def _replicas(number: int | None) -> str:
    return "replicas not known" if number is None else count(number, "replica")


def _section(title: str, lines: list[str], colour: bool) -> str:
    lines = [escaped(line) for line in lines]
    if not title:
        return f"{BOLD}{lines[0]}{PLAIN}" if colour else lines[0]
    shade = YELLOW if title == "Metrics that are missing" else BOLD
    heading = f"{shade}{title}{PLAIN}" if colour else title
    return "\n".join([heading, *(f"  {line}" for line in lines)])
