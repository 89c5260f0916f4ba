"""Output of `fairlead simulate`: one row a candidate, then what its policy did and why."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

from fairlead.backtest.decision_log import PlayedDecision
from fairlead.backtest.play import KEPT_GOAL, PlayedCandidate
from fairlead.backtest.repeats import FIGURES, Repeated, Spread
from fairlead.cli import kept_share, text_table
from fairlead.cli.text_table import aligned
from fairlead.fleet.plurals import count

HEADS: Final = (
    *("candidate", "SLO met", "worst 10 min", "TTFT p50", "p95", "TPOT p50", "p95"),
    *("replicas", "GPU hours", "USD", "regret", "USD/1k tokens", "USD/request in SLO", "lost"),
)
PLACES: Final = range(2, 10)
"""Decimals of a cost, the most where it differs from the budget by next to nothing."""
SHOWN_CHANGES: Final = 6
"""Of each candidate, unless all are requested."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What `fairlead simulate` prints."""

    traffic: str
    rows: tuple[Repeated, ...]
    decisions: bool
    """Whether every change of the number of replicas is shown."""


def text(shown: Shown) -> str:
    """Format a table, and below it each contender's decisions and assumptions."""
    table = aligned([HEADS, *(cells(one) for one in shown.rows)], left=1)
    below = [line for one in shown.rows for line in _below(one, every=shown.decisions)]
    return "\n".join([shown.traffic, "", *table, *below])


def document(shown: Shown) -> str:
    """Format the same as JSON, with every decision."""
    return json.dumps({"traffic": shown.traffic, "candidates": [_values(one) for one in shown.rows]}, indent=1)


RENDER: Final[Mapping[str, Callable[[Shown], str]]] = {"text": text, "json": document}


def cells(one: Repeated) -> tuple[str, ...]:
    """One row of the table, under `HEADS`."""
    most = max(run.max_replicas for run in one.runs)
    return (
        one.name,
        f"{_spread(one.kept, kept_share.kept)}{'' if one.keeps else ' !'}",
        _spread(one.figure("worstTenMinutes"), _percent),
        *(_spread(one.figure(name), _seconds) for name in ("ttftP50Seconds", "ttftP95Seconds")),
        *(_spread(one.figure(name), _milliseconds) for name in ("tpotP50Seconds", "tpotP95Seconds")),
        f"{_spread(one.figure('replicas'), '{:.1f}'.format)}, most {most}",
        _spread(one.gpu_hours, "{:.2f}".format),
        _spread(one.figure("costUsd"), "{:.2f}".format),
        "-" if one.regret is None else f"{one.regret:+.0%}",
        _spread(one.figure("costUsdPerThousandTokens"), "{:.5f}".format),
        _spread(one.figure("costUsdPerKeptRequest"), "{:.5f}".format),
        _spread(one.figure("lost"), "{:.0f}".format),
    )


def _spread(spread: Spread | None, words: Callable[[float], str]) -> str:
    if spread is None or not isfinite(spread.mean):
        return "-"
    margin = "" if not spread.margin else f" ±{words(spread.margin)}"
    return f"{words(spread.mean)}{margin}"


def judged(row: Repeated) -> str:
    """The objectives of a row, and whether enough requests met them."""
    objectives = row.runs[0].objectives
    limits = [
        *([] if objectives.ttft_p95_s is None else [f"first token within {objectives.ttft_p95_s:g} s"]),
        *([] if objectives.tpot_p95_s is None else [f"{objectives.tpot_p95_s * 1000:g} ms between tokens"]),
    ]
    by = f"judged by {' and '.join(limits)}" if limits else "no objective, so every answer counts as in time"
    return f"{by if row.keeps else f'{by}; fewer than {KEPT_GOAL:.0%} met'}{_spending(row)}"


def _spending(row: Repeated) -> str:
    cost = row.usd_an_hour
    if row.budget is None:
        return ""
    budget = f"{row.budget:.10g}"
    if cost is None:
        why = "no price is known: give --products"
        if row.figure("costUsd") is not None:
            why = "the traffic takes no time"
        return f"; a budget of {budget} USD an hour, and {why}"
    return f"; {_paid(row, cost)} USD an hour, {'within' if row.affordable else 'over'} the budget of {budget}"


def _paid(row: Repeated, cost: float) -> str:
    """Format a cost with two decimals, or as many as show on which side of the budget it lies."""
    budget = row.budget
    return text_table.beside_bound(cost, PLACES, lambda paid: budget is None or (paid <= budget) == row.affordable)


def summary(row: Repeated) -> str:
    """Summarize one candidate in one line."""
    worst = _spread(row.figure("worstTenMinutes"), _percent)
    return f"{row.name}: {_spread(row.kept, kept_share.kept)} SLO met, {worst} in the worst ten minutes; {judged(row)}"


def _below(row: Repeated, *, every: bool) -> list[str]:
    one = row.runs[0]
    lines = ["", f"{row.name}: {judged(row)}"]
    if row.least_gpu_hours is not None:
        answered = ", all requests answered" if row.answers_all else ""
        lines.append(
            "  the minimum on these replicas, however they are scaled: "
            f"at least {row.least_gpu_hours:.2f} GPU hours{answered}"
        )
    lines += [f"  {note}" for note in one.notes]
    if len(row.runs) > 1 or row.times != 1:
        return lines  # a stretch has minutes of its own, and which ones of the trace these are is not shown
    if one.worst is not None and one.worst.kept < KEPT_GOAL:
        began = one.worst.since / 60
        lines.append(f"  worst: minutes {began:.0f} to {began + 10:.0f}, {one.worst.kept:.1%} of {one.worst.arrived:,}")
    changes = one.decisions if every else one.decisions[:SHOWN_CHANGES]
    lines += [_change(change) for change in changes]
    if len(changes) < len(one.decisions):
        lines.append(f"  … {count(len(one.decisions) - len(changes), 'more change')}: --decisions prints all")
    return lines


def _change(one: PlayedDecision) -> str:
    because = "" if one.reason is None else f"  {one.reason}: {one.message}"
    return f"  {one.at / 60:7.1f} min  {one.before} -> {one.after}{because}"


def _values(row: Repeated) -> dict[str, Any]:
    one = row.runs[0]
    figures = {name: row.figure(name) for name in FIGURES}
    return {
        "name": row.name,
        "baseline": row.compared,
        "keeps": row.keeps,
        "costUsdPerHour": row.usd_an_hour,
        "affordable": row.affordable,
        "objectives": {"ttftP95Seconds": one.objectives.ttft_p95_s, "tpotP95Seconds": one.objectives.tpot_p95_s},
        "figures": {name: None if spread is None else _interval(spread) for name, spread in figures.items()},
        "leastGpuHours": row.least_gpu_hours,
        "regret": row.regret,
        "runs": [_run(run) for run in row.runs],
        "notes": list(one.notes),
    }


def _interval(spread: Spread) -> dict[str, float | None]:
    return {"mean": spread.mean if isfinite(spread.mean) else None, "margin95": spread.margin}


def _run(one: PlayedCandidate) -> dict[str, Any]:
    return {
        "worstTenMinutes": None
        if one.worst is None
        else {"sinceSeconds": one.worst.since, "requests": one.worst.arrived, "kept": one.worst.kept},
        "replicas": {"mean": one.mean_replicas, "most": one.max_replicas},
        "costUsd": one.cost,
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
    }


def _percent(value: float) -> str:
    return f"{value:.1%}"


def _seconds(value: float) -> str:
    return f"{value:.2f} s"


def _milliseconds(value: float) -> str:
    return f"{value * 1000:.0f} ms"
