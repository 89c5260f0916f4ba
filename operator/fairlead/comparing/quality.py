"""The quality gate: paired non-inferiority of answers, decided once at the end, and stopped early for harm only."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from fairlead.comparing import binomial, guards, harm_stop, sample_size, score_bounds, slices
from fairlead.comparing.clusters import FEWEST, ClusteredCounts, clustered
from fairlead.comparing.guards import GuardFigures
from fairlead.comparing.item_pairs import ItemPair
from fairlead.comparing.sample_size import ItemPlan
from fairlead.comparing.slices import SliceFigures
from fairlead.fleet.gate_verdicts import GateReason, GateVerdict, Interval, Verdict
from fairlead.fleet.plurals import count

MAX_BASELINE_ERRORS: Final = 0.01
ABOVE_CHANCE: Final = 0.05
UNLIKE_EXPECTED: Final = 0.001
MIN_FOR_CHANCE: Final = 50
"""Answers of the baseline before a run may end because of its score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityPlan:
    """Limits for a candidate."""

    items: int
    """Items of the whole set, with further samples of an item."""
    margin: float
    """How much worse it may be, as a share: 0.02 for 2 points."""
    min_items: int = 0
    chance: float = 0.0
    """Share of right answers by guessing."""
    judged: bool = False
    """Whether a judge compares both answers: a side that loses all of them was still not guessing."""
    expected_score: float | None = None
    """The baseline's rate as measured elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityReport:
    """A verdict with its details."""

    verdict: GateVerdict
    counts: ClusteredCounts
    interval: Interval
    guards: tuple[GuardFigures, ...]
    slices: tuple[SliceFigures, ...]


@dataclass(frozen=True, slots=True)
class _QualityFinding:
    verdict: Verdict
    reason: GateReason
    message: str
    missing: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _QualityFacts:
    pairs: Sequence[ItemPair]
    plan: QualityPlan
    counts: ClusteredCounts
    interval: Interval
    guards: tuple[GuardFigures, ...]
    slices: tuple[SliceFigures, ...]

    @property
    def left(self) -> int:
        """Items still to be answered."""
        return max(0, self.plan.items - len(self.pairs))


def report(pairs: Sequence[ItemPair], plan: QualityPlan) -> QualityReport:
    """The verdict on the answers so far; it does not depend on their order, or on how often it is computed."""
    counts = clustered(pairs)
    facts = _QualityFacts(
        pairs=pairs,
        plan=plan,
        counts=counts,
        interval=score_bounds.interval(counts.effective(-plan.margin))
        if counts.counts.n
        else Interval(low=-1, estimate=0, high=1),
        guards=guards.figures(pairs),
        slices=slices.figures(pairs, plan.margin),
    )
    finding = next(found for rule in _RULES if (found := rule(facts)) is not None)
    return QualityReport(
        verdict=_verdict(finding, facts),
        counts=counts,
        interval=facts.interval,
        guards=facts.guards,
        slices=facts.slices,
    )


def decided_early(pairs: Sequence[ItemPair], plan: QualityPlan) -> bool:
    """Whether the rest of the items need not be sent; cheap, since it is called after every few answers."""
    counts, unknown = clustered(pairs), Interval(low=-1, estimate=0, high=1)
    facts = _QualityFacts(pairs=pairs, plan=plan, counts=counts, interval=unknown, guards=(), slices=())
    return any(rule(facts) is not None for rule in _EARLY)


def _verdict(finding: _QualityFinding, facts: _QualityFacts) -> GateVerdict:
    counts = facts.counts.counts
    return GateVerdict(
        verdict=finding.verdict,
        reason=finding.reason,
        message=finding.message,
        n=int(counts.n),
        baseline=counts.baseline_rate if counts.n else None,
        candidate=counts.candidate_rate if counts.n else None,
        difference=facts.interval if counts.n else None,
        missing=finding.missing,
    )


def _baseline_errors(facts: _QualityFacts) -> _QualityFinding | None:
    """Decided before the end, as soon as the rest of the set cannot compensate."""
    lost = sum(bool(one.baseline.error) for one in facts.pairs)
    if lost <= MAX_BASELINE_ERRORS * facts.plan.items:
        return None
    first = next(one.baseline.error for one in facts.pairs if one.baseline.error)
    message = (
        f"the baseline did not answer {count(lost, 'item')} of {facts.plan.items}, at most "
        f"{MAX_BASELINE_ERRORS:.0%} may fail: {first[:80]}; fix the baseline's endpoint and run again"
    )
    return _QualityFinding(Verdict.ERROR, GateReason.BASELINE_ERRORS, message)


def _at_chance(facts: _QualityFacts) -> _QualityFinding | None:
    """Before the end only if nothing is right: of hard questions, some are too few to show more than chance."""
    counts, chance = facts.counts.counts, facts.plan.chance
    n, right = int(counts.n), int(counts.baseline_right)
    if facts.plan.judged:
        return None
    if facts.left and (n < MIN_FOR_CHANCE or right):
        return None
    if right and binomial.at_least(right, n, chance) <= ABOVE_CHANCE:
        return None
    message = (
        f"the baseline has {right} of {n} right, which answers at random ({chance:.0%}) would have too: "
        "check the answers in the journal; the scorer or the prompt template may be wrong"
    )
    return _QualityFinding(Verdict.ERROR, GateReason.AT_CHANCE, message)


def _unlike_expected(facts: _QualityFacts) -> _QualityFinding | None:
    """Before the end it is computed once for each item at most, and each time may err by that part of the whole."""
    counts, expected = facts.counts.counts, facts.plan.expected_score
    n, right = int(counts.n), int(counts.baseline_right)
    if expected is None or n < MIN_FOR_CHANCE:
        return None
    unlikely = UNLIKE_EXPECTED / 2 / (facts.plan.items if facts.left else 1)
    if min(binomial.at_least(right, n, expected), binomial.at_least(n - right, n, 1 - expected)) > unlikely:
        return None
    message = (
        f"the baseline has {counts.baseline_rate:.1%} right, {expected:.1%} were expected: the prompt template, "
        "scorer or model differs from the measured one; correct it, or the expected score"
    )
    return _QualityFinding(Verdict.ERROR, GateReason.UNLIKE_EXPECTED_SCORE, message)


def _harm(facts: _QualityFacts) -> _QualityFinding | None:
    if not harm_stop.stopped(facts.counts.clusters, facts.plan.margin):
        return None
    counts = facts.counts.counts
    message = f"stopped at {counts.n:.0f} of {count(facts.plan.items, 'item')}: {_rates(facts)}"
    return _QualityFinding(Verdict.FAILED, GateReason.STOPPED_FOR_HARM, message)


def _unfinished(facts: _QualityFacts) -> _QualityFinding | None:
    if not facts.left:
        return None
    message = f"{count(facts.left, 'item')} of {facts.plan.items} still to be answered"
    return _QualityFinding(Verdict.UNDECIDED, GateReason.NOT_FINISHED, message, facts.left)


def _too_few(facts: _QualityFacts) -> _QualityFinding | None:
    n, clusters = int(facts.counts.counts.n), len(facts.counts.clusters)
    least = max(1, facts.plan.min_items)
    if n < least:
        message = f"{count(n, 'item')} compared, at least {least} are needed; add items"
        return _QualityFinding(Verdict.UNDECIDED, GateReason.TOO_FEW_ITEMS, message, least - n)
    if facts.counts.few:
        message = (
            f"the items are of {count(clusters, 'cluster')}, at least {FEWEST} are needed to know how "
            "much these vary; add items of other documents or conversations"
        )
        return _QualityFinding(Verdict.UNDECIDED, GateReason.TOO_FEW_CLUSTERS, message)
    return None


def _guarded(facts: _QualityFacts) -> _QualityFinding | None:
    exceeded = [one.sentence for one in facts.guards if one.exceeded]
    return _QualityFinding(Verdict.FAILED, GateReason.GUARD_EXCEEDED, "; ".join(exceeded)[:240]) if exceeded else None


def _sliced(facts: _QualityFacts) -> _QualityFinding | None:
    worse = [one for one in facts.slices if one.worse]
    if not worse:
        return None
    shown = ", ".join(f"{one.tag[:40]} ({_points(one.counts.difference)} of {one.counts.n:.0f})" for one in worse[:3])
    message = f"worse by more than {_points(facts.plan.margin)} in {count(len(worse), 'slice')}: {shown}"
    return _QualityFinding(Verdict.FAILED, GateReason.SLICE_WORSE, message)


def _not_worse(facts: _QualityFacts) -> _QualityFinding | None:
    """The same statistic as in the power of a plan; the confidence bound is its inverse."""
    margin = facts.plan.margin
    if score_bounds.statistic(facts.counts.effective(-margin), -margin) <= score_bounds.quantile(score_bounds.LEVEL):
        return None
    return _QualityFinding(
        Verdict.PASSED, GateReason.NOT_WORSE, f"{_rates(facts)}, at worst {_points(facts.interval.low)}"
    )


def _worse(facts: _QualityFacts) -> _QualityFinding | None:
    if facts.interval.high >= 0 or facts.counts.counts.difference > -facts.plan.margin:
        return None
    return _QualityFinding(Verdict.FAILED, GateReason.WORSE, f"{_rates(facts)}, at best {_points(facts.interval.high)}")


def _open(facts: _QualityFacts) -> _QualityFinding:
    missing = items_missing(facts.counts, facts.plan)
    more = "" if missing is None else f"; about {count(missing, 'more item')} would decide"
    message = f"{_rates(facts)}, at worst {_points(facts.interval.low)}, and {_points(-facts.plan.margin)} are allowed"
    return _QualityFinding(Verdict.UNDECIDED, GateReason.MARGIN_NOT_EXCLUDED, f"{message}{more}", missing)


_EARLY: Final[tuple[Callable[[_QualityFacts], _QualityFinding | None], ...]] = (
    *(_baseline_errors, _at_chance, _unlike_expected, _harm),
)
_RULES: Final[tuple[Callable[[_QualityFacts], _QualityFinding | None], ...]] = (
    *(*_EARLY, _unfinished, _too_few),
    *(_guarded, _sliced, _not_worse, _worse, _open),
)
"""The first that finds something decides; errors come before worse results, and those before good ones."""


def items_missing(counted: ClusteredCounts, plan: QualityPlan) -> int | None:
    """How many more items would decide, if the rest were like these; None if the candidate looks worse than allowed."""
    counts = counted.counts
    wanted = ItemPlan(
        margin=plan.margin,
        discordance=counts.discordance,
        difference=min(0.0, counts.difference),
        design_effect=counted.design_effect(-plan.margin),
    )
    needed = sample_size.items_needed(wanted)
    return None if needed is None else max(1, needed - int(counts.n))


def _rates(facts: _QualityFacts) -> str:
    counts = facts.counts.counts
    return (
        f"{counts.candidate_rate:.1%} right, {counts.baseline_rate:.1%} of the baseline: "
        f"{_points(counts.difference)} points"
    )


def _points(share: float) -> str:
    return f"{100 * share:+.1f}"
