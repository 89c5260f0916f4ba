"""A review: as aligned and coloured text, or as JSON."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from fairlead.cluster.documents import YamlDocument
from fairlead.fleet.findings import SpecFinding
from fairlead.fleet.fit import Estimate, Fit, NoFit
from fairlead.review import memory_fit
from fairlead.review.result import AdmissionReason, Review
from fairlead.telemetry.log_lines import escaped

GIB: Final = 1 << 30
RED, YELLOW, GREEN, PLAIN = "\x1b[31m", "\x1b[33m", "\x1b[32m", "\x1b[0m"


def as_text(document: YamlDocument, review: Review | None, *, colour: bool) -> str:
    """Format as text: a heading, each finding with its remedy below it, then the fit."""
    if review is None:
        return f"{_mark('✗', RED, colour)} {document.place}: {escaped(str(document.problem))}"
    mark = _mark("✗", RED, colour) if review.refusals else _mark("✓", GREEN, colour)
    lines = [f"{mark} {document.place}: {review.kind} {review.name}".rstrip()]
    near = _near(review)
    overruled = [*near, memory_fit.OVERRULED_BY] if near else []
    lines += [_with_ways(one, overruled, _mark("refused", RED, colour)) for one in review.refusals]
    lines += [_with_ways(one, near, _mark("warning", YELLOW, colour)) for one in review.warnings]
    if (held := review.replica_fit) is not None:
        lines += _fit(held, on_cpu=review.setup is not None and review.setup.on_cpu)
    return "\n".join(lines)


def as_json(document: YamlDocument, review: Review | None) -> dict[str, Any]:
    """Convert to JSON values, under stable names."""
    if review is None:
        problem = {"field": "", "value": "", "reason": "Unreadable", "because": document.problem, "remedy": ""}
        return {"place": document.place, "admitted": False, "refusals": [problem], "cautions": []}
    fit = review.fit
    held: dict[str, Any] = {}
    if (replica := review.replica_fit) is not None:
        held = {"kvTokens": _span(replica.kv_tokens), "sequences": _span(replica.sequences)}
    elif isinstance(fit, NoFit):
        held = {"alternatives": [{"field": field, "change": words} for field, words in _near(review)]}
    return {
        "place": document.place,
        "kind": review.kind,
        "name": review.name,
        "admitted": not review.refusals,
        "refusals": [_values(one) for one in review.refusals],
        "cautions": [_values(one) for one in review.warnings],
        "fit": {"verdict": fit.verdict.value, "because": fit.because, **held} if fit else None,
    }


def _near(review: Review) -> list[tuple[str, str]]:
    """Return what would fit: fields, and what to write there."""
    if not isinstance(review.fit, NoFit) or review.setup is None:
        return []
    return [memory_fit.advice(review.setup, one) for one in review.fit.alternatives]


def _with_ways(finding: SpecFinding, near: Sequence[tuple[str, str]], word: str) -> str:
    """Format a finding; a model that does not fit has several remedies, each on its own line, with the field."""
    if finding.reason is not AdmissionReason.DOES_NOT_FIT or not near:
        return _finding(finding, word)
    width = max(len(field) for field, _ in near)
    ways = [f"               {field:<{width}}  {words}" for field, words in near]
    return "\n".join((_finding(replace(finding, remedy="what fits, smallest change first:"), word), *ways))


def _finding(finding: SpecFinding, word: str) -> str:
    return (
        f"    {word}  {finding.field}: {finding.value}\n             {finding.because}\n             → {finding.remedy}"
    )


def _fit(fit: Fit, *, on_cpu: bool) -> list[str]:
    terms = "  ".join(f"{term.value} {estimate.likely / GIB:.1f}" for term, estimate in fit.memory.by_name().items())
    return [
        f"    fit      {fit.verdict.value}: {fit.because}",
        f"             GiB a {'replica' if on_cpu else 'GPU'}: {terms}",
        f"             holds {_short(fit.kv_tokens)} tokens, {_short(fit.sequences)} requests of full context length",
    ]


def _short(estimate: Estimate) -> str:
    """Round down, as the status does: a cache for 3.6 requests holds three."""
    low, likely, high = (f"{int(one):,}" for one in (estimate.low, estimate.likely, estimate.high))
    return f"{likely} (between {low} and {high})"


def _span(estimate: Estimate) -> dict[str, float]:
    return {"low": estimate.low, "likely": estimate.likely, "high": estimate.high}


def _values(finding: SpecFinding) -> dict[str, str]:
    return {
        "field": finding.field,
        "value": finding.value,
        "reason": finding.reason.value,
        "because": finding.because,
        "remedy": finding.remedy,
    }


def _mark(text: str, colour: str, wanted: bool) -> str:
    return f"{colour}{text}{PLAIN}" if wanted else text
