"""Why a deployment has this many replicas: the last decision with its arithmetic, and earlier ones."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from fairlead.api.policy import PolicyMode
from fairlead.console.elements import Markup, element, listing, section, table
from fairlead.console.facts import DeploymentFacts
from fairlead.scaling.decide.recommendation import DecisionFigure
from fairlead.scaling.explain import change_sentences
from fairlead.scaling.explain.decision_record import DecisionRecord

ELSEWHERE: Final = (
    "The arithmetic of the last decision is kept by the process that made it: fairlead explain infd/NAME shows it."
)
ADVISED: Final = "The policy's mode is Recommend: nothing follows this, and the count stays as it is."


def decision(facts: DeploymentFacts, link: str) -> Markup:
    """Show the last decision; `link` leads to the page with what would change it."""
    scaling: Mapping[str, Any] = facts.status.get("scaling") or {}
    record = facts.record
    if not (facts.document.get("spec") or {}).get("scaling"):
        return section("Decision", element("p", "Not scaled: spec.replicas decides, as spec.scaling is not set."))
    if record is None:
        message = element("p", f"{scaling.get('reason', 'Undecided')}: {scaling.get('message', '')}")
        acts = scaling.get("mode") != PolicyMode.RECOMMEND
        return section("Decision", message, _advised(acts=acts), element("p", ELSEWHERE, class_="faint"))
    acts = record.facts.policy.active
    return section("Decision", _advised(acts=acts), *_why(record), *_changes(facts, record, link))


def _advised(*, acts: bool) -> Markup | None:
    return None if acts else element("p", ADVISED, class_="note")


def decisions(facts: DeploymentFacts) -> Markup | None:
    """Show the last decisions that changed something, newest first."""
    kept = (facts.status.get("scaling") or {}).get("decisions") or ()
    if not kept:
        return None
    heads = ("At", "Replicas", "Reason", "Because")
    rows = (
        (
            str(one.get("at", "")),
            f"{one.get('before', '-')} → {one.get('after', '-')}{_advice_mark(one)}",
            str(one.get("reason", "")),
            str(one.get("message", "")),
        )
        for one in kept
    )
    return section("Decisions before", table(heads, rows, text_from=2))


def _advice_mark(decision: Mapping[str, Any]) -> str:
    return " (advised)" if decision.get("mode") == PolicyMode.RECOMMEND else ""


def _why(record: DecisionRecord) -> Iterator[Markup]:
    answer = record.recommendation
    ago = change_sentences.moment(record.now)
    yield element("p", element("strong", f"{answer.replicas} ({answer.reason.value})"), f" at {ago}: {answer.message}")
    if answer.candidates:
        signals = (
            (one.signal.value, "-" if one.replicas is None else str(one.replicas), one.because)
            for one in answer.candidates
        )
        yield table(("Signal", "Replicas", "Because"), signals, text_from=2)
    if answer.limits:
        limits = ((one.bound.value, f"{one.before} → {one.after}", one.because) for one in answer.limits)
        yield table(("Limit", "Replicas", "Because"), limits, text_from=2)
    if answer.figures:
        rows = ((one.name, _figure(one)) for one in answer.figures)
        yield element("details", element("summary", "Figures"), table(("Figure", "Value"), rows))
    if answer.questions:
        missing = ((one.who, one.what, one.because) for one in answer.questions)
        yield table(("Metrics missing of", "What", "Because"), missing, text_from=1)
    if answer.advice:
        yield listing(f"{one.subject}: {one.because}" for one in answer.advice)


def _changes(facts: DeploymentFacts, record: DecisionRecord, link: str) -> Iterator[Markup]:
    if facts.changes is None:
        yield element("p", element("a", "What would change it", href=link))
        return
    yield element("h3", "What would change it")
    rows = change_sentences.changes(facts.changes, record)
    yield table(("Then it", "When"), rows, text_from=1) if rows else element("p", change_sentences.NOTHING_FOUND)
    yield listing(change_sentences.open_bounds(record))


def _figure(one: DecisionFigure) -> str:
    digits = 0 if abs(one.value) >= 100 or one.value == int(one.value) else 3
    return f"{one.value:,.{digits}f} {one.unit}".rstrip()
