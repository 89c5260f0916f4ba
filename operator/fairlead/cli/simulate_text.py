"""What `fairlead simulate` prints: one row a candidate, then what its policy did and why."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

from fairlead.backtest.play import KEPT_GOAL, PlayedCandidate, PlayedDecision
from fairlead.fleet.plurals import count

HEADS: Final = (
    *("candidate", "kept", "worst 10 min", "TTFT p50", "p95", "TPOT p50", "p95"),
    *("replicas", "GPU hours", "USD", "regret", "USD/1k tokens", "USD/kept request", "lost"),
)
SHOWN_CHANGES: Final = 6
"""Of each candidate, unless all are asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What is printed."""

    traffic: str
    played: tuple[PlayedCandidate, ...]
    decisions: bool
    """Whether every change of the number of replicas is."""


def text(shown: Shown) -> str:
    """A table, and below it each candidate's decisions and assumptions."""
    rows = [HEADS, *(_row(one) for one in shown.played)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
    table = ["  ".join(_cell(row, at, widths[at]) for at in range(len(HEADS))).rstrip() for row in rows]
    below = [line for one in shown.played for line in _below(one, every=shown.decisions)]
    return "\n".join([shown.traffic, "", *table, *below])


def document(shown: Shown) -> str:
    """The same as JSON, with every decision."""
    return json.dumps({"traffic": shown.traffic, "candidates": [_values(one) for one in shown.played]}, indent=1)


RENDER: Final[Mapping[str, Callable[[Shown], str]]] = {"text": text, "json": document}


def _cell(row: Sequence[str], at: int, width: int) -> str:
    return row[at].ljust(width) if at == 0 else row[at].rjust(width)


def _row(one: PlayedCandidate) -> tuple[str, ...]:
    found = one.report
    return (
        one.name,
        f"{found.kept:.1%}{'' if one.keeps else ' !'}",
        "-" if one.worst is None else f"{one.worst.kept:.1%}",
        *(_seconds(value) for value in (found.ttft.p50, found.ttft.p95)),
        *(_milliseconds(value) for value in (found.tpot.p50, found.tpot.p95)),
        f"{one.mean_replicas:.1f}, most {one.most_replicas}",
        f"{found.gpu_hours:.2f}",
        _money(one.cost, 2),
        "-" if one.regret is None else f"{one.regret:+.0%}",
        _money(one.cost_of_thousand_tokens, 5),
        _money(one.cost_of_kept_request, 5),
        str(found.refused + found.left),
    )


def _below(one: PlayedCandidate, *, every: bool) -> list[str]:
    objectives = one.objectives
    limits = [
        *([] if objectives.ttft_p95_s is None else [f"first token within {objectives.ttft_p95_s:g} s"]),
        *([] if objectives.tpot_p95_s is None else [f"{objectives.tpot_p95_s * 1000:g} ms between tokens"]),
    ]
    judged = f"judged by {' and '.join(limits)}" if limits else "no objective, so every answer counts as kept"
    verdict = "" if one.keeps else f"; fewer than {KEPT_GOAL:.0%} kept"
    lines = ["", f"{one.name}: {judged}{verdict}"]
    if one.worst is not None and one.worst.kept < KEPT_GOAL:
        began = one.worst.since / 60
        lines.append(f"  worst: minutes {began:.0f} to {began + 10:.0f}, {one.worst.kept:.1%} of {one.worst.arrived:,}")
    if one.least_gpu_hours is not None:
        lines.append(f"  whoever decides, on these replicas: at least {one.least_gpu_hours:.2f} GPU hours")
    lines += [f"  {note}" for note in one.notes]
    changes = one.decisions if every else one.decisions[:SHOWN_CHANGES]
    lines += [_change(change) for change in changes]
    if len(changes) < len(one.decisions):
        lines.append(f"  … {count(len(one.decisions) - len(changes), 'more change')}: --decisions prints all")
    return lines


def _change(one: PlayedDecision) -> str:
    because = "" if one.reason is None else f"  {one.reason}: {one.message}"
    return f"  {one.at / 60:7.1f} min  {one.before} -> {one.after}{because}"


def _values(one: PlayedCandidate) -> dict[str, Any]:
    return {
        "name": one.name,
        "keeps": one.keeps,
        "objectives": {"ttftP95Seconds": one.objectives.ttft_p95_s, "tpotP95Seconds": one.objectives.tpot_p95_s},
        "worstTenMinutes": None
        if one.worst is None
        else {"sinceSeconds": one.worst.since, "requests": one.worst.arrived, "kept": one.worst.kept},
        "replicas": {"mean": one.mean_replicas, "most": one.most_replicas},
        "costUsd": one.cost,
        "leastGpuHours": one.least_gpu_hours,
        "regret": one.regret,
        "costUsdPerThousandTokens": one.cost_of_thousand_tokens,
        "costUsdPerKeptRequest": one.cost_of_kept_request,
        "report": one.report.as_document(),
        "decisions": [
            {
                "atSeconds": change.at,
                "from": change.before,
                "to": change.after,
                "reason": change.reason,
                "message": change.message,
            }
            for change in one.decisions
        ],
        "notes": list(one.notes),
    }


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if isfinite(value) else "-"


def _milliseconds(value: float) -> str:
    return f"{value * 1000:.0f} ms" if isfinite(value) else "-"


def _money(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
