"""Advice as text: what limits the service, the levers by their gain, and the patch of the first one."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any, Final

import yaml

from fairlead.api import kinds
from fairlead.api.kinds import API_VERSION
from fairlead.backtest.advice import BETTER, CHEAPER, QUALITY, PlayedLever, spent
from fairlead.backtest.parted_prompts import PromptParting
from fairlead.backtest.play import PlayedCandidate
from fairlead.cli import kept_share, text_table
from fairlead.cli.advise_inputs import ShownAdvice
from fairlead.fleet.plurals import count

HEADS: Final = ("lever", "against", "SLO met", "worst 10 min", "TTFT p95", "TPOT p95", "USD")
SHOWN: Final = 10
NO_PRICE: Final = (
    "no price of this deployment's GPUs is known, so its levers come before those of other cards, and by GPU hours; "
    "give one with --products FILE to compare costs"
)
PARTINGS: Final = 3


def text(shown: ShownAdvice) -> str:
    """Format as text."""
    return "\n".join([shown.traffic, "", *_verdict(shown), "", *_table(shown), "", *_patch(shown), *_notes(shown)])


def document(shown: ShownAdvice) -> str:
    """Format everything as JSON."""
    found = shown.advice
    return json.dumps(
        {
            "name": shown.name,
            "traffic": shown.traffic,
            "bottleneck": found.bottleneck,
            "patch": None if found.best is None else patch(shown, found.best),
            "before": _values(found.before),
            "levers": [
                {"lever": one.lever.words, "against": one.suspicion.bottleneck, "because": one.suspicion.because}
                | _values(one.played)
                for one in found.tried
            ],
            "sizes": asdict(found.sizes),
            "comparable": found.comparable,
            "notes": list(found.before.notes),
            "partings": [_parted(one) for one in found.partings],
        },
        indent=1,
    )


RENDER: Final[Mapping[str, Callable[[ShownAdvice], str]]] = {"text": text, "json": document}


def patch(shown: ShownAdvice, one: PlayedLever) -> dict[str, Any]:
    """The patch to merge into the deployment, or into its policy if the lever is there."""
    metadata = shown.deployment.get("metadata", {})
    if one.lever.policy:
        named = {"name": shown.policy, "namespace": metadata.get("namespace") or "default"}
        return {"apiVersion": API_VERSION, "kind": kinds.POLICY.name, "metadata": named} | one.lever.policy
    head = {name: shown.deployment[name] for name in ("apiVersion", "kind") if name in shown.deployment}
    named = {name: metadata[name] for name in ("name", "namespace") if name in metadata}
    return head | {"metadata": named} | one.lever.patch


def _verdict(shown: ShownAdvice) -> Iterator[str]:
    found, best = shown.advice, shown.advice.best
    now = f"{shown.name} keeps its objectives for {kept_share.kept(found.before.report.kept)} of requests"
    if best is None:
        why = (
            f"no lever that was simulated keeps them for less than {CHEAPER:.0%} of the cost"
            if found.before.keeps
            else f"no lever that was simulated keeps {BETTER:.0%} more of them"
        )
        yield f"{now}; {why if found.tried else 'no lever applies'}"
        return
    what = "It could cost less" if found.before.keeps else "What holds it back"
    yield f"{now}. {what}: {best.suspicion.bottleneck}"
    yield f"  {best.suspicion.because}"
    saved = spent(found.before) - spent(best.played)
    money = f", {saved:.2f} USD less over this traffic" if found.before.keeps and best.played.cost is not None else ""
    yield f"  {best.lever.words}: {kept_share.kept(best.played.report.kept)} of requests meet them{money}"


def _table(shown: ShownAdvice) -> Iterator[str]:
    rows = [HEADS, ("as it is", "-", *_figures(shown.advice.before))]
    tried = shown.advice.tried[:SHOWN]
    rows += [(one.lever.words, one.suspicion.bottleneck.value, *_figures(one.played)) for one in tried]
    yield from text_table.aligned(rows, left=2)
    if len(shown.advice.tried) > SHOWN:
        yield f"and {count(len(shown.advice.tried) - SHOWN, 'lever')} more, in -o json"


def _figures(one: PlayedCandidate) -> tuple[str, ...]:
    worst = "-" if one.worst is None else f"{one.worst.kept:.1%}"
    cost = "-" if one.cost is None else f"{one.cost:.2f}"
    mark = "" if one.keeps else " !"
    report = one.report
    return (
        f"{kept_share.kept(report.kept)}{mark}",
        worst,
        text_table.seconds(report.ttft.p95),
        text_table.milliseconds(report.tpot.p95),
        cost,
    )


def _patch(shown: ShownAdvice) -> Iterator[str]:
    best = shown.advice.best
    if best is None:
        return
    if any(one in best.lever.words for one in QUALITY):
        yield "# it changes what the model answers: evaluate it first"
    if best.lever.note:
        yield f"# {best.lever.note}"
    yield yaml.safe_dump(patch(shown, best), sort_keys=False)


def _notes(shown: ShownAdvice) -> Iterator[str]:
    """The facts and assumptions that the advice rests on."""
    sizes = shown.advice.sizes
    yield (
        f"{count(sizes.requests, 'request')} of {sizes.prompt:,.0f} prompt and {sizes.reply:,.0f} output tokens, "
        f"{sizes.repeated:.0%} of prompts in an earlier one"
    )
    for one in shown.advice.partings[:PARTINGS]:
        yield from _parting(one)
    if not shown.advice.comparable:
        yield NO_PRICE
    before, best = shown.advice.before.notes, shown.advice.best
    yield from before
    if best is not None:
        yield from (f"{best.lever.words}: {one}" for one in best.played.notes if one not in (*before, best.lever.note))


def _parting(one: PromptParting) -> Iterator[str]:
    """Where prompts diverge, what it costs, and what to do."""
    whose = "prompts" if one.tenant is None else f"prompts of {one.tenant}"
    yield (
        f"{whose} part at block {one.block}, after {one.shared_tokens:,} tokens: {one.requests:,} requests go on in "
        f"{one.ways:,} ways, and nearly all have {one.lost_tokens:,} tokens or more behind it"
    )
    yield (
        f"  up to {one.share:.0%} of their prompts is computed again because of it: put what changes there (a date, an "
        "id, a name) behind what stays the same"
    )


def _values(one: PlayedCandidate) -> dict[str, Any]:
    return {"keeps": one.keeps, "costUsd": one.cost, "report": one.report.as_document()}


def _parted(one: PromptParting) -> dict[str, Any]:
    return {
        "tenant": one.tenant,
        "requests": one.requests,
        "block": one.block,
        "sharedTokens": one.shared_tokens,
        "ways": one.ways,
        "lostTokens": one.lost_tokens,
        "share": one.share,
    }
