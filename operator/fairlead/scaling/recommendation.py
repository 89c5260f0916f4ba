"""The answer of one decision: how many replicas, why, what else was considered, and what held it back. Values only."""

from dataclasses import dataclass
from enum import StrEnum


class ScalingSignal(StrEnum):
    """What asks for replicas, as a policy names it."""

    QUEUE_DEPTH = "queueDepth"
    KV_CACHE = "kvCache"
    TOKENS = "tokens"
    QUEUE_TIME = "queueTime"
    """Looked at wherever `objectives.queueTimeP95` is set, and by a limit of a few seconds wherever tokens are."""


class ScalingBound(StrEnum):
    """What moved an answer away from what the signals ask for, in the order in which they are applied."""

    MISSING_FIGURES = "MissingFigures"
    """Nobody knows enough to shrink, or to say anything at all."""
    IDLE = "Idle"
    """Nobody asked for so long that the last replica goes, or somebody asks and the first one comes."""
    SPARES = "Spares"
    """The warm pool: ready replicas above what is needed."""
    STABILIZATION = "Stabilization"
    """More were needed a short while ago."""
    WITHOUT_ONE = "WithoutOne"
    """One replica fewer would not hold the objectives with margin."""
    STEP_DOWN = "StepDown"
    STEP_UP = "StepUp"
    SCHEDULE = "Schedule"
    MIN_REPLICAS = "MinReplicas"
    MAX_REPLICAS = "MaxReplicas"
    BUDGET = "Budget"
    NO_ROOM = "NoRoom"
    """The nodes cannot take more: what is there is used, and what is not is not asked for again and again."""


class ScalingReason(StrEnum):
    """Why the answer is what it is, as one word; what status.scaling.reason says."""

    QUEUE_DEPTH = "QueueDepth"
    KV_CACHE = "KvCache"
    QUEUE_TIME = "QueueTime"
    TOKEN_DEMAND = "TokenDemand"
    STEADY = "Steady"
    """As many as before are right."""
    IDLE = "Idle"
    WAKING = "Waking"
    """From zero, since requests wait."""
    AT_MINIMUM = "AtMinimum"
    AT_MAXIMUM = "AtMaximum"
    SCHEDULED = "Scheduled"
    OVER_BUDGET = "OverBudget"
    NO_ROOM = "NoRoom"
    STEP_LIMITED = "StepLimited"
    STABILIZING = "Stabilizing"
    FIGURES_MISSING = "FiguresMissing"
    """Held: the message says whose figures, since when, and why."""
    SPARES = "Spares"
    NO_POLICY = "NoPolicy"
    """Held: the policy that is named is not there, or cannot be read; nothing was decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionFigure:
    """One number of an argument, by a stable name: `demand.promptTokensPerSecond`."""

    name: str
    value: float
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalNeed:
    """What one signal asks for; nothing when it cannot say."""

    signal: ScalingSignal
    replicas: int | None
    because: str
    """The arithmetic in one line, with its numbers."""
    figures: tuple[DecisionFigure, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedLimit:
    """One bound that moved the answer."""

    bound: ScalingBound
    before: int
    after: int
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UntrustedSample:
    """One doubt about the facts, for people: whose figures, and what is wrong with them."""

    who: str
    """A pod, a router, or the source as a whole."""
    what: str
    age_seconds: float | None = None
    because: str = ""
    """What exactly was seen, where that is known; it may differ from look to look, so no message holds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingAdvice:
    """What people could change, and what it would bring: never acted on by us."""

    subject: str
    """speculation, accelerator, policy."""
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """One decision."""

    replicas: int
    """Awake ones."""
    reason: ScalingReason
    message: str
    """A sentence with its figures; it moves only when what it says matters does, so that nothing is written at rest."""
    asleep: int = 0
    """Beside them, replicas that sleep with their weights off the GPU."""
    speculates: bool = True
    """Whether the revision should guess ahead, where its spec asks for it."""
    candidates: tuple[SignalNeed, ...] = ()
    limits: tuple[AppliedLimit, ...] = ()
    questions: tuple[UntrustedSample, ...] = ()
    advice: tuple[ScalingAdvice, ...] = ()
    figures: tuple[DecisionFigure, ...] = ()
    """Demand, supply, forecast, cold start: what `fairlead top` and the metrics show."""
