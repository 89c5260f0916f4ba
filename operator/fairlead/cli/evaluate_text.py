"""A run as text: both accuracies, the confidence in their difference, what accuracy hides, and the verdict."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from fairlead.cli.evaluate_inputs import EvaluateInputs
from fairlead.cli.text_table import aligned
from fairlead.comparing.guards import Guard
from fairlead.comparing.quality import QualityReport
from fairlead.evaluating.progress import Side
from fairlead.evaluator.run import RunResult


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRun:
    """What `fairlead evaluate` prints."""

    inputs: EvaluateInputs
    result: RunResult
    kept: Mapping[Side, int]
    """Answers that were kept from an earlier run."""


def as_text(shown: ShownRun) -> str:
    """Format as text."""
    return "\n".join([*_head(shown), "", *_body(shown)])


def as_json(shown: ShownRun) -> str:
    """Format everything as JSON."""
    result, report = shown.result, shown.result.report
    document: dict[str, Any] = {
        "items": len(shown.inputs.items),
        "margin": shown.inputs.settings.plan.margin,
        "sent": result.sent,
        "kept": {side.value: number for side, number in shown.kept.items()},
        "noise": None
        if result.counts is None
        else {"items": result.counts.n, "discordance": result.counts.discordance},
        "refusal": None if result.refusal is None else asdict(result.refusal),
    }
    if result.bias is not None:
        document["judge"] = asdict(result.bias)
    if report is not None:
        document |= {
            "verdict": asdict(report.verdict),
            "counts": asdict(report.counts.counts),
            "clusters": len(report.counts.clusters),
            "designEffect": report.counts.design_effect(-shown.inputs.settings.plan.margin),
            "recovery": report.counts.counts.recovery,
            "guards": [asdict(one) for one in report.guards],
            "slices": [asdict(one) for one in report.slices],
        }
    return json.dumps(document, indent=1)


_LABELS: Final = {Guard.INVALID_JSON: "invalid JSON", Guard.LENGTH: "tokens"}
RENDER: Final[Mapping[str, Callable[[ShownRun], str]]] = {"text": as_text, "json": as_json}


def _head(shown: ShownRun) -> Iterator[str]:
    for side, address in shown.inputs.addresses.items():
        kept = f", {shown.kept[side]:,} answers kept from before" if shown.kept[side] else ""
        yield f"{side:<10} {address.url}{kept}"
    yield f"{'items':<10} {shown.inputs.set_words}"
    counts = shown.result.counts
    if counts is not None:
        yield f"{'noise':<10} the baseline differs from itself in {counts.discordance:.1%} of {counts.n:.0f} items"


def _body(shown: ShownRun) -> Iterator[str]:
    report, refusal = shown.result.report, shown.result.refusal
    if report is None:
        assert refusal is not None
        yield f"Not run: {refusal.message}; or run it --anyway"
        return
    yield from aligned(_rows(report), left=1)
    verdict = report.verdict
    yield ""
    if shown.result.bias is not None:
        yield f"judge      {shown.result.bias.words}"
        yield ""
    yield f"{verdict.verdict} ({verdict.reason}): {verdict.message}"


def _rows(report: QualityReport) -> Iterator[tuple[str, ...]]:
    counts = report.counts.counts
    yield "", "baseline", "candidate", "difference", "at worst", "at best"
    low, high = (f"{100 * one:+.1f}" for one in (report.interval.low, report.interval.high))
    yield (
        "right",
        _part(counts.baseline_rate),
        _part(counts.candidate_rate),
        f"{100 * counts.difference:+.1f}",
        low,
        high,
    )
    for one in report.slices:
        figures = one.counts
        mark = "worse" if one.worse else ""
        name, points = f"  {one.tag[:24]} ({figures.n:.0f})", f"{100 * figures.difference:+.1f}"
        yield name, _part(figures.baseline_rate), _part(figures.candidate_rate), points, mark
    for guard in report.guards:
        digits = (
            f"{one:.0f}" if guard.guard is Guard.LENGTH else _part(one) for one in (guard.baseline, guard.candidate)
        )
        yield _LABELS.get(guard.guard, guard.guard.lower()), *digits, "exceeded" if guard.exceeded else ""
    yield "flips", "", _part(counts.discordance), f"+{counts.gained:.0f} -{counts.lost:.0f}"
    if counts.recovery is not None:
        yield "recovery", "", _part(counts.recovery)
    if report.counts.clustered:
        yield "clusters", "", str(len(report.counts.clusters))


def _part(share: float) -> str:
    return f"{share:.1%}"
