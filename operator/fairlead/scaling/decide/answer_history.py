"""Recent needs, counts and reported reasons, which limit how fast the recommendation may change. Values, and windows
over them.

A window keeps only entries that can still become its extreme, so each later one is smaller (or larger) and its length
is bounded by the number of replicas, not by the rate of decisions.
"""

from dataclasses import dataclass

from fairlead.fleet.policies import ScalingReason


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicasAt:
    """A replica count at a time."""

    at: float
    replicas: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StabilizationExtension:
    """How many stabilization windows must pass before a fleet shrinks, because a recent scale-down proved wrong."""

    factor: int = 1
    shrunk_at: float | None = None
    """When it last shrank, until it is clear whether that was right."""
    grown_at: float | None = None
    """When it last grew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeShortage:
    """A fleet that the nodes cannot grow further: the replicas to recommend meanwhile, and until when."""

    replicas: int
    until: float
    wait: float
    """Seconds until more replicas are tried again; doubled each time."""
    room: int
    """Free room computed for the nodes at that time, although a pod found no node."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedReason:
    """The reason that status shows, until another reason has held for a while."""

    replicas: int
    reason: ScalingReason
    matter: str
    """The subject of the message, without figures."""
    message: str
    over_since: float | None = None
    """When every decision began to give another reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeculationBaseline:
    """Counters of one pod with speculation, at the start of a measuring span."""

    pod: str
    drafts: float
    draft_tokens: float
    accepted_tokens: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeculationState:
    """What speculation gained, and whether it is switched off."""

    off: bool = False
    switched_at: float | None = None
    marked_at: float | None = None
    marks: tuple[SpeculationBaseline, ...] = ()
    drafted: float | None = None
    """Tokens drafted per sequence and step, as last measured; kept while speculation is off, since nothing is measured
    then."""
    accepted: float = 0.0
    """How many of them were accepted."""
    gain: float | None = None
    """Throughput with speculation over throughput without, at the load of the last span."""
    against: int = 0
    """Consecutive spans in which the other setting, on or off, was better."""

    @property
    def lasting(self) -> "SpeculationState":
        """The part that outlives a restart: not the span being measured, nor the spans before it."""
        return SpeculationState(
            off=self.off, switched_at=self.switched_at, drafted=self.drafted, accepted=self.accepted
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerHistory:
    """The history that one decision leaves to the next; initially empty."""

    since: float | None = None
    """When the first decision was made; earlier times are unknown."""
    required: tuple[ReplicasAt, ...] = ()
    """The largest needs within the stabilization window."""
    most_wanted: tuple[ReplicasAt, ...] = ()
    """The largest counts within the period for steps down."""
    least_wanted: tuple[ReplicasAt, ...] = ()
    """The smallest counts within the period for steps up."""
    stabilization: StabilizationExtension = StabilizationExtension()
    node_shortage: NodeShortage | None = None
    reported: ReportedReason | None = None
    speculation: SpeculationState = SpeculationState()


def with_most(seen: tuple[ReplicasAt, ...], now: float, replicas: int, window: float) -> tuple[ReplicasAt, ...]:
    """Add an entry to a window whose first entry is the largest."""
    kept = tuple(one for one in seen if one.replicas > replicas and one.at > now - window)
    return (*kept, ReplicasAt(at=now, replicas=replicas))


def with_least(seen: tuple[ReplicasAt, ...], now: float, replicas: int, window: float) -> tuple[ReplicasAt, ...]:
    """Add an entry to a window whose first entry is the smallest."""
    kept = tuple(one for one in seen if one.replicas < replicas and one.at > now - window)
    return (*kept, ReplicasAt(at=now, replicas=replicas))
