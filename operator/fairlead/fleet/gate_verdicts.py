"""A gate's decision about a candidate: one of four verdicts, its reason, and the figures behind it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Verdict(StrEnum):
    """Outcome of a comparison."""

    PASSED = "Passed"
    FAILED = "Failed"
    UNDECIDED = "Undecided"
    """Neither is shown yet; more items or requests may decide it."""
    ERROR = "Error"
    """The comparison itself is broken, and says nothing about the candidate."""


class GateReason(StrEnum):
    """Reason of a verdict."""

    NOT_WORSE = "NotWorse"
    STOPPED_FOR_HARM = "StoppedForHarm"
    WORSE = "Worse"
    SLICE_WORSE = "SliceWorse"
    GUARD_EXCEEDED = "GuardExceeded"
    SLOWER = "Slower"
    MORE_FAULTS = "MoreFaults"
    NOT_FINISHED = "NotFinished"
    USERS_WAIT = "UsersWait"
    """Users' requests wait at all pods of one side: no items are sent meanwhile."""
    TOO_FEW_ITEMS = "TooFewItems"
    TOO_FEW_CLUSTERS = "TooFewClusters"
    MARGIN_NOT_EXCLUDED = "MarginNotExcluded"
    NO_EVALUATION = "NoEvaluation"
    """No evaluation has that name, or its items cannot be read."""
    BAD_ITEMS = "BadItems"
    """Lines of its items cannot be used."""
    UNREACHABLE = "Unreachable"
    """No pod of one side answers; that says nothing about a model."""
    RUNNER_FAILED = "RunnerFailed"
    """A pod of the runner failed, or printed no verdicts; that says nothing about a model."""
    JUDGE_FAILED = "JudgeFailed"
    """The judge does not answer, or its reply is no verdict on answers."""
    NO_TRAFFIC = "NoTraffic"
    WARMING_UP = "WarmingUp"
    TOO_FEW_REQUESTS = "TooFewRequests"
    LIMIT_NOT_EXCLUDED = "LimitNotExcluded"
    BASELINE_ERRORS = "BaselineErrors"
    AT_CHANCE = "AtChance"
    UNLIKE_EXPECTED_SCORE = "UnlikeExpectedScore"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An estimate between two bounds, each one-sided at 95 %."""

    low: float
    estimate: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GateVerdict:
    """One gate's verdict, as status, Events and a terminal show it."""

    verdict: Verdict
    reason: GateReason
    message: str
    n: int = 0
    """Items compared, or requests of the candidate."""
    baseline: float | None = None
    """The baseline's rate of right answers."""
    candidate: float | None = None
    difference: Interval | None = None
    """Candidate minus baseline, as a share; of durations, their ratio."""
    missing: int | None = None
    """Items or requests still needed; None if more of them would hardly change the verdict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationVerdict:
    """An evaluation's result for the canary that it judges."""

    verdict: GateVerdict | None = None
    """None if its items need no answers now."""
    items: str = ""
    """Digest of its items; empty: unknown."""


NOT_EVALUATED: Final = EvaluationVerdict()
