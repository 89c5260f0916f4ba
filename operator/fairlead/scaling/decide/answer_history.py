"""Recent needs, counts and reported reasons, which limit how fast the recommendation may change. Values, and windows
over them.

A window keeps only the entries that can still become its extreme: each later one is smaller (or larger), so that its
length is bounded by the number of replicas and not by how often a decision is made.
"""

from dataclasses import dataclass

from fairlead.fleet.policies import ScalingReason


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicasAt:
    """A number of replicas at a time."""

    at: float
    replicas: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StabilizationExtension:
    """How many times the policy's stabilization window must pass before a fleet shrinks, as shrinking proved wrong
    lately."""

    factor: int = 1
    shrunk_at: float | None = None
    """When it last shrank, while it is not yet clear whether that was right."""
    grown_at: float | None = None
    """When it last grew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeShortage:
    """The nodes took no more replicas: how many are recommended meanwhile, and until when."""

    replicas: int
    until: float
    wait: float
    """Seconds until more are tried again; doubled each time."""
    room: int
    """Free room that the nodes were reckoned to have then, although a pod found no node."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedReason:
    """The reason that status shows, until another reason has held for a while."""

    replicas: int
    reason: ScalingReason
    matter: str
    """The subject of the message, without its figures."""
    message: str
    over_since: float | None = None
    """Since when every decision has given another reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeculationBaseline:
    """The counters of one pod with speculation, at the start of a measuring span."""

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
    guessed: float | None = None
    """Tokens drafted for a sequence in a step, as last measured; kept while speculation is off, as then nothing is
    measured."""
    accepted: float = 0.0
    """How many of these were accepted."""
    gain: float | None = None
    """Tokens a second with speculation over those without, at the load of the last span."""
    against: int = 0
    """Spans in a row that spoke for the other setting, on or off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerHistory:
    """Empty at first."""

    since: float | None = None
    """When the first decision was made; nothing is known of the time before."""
    required: tuple[ReplicasAt, ...] = ()
    """The largest needs within the stabilization window."""
    most_wanted: tuple[ReplicasAt, ...] = ()
    """The largest counts within the time over which steps down are counted."""
    least_wanted: tuple[ReplicasAt, ...] = ()
    """The smallest counts within the time over which steps up are counted."""
    patience: StabilizationExtension = StabilizationExtension()
    full: NodeShortage | None = None
    said: ReportedReason | None = None
    guessing: SpeculationState = SpeculationState()


def with_most(seen: tuple[ReplicasAt, ...], now: float, replicas: int, window: float) -> tuple[ReplicasAt, ...]:
    """The window with one more entry; its first is the largest."""
    kept = tuple(one for one in seen if one.replicas > replicas and one.at > now - window)
    return (*kept, ReplicasAt(at=now, replicas=replicas))


def with_least(seen: tuple[ReplicasAt, ...], now: float, replicas: int, window: float) -> tuple[ReplicasAt, ...]:
    """The window with one more entry; its first is the smallest."""
    kept = tuple(one for one in seen if one.replicas < replicas and one.at > now - window)
    return (*kept, ReplicasAt(at=now, replicas=replicas))
