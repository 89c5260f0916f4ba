"""The service gate: users' requests to the candidate against those to the baseline at the same time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Final

from fairlead.comparing import fault_evidence, latency_course, rank_statistics, request_samples
from fairlead.comparing.fault_evidence import FaultBlock
from fairlead.comparing.latency_course import CourseOutcome, CoursePlan, CourseResult
from fairlead.fleet.gate_verdicts import GateReason, GateVerdict, Interval, Verdict
from fairlead.fleet.plurals import count
from fairlead.fleet.request_samples import Fault, Latency, RequestSample

ALPHA: Final = 0.01
BETA: Final = 0.05
BLOCK_S: Final = 60.0
"""Requests within this time are compared with one another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePlan:
    """Limits for a candidate."""

    slower: Mapping[Latency, float] = field(default_factory=lambda: {Latency.TTFT: 1.3, Latency.TPOT: 1.2})
    """The ratio of durations that each must stay below."""
    faults_above: float = 0.005
    """A share of faults that is tolerated even if the baseline has fewer."""
    min_requests: int = 150
    requests: int = 400
    """Per side, at the last analysis of durations."""
    gates: int = 1
    """Gates of the rollout that share the error probability."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceReport:
    """A verdict with its details."""

    verdict: GateVerdict
    latencies: Mapping[Latency, CourseResult]
    fault_rates: Mapping[Fault, tuple[float, float]]
    """Rates of baseline and candidate."""


@dataclass(frozen=True, slots=True)
class _ServiceFinding:
    verdict: Verdict
    reason: GateReason
    message: str
    missing: int | None = None
    ratio: Interval | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _ServiceFacts:
    plan: ServicePlan
    counts: tuple[int, int]
    """Requests to the baseline and to the candidate."""
    warm: bool
    courses: Mapping[Latency, CourseResult]
    blocks: Mapping[Fault, Sequence[FaultBlock]]


def report(samples: Sequence[RequestSample], plan: ServicePlan) -> ServiceReport:
    """The verdict on the requests so far; never passed without any."""
    ordered = sorted(samples, key=lambda one: one.at)
    own = sum(one.candidate for one in ordered)
    warm = request_samples.warm_from(ordered)
    counted = [one for one in ordered if warm is not None and one.at >= warm]
    facts = _ServiceFacts(
        plan=plan,
        counts=(len(ordered) - own, own),
        warm=bool(counted),
        courses={one: latency_course.followed(counted, one, _course(plan, one)) for one in plan.slower},
        blocks={one: _blocks(ordered, one) for one in Fault},
    )
    finding = next(found for rule in _RULES if (found := rule(facts)) is not None)
    verdict = GateVerdict(
        verdict=finding.verdict,
        reason=finding.reason,
        message=finding.message,
        n=own,
        difference=finding.ratio,
        missing=finding.missing,
    )
    rates = {fault: _rates(blocks) for fault, blocks in facts.blocks.items()}
    return ServiceReport(verdict=verdict, latencies=facts.courses, fault_rates=rates)


def _course(plan: ServicePlan, latency: Latency) -> CoursePlan:
    return CoursePlan(
        limit=plan.slower[latency], requests=plan.requests, alpha=ALPHA / plan.gates, beta=BETA / plan.gates
    )


def _no_traffic(facts: _ServiceFacts) -> _ServiceFinding | None:
    baseline, candidate = facts.counts
    if baseline and candidate:
        return None
    side = "candidate" if not candidate else "baseline"
    message = (
        f"no user request reached the {side}; raise its share of the traffic, wait for a busier hour, or judge by "
        "an evaluation"
    )
    return _ServiceFinding(Verdict.UNDECIDED, GateReason.NO_TRAFFIC, message, facts.plan.min_requests)


def _faulty(facts: _ServiceFacts) -> _ServiceFinding | None:
    """Also before the caches are warm: they have nothing to do with faults."""
    for fault, blocks in facts.blocks.items():
        if fault_evidence.shown(blocks, facts.plan.faults_above, fault_evidence.ALPHA / facts.plan.gates):
            baseline, candidate = _rates(blocks)
            message = (
                f"{fault}: {candidate:.2%} of {count(_conversations(blocks), 'conversation')}, {baseline:.2%} of the "
                f"baseline's at the same time, and {facts.plan.faults_above:.2%} are allowed"
            )
            return _ServiceFinding(Verdict.FAILED, GateReason.MORE_FAULTS, message)
    return None


def _warming_up(facts: _ServiceFacts) -> _ServiceFinding | None:
    if facts.warm:
        return None
    message = f"{count(facts.counts[1], 'request')} while the prefix cache is still cold; these are not counted"
    return _ServiceFinding(Verdict.UNDECIDED, GateReason.WARMING_UP, message, facts.plan.min_requests)


def _slower(facts: _ServiceFacts) -> _ServiceFinding | None:
    for latency, course in facts.courses.items():
        if course.outcome is CourseOutcome.SLOWER:
            ratio = rank_statistics.interval(course.strata)
            message = f"{latency}: {_ratio(ratio)} the baseline's on {_information(course)}"
            return _ServiceFinding(Verdict.FAILED, GateReason.SLOWER, message, None, ratio)
    return None


def _too_few(facts: _ServiceFacts) -> _ServiceFinding | None:
    least, few = facts.plan.min_requests, min(facts.counts)
    if few >= least:
        return None
    message = f"{count(few, 'request')} of the side that has fewer, at least {least} are needed"
    return _ServiceFinding(Verdict.UNDECIDED, GateReason.TOO_FEW_REQUESTS, message, least - few)


def _within(facts: _ServiceFacts) -> _ServiceFinding | None:
    if any(one.outcome is not CourseOutcome.WITHIN for one in facts.courses.values()):
        return None
    below = max(fault_evidence.most_likely_below(_conversations(one), _faults(one)) for one in facts.blocks.values())
    shown = "; ".join(
        f"{one} {_ratio(rank_statistics.interval(course.strata))}" for one, course in facts.courses.items()
    )
    message = f"{shown} the baseline's" if shown else "durations are not compared"
    message = f"{message}; faults in less than {below:.2%} of the conversations"
    return _ServiceFinding(Verdict.PASSED, GateReason.NOT_WORSE, message)


def _not_streamed(facts: _ServiceFacts) -> _ServiceFinding | None:
    """No number of requests decides if none of them has the duration."""
    unseen = [str(one) for one, course in facts.courses.items() if not course.seen]
    if not unseen:
        return None
    message = (
        f"{' and '.join(unseen)} cannot be compared: only streamed replies of several tokens have both latencies, and "
        "at least one revision had none; judge by gate Quality or Manual, or promote or abort yourself"
    )
    return _ServiceFinding(Verdict.UNDECIDED, GateReason.LIMIT_NOT_EXCLUDED, message)


def _open(facts: _ServiceFacts) -> _ServiceFinding:
    """After the plan's last analysis it stays open: further analyses would err more often than stated."""
    open_ = {one: course for one, course in facts.courses.items() if course.outcome is CourseOutcome.OPEN}
    left = max(facts.plan.requests - course.information for course in open_.values())
    shown = "; ".join(f"{one} {_ratio(rank_statistics.interval(course.strata))}" for one, course in open_.items())
    more = "" if left <= 0 else f"; streamed replies in up to {count(ceil(left), 'more conversation')} per side decide"
    message = f"{shown} the baseline's, which rules out neither equality nor the limit{more}"
    missing = ceil(left) if left > 0 else None
    return _ServiceFinding(Verdict.UNDECIDED, GateReason.LIMIT_NOT_EXCLUDED, message, missing)


_RULES: Final[tuple[Callable[[_ServiceFacts], _ServiceFinding | None], ...]] = (
    *(_no_traffic, _faulty, _warming_up, _slower, _too_few, _within, _not_streamed, _open),
)
"""The first that finds something decides."""


def _blocks(samples: Sequence[RequestSample], fault: Fault) -> list[FaultBlock]:
    """Conversations by the minute in which they began: requests of one are not independent."""
    found: dict[int, tuple[dict[str, bool], dict[str, bool]]] = {}
    began: dict[tuple[bool, str], int] = {}
    for one in samples:
        minute = began.setdefault((one.candidate, one.conversation), int(one.at // BLOCK_S))
        side = found.setdefault(minute, ({}, {}))[one.candidate]
        side[one.conversation] = side.get(one.conversation, False) or fault in one.faults
    return [
        FaultBlock(
            candidate=len(candidate),
            candidate_faults=sum(candidate.values()),
            baseline=len(baseline),
            baseline_faults=sum(baseline.values()),
        )
        for baseline, candidate in found.values()
    ]


def _faults(blocks: Sequence[FaultBlock]) -> int:
    return sum(one.candidate_faults for one in blocks)


def _conversations(blocks: Sequence[FaultBlock]) -> int:
    """The candidate's: a fault counts once in each."""
    return sum(one.candidate for one in blocks)


def _rates(blocks: Sequence[FaultBlock]) -> tuple[float, float]:
    baseline, candidate = sum(one.baseline for one in blocks), _conversations(blocks)
    return (
        sum(one.baseline_faults for one in blocks) / max(1, baseline),
        _faults(blocks) / max(1, candidate),
    )


def _ratio(ratio: Interval) -> str:
    estimate, low, high = map(rank_statistics.shown, (ratio.estimate, ratio.low, ratio.high))
    return f"{estimate} times ({low} to {high})" if low != high else f"{estimate} times"


def _information(course: CourseResult) -> str:
    return f"{count(int(course.information), 'conversation')} a side"
