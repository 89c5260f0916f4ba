"""Recent needs, counts and reported reasons, which limit how fast the recommendation may change. Values, and windows
over them.

A window keeps only entries that can still become its extreme, so each later one is smaller (or larger) and its length
is bounded by the number of replicas, not by the rate of decisions.
"""

from dataclasses import dataclass, replace

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

    def as_of(self, now: float) -> "AnswerHistory":
        """Return it without times to come: once a clock was set back, each limit would hold until it has caught up."""
        latest = self.required[-1].at if self.required else self.speculation.switched_at
        if latest is None or latest <= now:
            return self
        stabilization, speculation = self.stabilization, self.speculation
        return replace(
            self,
            since=_until(self.since, now),
            required=_window_until(self.required, now),
            most_wanted=_window_until(self.most_wanted, now),
            least_wanted=_window_until(self.least_wanted, now),
            stabilization=replace(
                stabilization,
                shrunk_at=_until(stabilization.shrunk_at, now),
                grown_at=_until(stabilization.grown_at, now),
            ),
            node_shortage=_shortage_until(self.node_shortage, now),
            reported=self.reported and replace(self.reported, over_since=_until(self.reported.over_since, now)),
            speculation=replace(
                speculation,
                switched_at=_until(speculation.switched_at, now),
                marked_at=_until(speculation.marked_at, now),
            ),
        )


def _until(moment: float | None, now: float) -> float | None:
    return None if moment is None else min(moment, now)


def _window_until(seen: tuple[ReplicasAt, ...], now: float) -> tuple[ReplicasAt, ...]:
    return tuple(replace(one, at=min(one.at, now)) for one in seen)


def _shortage_until(shortage: NodeShortage | None, now: float) -> NodeShortage | None:
    return shortage and replace(shortage, until=min(shortage.until, now + shortage.wait))


def with_most(seen: tuple[ReplicasAt, ...], now: float, replicas: int, window: float) -> tuple[ReplicasAt, ...]:
    """Add an entry to a window whose first entry is the largest."""
    kept = tuple(one for one in seen if one.replicas > replicas and one.at > now - window)
    return (*kept, ReplicasAt(at=now, replicas=replicas))


def with_least(seen: tuple[ReplicasAt, ...], now: float, replicas: int, window: float) -> tuple[ReplicasAt, ...]:
    """Add an entry to a window whose first entry is the smallest."""
    kept = tuple(one for one in seen if one.replicas < replicas and one.at > now - window)
    return (*kept, ReplicasAt(at=now, replicas=replicas))
