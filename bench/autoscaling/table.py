"""The comparison as a table for people, and whether the goal holds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bench.autoscaling import bounding
from bench.autoscaling.comparing import Compared
from bench.autoscaling.playing import Played

HEAD: Final = (
    f"{'':<42} {'attainment':>10} {'worst 10 min':>12} {'GPU hours':>9} {'of static':>9} {'reversals':>9}  against ours"
)
TRACES: Final = 3
"""Of the four, on which every tuned baseline must be dominated."""
MAX_REVERSALS: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Of the whole table."""

    rows: int
    kept: int
    """Rows that reach the goal's attainment at the goal's cost."""
    traces: int
    dominating: int
    """Recorded traces on which ours dominates every tuned baseline, at the shorter cold start."""
    beyond: int
    """Recorded traces on which no setting of any baseline, chosen in hindsight, keeps as much for as little."""
    cheapest: int
    """Recorded traces on which ours holds and no tuned baseline that holds is cheaper."""
    steady: int
    """Rows with at most one reversal in ten minutes."""

    @property
    def holds(self) -> bool:
        """The whole goal."""
        return self.kept == self.rows and self.dominating >= min(TRACES, self.traces) and self.steady == self.rows

    def __str__(self) -> str:
        return (
            f"{'holds' if self.holds else 'does not hold'}: at least 95 % at no more than 75 % of static peak in "
            f"{self.kept} of {self.rows}; every tuned baseline dominated on {self.dominating} of {self.traces} traces "
            f"(cheapest that holds on {self.cheapest}; no setting keeps as much for as little on {self.beyond}); "
            f"at most one reversal in ten minutes in {self.steady} of {self.rows}"
        )


def verdict(rows: Sequence[Compared]) -> Verdict:
    """Evaluate all rows."""
    shortest = min(row.cold_s for row in rows)
    traces = [row for row in rows if row.trace and row.cold_s == shortest]
    return Verdict(
        rows=len(rows),
        kept=sum(row.kept for row in rows),
        traces=len(traces),
        dominating=sum(row.dominates for row in traces),
        beyond=sum(row.beyond for row in traces),
        cheapest=sum(row.best_holding for row in traces),
        steady=sum(row.ours.reversals <= MAX_REVERSALS for row in rows),
    )


def block(row: Compared) -> str:
    """The lines of one traffic at one cold start."""
    lines = [f"{row.traffic}, cold start {row.cold_s:.0f} s: {row.words}", HEAD]
    lines += [f"{name:<42} {_figures(row, one)}  {against(row, one)}" for name, one in contestants(row)]
    return "\n".join((*lines, *remarks(row)))


def remarks(row: Compared) -> Iterator[str]:
    """What baselines would cost to keep as much, and how far ours is from the best."""
    for one in row.rivals:
        found = one.as_much(row.ours)
        if found is None:
            yield f"No setting tried for {one.name} keeps as much."
        else:
            setting, run = found
            more = run.gpu_hours / row.ours.gpu_hours - 1
            chosen = f"{setting:g}, chosen in hindsight: {run.attainment:.1%}"
            yield f"{one.name} keeps as much at {chosen}, GPU hours {more:+.0%}."
    yield f"Cost over foreknowledge: {row.over_plan:+.0%}."
    answering = " and answers every request" if row.ours.answers_all else ""
    yield (
        f"No fleet that holds{answering} pays less than {bounding.of(row.least, row.ours):.2f} GPU hours: "
        f"{row.regret:+.0%}."
    )


def contestants(row: Compared) -> list[tuple[str, Played]]:
    """The results by name."""
    found = [
        (f"static peak, {row.peak} replicas", row.static),
        (f"static in every ten minutes, {row.steadiest} replicas", row.throughout),
        ("Fairlead, default policy", row.ours),
    ]
    for one in row.rivals:
        found += [(f"{one.name}, default", one.by_default), (f"{one.name}, tuned to {one.setting:g}", one.tuned)]
    return [*found, ("foreknowledge", row.foreknown)]


def against(row: Compared, one: Played) -> str:
    """How it compares with ours."""
    mine = row.ours
    if one is mine:
        return "meets the goal" if row.kept else "misses the goal"
    better = (one.attainment > mine.attainment) - (one.attainment < mine.attainment)
    cheaper = (one.gpu_hours < mine.gpu_hours) - (one.gpu_hours > mine.gpu_hours)
    if better + cheaper <= -1:
        return "dominated"
    if better + cheaper >= 1:
        return "dominates ours"
    if better == cheaper == 0:
        return "equal"
    return "keeps more for more" if better > 0 else f"cheaper, {'holds' if one.holds else 'does not hold'}"


def _figures(row: Compared, one: Played) -> str:
    return f"{one.attainment:>10.1%} {one.worst:>12.1%} {one.gpu_hours:>9.2f} {row.cost(one):>9.0%} {one.reversals:>9}"
