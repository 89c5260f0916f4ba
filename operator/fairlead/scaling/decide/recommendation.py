"""The answer of one decision: how many replicas, why, the candidates, and what limited it. Values only."""

from dataclasses import dataclass
from enum import StrEnum

from fairlead.fleet.policies import ScalingReason, ScalingSignal


class ScalingBound(StrEnum):
    """What changed the answer from the signals' need, in the order in which rules apply."""

    MISSING_FIGURES = "MissingFigures"
    """Too little is known to shrink, or to decide at all."""
    IDLE = "Idle"
    """No request for so long that the last replica is removed, or a request waits and the first one is added."""
    SPARES = "Spares"
    """The warm pool: ready replicas above the need."""
    STABILIZATION = "Stabilization"
    """More replicas were needed a short while ago."""
    WITHOUT_ONE = "WithoutOne"
    """One replica fewer would not hold the objectives with a margin."""
    STEP_DOWN = "StepDown"
    STEP_UP = "StepUp"
    SCHEDULE = "Schedule"
    MIN_REPLICAS = "MinReplicas"
    MAX_REPLICAS = "MaxReplicas"
    BUDGET = "Budget"
    NO_ROOM = "NoRoom"
    """The nodes cannot take more; pods without a node are not recreated endlessly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionFigure:
    """One number of the arithmetic, under a stable name such as `demand.promptTokensPerSecond`."""

    name: str
    value: float
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalNeed:
    """The need by one signal; None if it cannot be computed."""

    signal: ScalingSignal
    replicas: int | None
    because: str
    """The arithmetic in one line, with its numbers."""
    figures: tuple[DecisionFigure, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedLimit:
    """One bound that changed the answer."""

    bound: ScalingBound
    before: int
    after: int
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UntrustedSample:
    """One problem with the facts, for people: which figures, and what is wrong with them."""

    who: str
    """A pod, a router, or the source as a whole."""
    what: str
    age_seconds: float | None = None
    because: str = ""
    """Details, if known; they may change with each scrape, so no message contains them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingAdvice:
    """What a person could change, and what it would gain; the autoscaler never does it itself."""

    subject: str
    """Speculation, accelerator or policy."""
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """One decision."""

    replicas: int
    """Replicas that are awake."""
    reason: ScalingReason
    message: str
    """A sentence with figures; changes only with its subject, so that nothing is written at rest."""
    asleep: int = 0
    """Additional replicas that sleep, with their weights off the GPU."""
    speculates: bool = True
    """Whether the revision should use speculation, if its spec enables it."""
    candidates: tuple[SignalNeed, ...] = ()
    limits: tuple[AppliedLimit, ...] = ()
    questions: tuple[UntrustedSample, ...] = ()
    advice: tuple[ScalingAdvice, ...] = ()
    figures: tuple[DecisionFigure, ...] = ()
    """Demand, supply, forecast, cold start: what `fairlead top` and the metrics show."""
