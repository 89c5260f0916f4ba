"""The page of one comparison, from the verdict at the top to the assumptions at the end."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final, NamedTuple

from fairlead.backtest.decision_log import PlayedDecision
from fairlead.backtest.play import KEPT_GOAL
from fairlead.backtest.repeats import Repeated
from fairlead.cli import kept_share, simulate_text
from fairlead.cli.report import latencies, markup, template, timeline
from fairlead.cli.report.markup import TableRow
from fairlead.cli.report.timeline import ArrivalRates
from fairlead.fleet.plurals import count

MAX_CHANGES: Final = 500
"""Shown for each candidate; `-o json` has all."""
UNQUEUED: Final = (
    "Requests wait in routers only while no replica is ready.",
    "The autoscaler decides every 5 s instead of every second.",
)
QUEUED: Final = (
    "Requests wait in the routers' queue, simulated as that of one router, and the autoscaler decides every second.",
    "Other autoscalers of --against, and router=off, have no such queue: requests go to engines and wait there.",
    "With router=off the autoscaler decides every 5 s; others decide as often as their projects do by default.",
)
NOT_PLAYED: Final = (
    "Lanes, tenants' limits, the response cache, hedges and retries are not simulated; no client gives up.",
    "Only the prefixes that a trace names are cached: access lines and plain tables name none.",
    "Node room and the budget's other users are not known.",
    "Regret is the cost above the lowest that keeps the objectives on these replicas with the whole trace known.",
    "That bound is low, so nought is out of reach: compare candidates with one another.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedComparison:
    """Everything that the page shows."""

    command: str
    """As it was typed, so that a reader can repeat the simulation."""
    traffic: str
    rows: tuple[Repeated, ...]
    missing: tuple[str, ...]
    """Names of candidates that an interrupt left without a run, or with fewer runs than the others."""
    rates: ArrivalRates
    queued: bool
    """Whether the routers' own queue was played."""


class Verdict(NamedTuple):
    """Whether a candidate keeps its objectives, in one sentence."""

    kind: str
    mark: str
    words: str


def html(comparison: ReportedComparison) -> str:
    """Build the whole page."""
    head = f"<header><h1>Simulated before it is applied</h1>\n<p>{escape(comparison.traffic)}</p></header>"
    body = "\n".join([head, _verdict(comparison), *_sections(comparison)])
    return template.document("Fairlead: candidates on recorded traffic", f"<main>\n{body}\n</main>")


def _sections(comparison: ReportedComparison) -> Iterator[str]:
    rows, played = comparison.rows, (*(QUEUED if comparison.queued else UNQUEUED), *NOT_PLAYED)
    if rows:
        yield markup.section("Candidates", _table(rows))
        yield markup.section("Cost against the least possible", _costs(rows))
        yield markup.section("Replicas and demand", _first_run(rows), timeline.figure(rows, comparison.rates))
        yield markup.section("Latencies", _first_run(rows), latencies.table(rows))
        yield markup.section("Decisions", *(_decisions(one) for one in rows))
    yield markup.section("Assumptions and errors", *_assumptions(rows), markup.listing(played))
    yield markup.section("Play it again", f"<p><code>{escape(comparison.command)}</code></p>")


def verdict(comparison: ReportedComparison) -> Verdict:
    """The verdict at the top of the page."""
    ours = [one for one in comparison.rows if not one.compared]
    keeping = sorted((one for one in ours if one.passes), key=_paid)
    if keeping:
        return Verdict("keeps", "✓", _praise(keeping))
    return Verdict("misses", "✗", _blame(ours) if ours else "Nothing was simulated to its end.")


def _verdict(comparison: ReportedComparison) -> str:
    kind, mark, words = verdict(comparison)
    ours = [one for one in comparison.rows if not one.compared]
    lines = [f"{'✓' if one.passes else '✗'} {simulate_text.summary(one)}" for one in ours]
    lines += [f"Interrupted: {one} was not simulated, or not as often as the others." for one in comparison.missing]
    return (
        f'<div class="verdict {kind}" role="status"><strong>{mark} {escape(words)}</strong>{markup.listing(lines)}'
        f'<p class="faint">Kept means answered within the objectives; a candidate keeps them where at least '
        f"{KEPT_GOAL:.0%} of its requests are.</p></div>"
    )


def _blame(ours: Sequence[Repeated]) -> str:
    keeping = [one for one in ours if one.keeps]
    if keeping:
        cheapest = min(keeping, key=_paid)
        return (
            f"No candidate keeps its objectives within the budget; {cheapest.name}: {simulate_text.judged(cheapest)}."
        )
    nearest = max(ours, key=lambda one: one.kept.mean)
    kept = kept_share.kept(nearest.kept.mean)
    return f"No candidate keeps its objectives; {nearest.name} comes nearest with {kept}."


def _praise(keeping: Sequence[Repeated]) -> str:
    best, cost = keeping[0], keeping[0].figure("costUsd")
    paid = f"{best.gpu_hours.mean:.2f} GPU hours" if cost is None else f"{cost.mean:.2f} USD"
    unpriced = sum(one.figure("costUsd") is None for one in keeping)
    if 0 < unpriced < len(keeping):
        others = f" ({len(keeping)} do, {unpriced} of them without a price: give --products to compare)"
    else:
        others = f", the cheapest of {len(keeping)} that do" if len(keeping) > 1 else ""
    regret = "" if best.regret is None else f"; {best.regret:.0%} above the least possible"
    kept = kept_share.kept(best.kept.mean)
    return f"{best.name} keeps its objectives for {kept} of requests at {paid}{others}{regret}."


def _paid(one: Repeated) -> tuple[bool, float]:
    """Sort key: the cheapest first, and those without a price last, as GPU hours do not compare with USD."""
    cost = one.figure("costUsd")
    return cost is None, one.gpu_hours.mean if cost is None else cost.mean


def _table(rows: Sequence[Repeated]) -> str:
    shown = (simulate_text.cells(one) for one in rows)
    lines = (
        TableRow(head=cells[0], cells=_plain(cells[1:], one), compared=one.compared)
        for one, cells in zip(rows, shown, strict=True)
    )
    heads = list(simulate_text.HEADS)
    heads[4], heads[6] = "TTFT p95", "TPOT p95"
    return markup.table(heads, lines)


def _plain(cells: Sequence[str], row: Repeated) -> tuple[str, ...]:
    """Replace the exclamation mark of the terminal's table by a mark that is clear on a page."""
    mark = "✓" if row.keeps else "✗"
    return (f"{mark} {cells[0].removesuffix(' !')}", *cells[1:])


def _costs(rows: Sequence[Repeated]) -> str:
    """One bar per candidate, and a mark at the lower bound."""
    most = max((one.gpu_hours.mean for one in rows), default=0.0) or 1.0
    bars = []
    for row in rows:
        share, least = 100 * row.gpu_hours.mean / most, row.least_gpu_hours
        mark = "" if least is None else f'<b style="left:{min(100 * least / most, 99.5):.1f}%"></b>'
        bars.append(
            f"<div>{escape(_cost_words(row))}</div>"
            f'<div class="bar" aria-hidden="true"><i style="width:{share:.1f}%"></i>{mark}</div>'
        )
    caption = (
        "<figcaption>GPU hours; the mark is the least that anybody could do who keeps the objectives.</figcaption>"
    )
    return f"<figure>{''.join(bars)}{caption}</figure>"


def _cost_words(row: Repeated) -> str:
    cost, each = row.figure("costUsd"), row.figure("costUsdPerKeptRequest")
    money = "" if cost is None else f", {cost.mean:.2f} USD"
    request = "" if each is None else f", {each.mean:.5f} USD for each request that met the SLO"
    least = "" if row.least_gpu_hours is None else f"; at least {row.least_gpu_hours:.2f} GPU hours"
    missed = "" if row.keeps else "; does not keep its objectives"
    return f"{row.name}: {row.gpu_hours.mean:.2f} GPU hours{money}{request}{least}{missed}"


def _first_run(rows: Sequence[Repeated]) -> str:
    most = max(len(one.runs) for one in rows)
    return f'<p class="faint">Of {most} runs, the first one.</p>' if most > 1 else ""


def _decisions(row: Repeated) -> str:
    changes = row.runs[0].decisions
    shown = changes[:MAX_CHANGES]
    rest = f"<p>The first {MAX_CHANGES} of {len(changes):,}; -o json has all.</p>" if len(shown) < len(changes) else ""
    head = f"{row.name}: {count(len(changes), 'change')} of the number of replicas"
    if not changes:
        return f"<p>{escape(head)}</p>"
    heads = ("minute", "replicas", "reason", "because")
    return (
        f"<details><summary>{escape(head)}</summary>{rest}"
        f"{markup.table(heads, map(_change, shown), text_from=2)}</details>"
    )


def _change(one: PlayedDecision) -> TableRow:
    reason = "not given" if one.reason is None else one.reason.value
    return TableRow(head=f"{one.at / 60:.1f}", cells=(f"{one.before} → {one.after}", reason, one.message))


def _assumptions(rows: Sequence[Repeated]) -> Iterator[str]:
    for row in rows:
        lines = [simulate_text.judged(row), *row.runs[0].notes]
        yield f"<h3>{escape(row.name)}</h3>{markup.listing(lines)}"
