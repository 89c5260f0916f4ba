"""A tuned policy as text: the results of both on the searched part and on the part held back, the steps, the patch."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import yaml

from fairlead.api.kinds import API_VERSION
from fairlead.backtest import policy_fields
from fairlead.backtest.play import PlayedCandidate
from fairlead.backtest.policy_search import MARGIN
from fairlead.cli import kept_share, text_table
from fairlead.cli.tune_inputs import ShownTuning
from fairlead.fleet.plurals import count

HEADS: Final = ("", "SLO met", "worst 10 min", "TTFT p95", "TPOT p95", "GPU hours", "USD")


def text(shown: ShownTuning) -> str:
    """Format as text."""
    return "\n".join(
        [shown.traffic, *_head(shown), "", *_table(shown), *shown.notes, "", *_steps(shown), *_verdict(shown)]
    )


def document(shown: ShownTuning) -> str:
    """Format everything as JSON."""
    found = shown.tuning
    return json.dumps(
        {
            "traffic": shown.traffic,
            "policy": shown.policy.name,
            "namespace": shown.policy.namespace,
            "helps": shown.helps,
            "patch": patch(shown) if shown.helps else None,
            "plays": found.plays,
            "searchedSeconds": shown.split_seconds,
            "steps": [{"field": one.field, "before": one.before, "after": one.after} for one in found.steps],
            "searched": {"before": _values(found.first), "after": _values(found.last)},
            "notes": list(shown.notes),
            "heldBack": {"before": _values(shown.held[0]), "after": _values(shown.held[1])},
        },
        indent=1,
    )


RENDER: Final[Mapping[str, Callable[[ShownTuning], str]]] = {"text": text, "json": document}


def patch(shown: ShownTuning) -> dict[str, Any]:
    """The patch to merge into the policy."""
    return {
        "apiVersion": API_VERSION,
        "kind": shown.policy.kind,
        "metadata": {"name": shown.policy.name, "namespace": shown.policy.namespace},
        "spec": policy_fields.patch(shown.before.policy, shown.tuning.candidate.policy),
    }


def _head(shown: ShownTuning) -> Iterator[str]:
    minutes = shown.split_seconds / 60
    plays = count(shown.tuning.plays, "policy")
    yield f"{plays} searched on the first {minutes:,.0f} min, the best judged on the rest"


def _table(shown: ShownTuning) -> Iterator[str]:
    found, (before, after) = shown.tuning, shown.held
    rows = [
        HEADS,
        ("searched, as it is", *_figures(found.first)),
        ("searched, tuned", *_figures(found.last)),
        ("held back, as it is", *_figures(before)),
        ("held back, tuned", *_figures(after)),
    ]
    yield from text_table.aligned(rows, left=1)


def _figures(one: PlayedCandidate) -> tuple[str, ...]:
    report = one.report
    return (
        f"{kept_share.kept(report.kept)}{'' if one.keeps else ' !'}",
        "-" if one.worst is None else f"{one.worst.kept:.1%}",
        text_table.seconds(report.ttft.p95),
        text_table.milliseconds(report.tpot.p95),
        f"{report.gpu_hours:.2f}",
        "-" if one.cost is None else f"{one.cost:.2f}",
    )


def _steps(shown: ShownTuning) -> Iterator[str]:
    for one in shown.tuning.steps:
        report = one.played.report
        change = f"{one.field}: {one.before:g} → {one.after:g}"
        yield f"{change}  {kept_share.kept(report.kept)} SLO met, {report.gpu_hours:.2f} GPU hours"
    if shown.tuning.steps:
        yield ""


def _verdict(shown: ShownTuning) -> Iterator[str]:
    if not shown.tuning.steps:
        yield f"No step of one field is better; the search asks for {MARGIN:.0%} of requests more than the goal."
    elif not shown.helps:
        yield "On the part held back it is no better: keep the policy as it is, or search on a longer trace."
    else:
        if not shown.used.keeps:
            yield "# it does not keep the objectives on the part held back, and is nearer to them than before"
        yield yaml.safe_dump(patch(shown), sort_keys=False)


def _values(one: PlayedCandidate) -> dict[str, Any]:
    return {"keeps": one.keeps, "costUsd": one.cost, "report": one.report.as_document()}
