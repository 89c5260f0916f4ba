"""What was required, wanted and said lately, and so how fast the answer may move. Values, and windows over them.

A window is kept as the few moments that can still be its extreme: each later one is smaller (or larger), so that its
length is bounded by the number of replicas and not by how often anybody looked.
"""

from dataclasses import dataclass

from fairlead.scaling.recommendation import ScalingReason


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicasAt:
    """So many replicas at that moment."""

    at: float
    replicas: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StabilizationExtension:
    """How much longer than the policy says fewer must have been enough, since shrinking has proved wrong lately."""

    factor: int = 1
    shrunk_at: float | None = None
    """The last time it shrank, while it is not clear yet whether that was right."""
    grown_at: float | None = None
    """The last time it grew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeShortage:
    """The nodes took no more: what is asked for meanwhile, and until when."""

    replicas: int
    until: float
    wait: float
    """How long it is waited; the next time twice as long."""
    room: int
    """What was said to be free then, and yet took nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedReason:
    """What status says, until it has not been so for a while."""

    replicas: int
    reason: ScalingReason
    matter: str
    """What the message is about, without its figures."""
    message: str
    over_since: float | None = None
    """Since when every decision gave another reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeculationBaseline:
    """The counters of one pod that guesses ahead, when a span of measuring began."""

    pod: str
    drafts: float
    draft_tokens: float
    accepted_tokens: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeculationState:
    """What guessing ahead gave, and whether it is switched off."""

    off: bool = False
    switched_at: float | None = None
    marked_at: float | None = None
    marks: tuple[SpeculationBaseline, ...] = ()
    guessed: float | None = None
    """Tokens guessed by a sequence in a step, as last measured; kept while it is off, since nobody can measure it."""
    accepted: float = 0.0
    """Of these, taken over."""
    gain: float | None = None
    """Tokens a second with guessing over those without, at the load of the last span."""
    against: int = 0
    """Spans in a row that spoke against how it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerHistory:
    """Nothing at first."""

    since: float | None = None
    """When it was first decided: nobody knows what was before."""
    required: tuple[ReplicasAt, ...] = ()
    """The most that was required, within the window of shrinking."""
    most_wanted: tuple[ReplicasAt, ...] = ()
    """Within the time over which steps down are counted."""
    least_wanted: tuple[ReplicasAt, ...] = ()
    """Within the time over which steps up are counted."""
    patience: StabilizationExtension = StabilizationExtension()
    full: NodeShortage | None = None
    said: ReportedReason | None = None
    guessing: SpeculationState = SpeculationState()


def with_most(seen: tuple[ReplicasAt, ...], now: float, replicas: int, window: float) -> tuple[ReplicasAt, ...]:
    """The window with one more moment; its first is the most of all."""
    kept = tuple(one for one in seen if one.replicas > replicas and one.at > now - window)
    return (*kept, ReplicasAt(at=now, replicas=replicas))


def with_least(seen: tuple[ReplicasAt, ...], now: float, replicas: int, window: float) -> tuple[ReplicasAt, ...]:
    """The window with one more moment; its first is the least of all."""
    kept = tuple(one for one in seen if one.replicas < replicas and one.at > now - window)
    return (*kept, ReplicasAt(at=now, replicas=replicas))
