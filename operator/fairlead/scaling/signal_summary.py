"""What stands between the signals and the answer: what they ask for, and what was left of it. Values only."""

from dataclasses import dataclass

from fairlead.scaling.facts import ReplicaSpeed
from fairlead.scaling.recommendation import AppliedLimit, ScalingAdvice, ScalingReason, SignalNeed, UntrustedSample


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetLoad:
    """What users ask of the whole fleet, by the second, and what serves it now: for comparing accelerators."""

    prompt_tokens: float
    """Prompt tokens a second that no cache holds."""
    output_tokens: float
    tokens_per_sequence: float
    """Tokens of the KV cache that a running request holds on average."""
    speed: ReplicaSpeed
    """Of one replica as it is now: learnt, or assumed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalSummary:
    """What the signals say, before anything holds it back."""

    candidates: tuple[SignalNeed, ...]
    may_shrink: bool
    """Whether enough is known to take replicas away."""
    need: float | None = None
    """For the objectives, headroom included, in parts of a replica; nothing where no arithmetic says."""
    cold_start_seconds: float
    """Until a new replica serves: learnt, or assumed."""
    ready: int
    starting: int = 0
    running: float = 0.0
    """Requests in engines, as far as known."""
    waiting: float = 0.0
    """In a hurry, in routers and engines."""
    held: float = 0.0
    """In routers, for want of any replica."""
    last_arrival: float | None = None
    """When somebody last asked; nothing: never since anybody looked."""
    questions: tuple[UntrustedSample, ...] = ()
    load: FleetLoad | None = None

    @property
    def leading(self) -> SignalNeed | None:
        """The one that asks for most; of equals the first."""
        known = [one for one in self.candidates if one.replicas is not None]
        return max(known, key=_replicas) if known else None

    @property
    def replicas(self) -> int | None:
        """What the leading one asks for; 0 where nothing is to be done, nothing where nobody can say."""
        leading = self.leading
        return leading.replicas if leading else None

    @property
    def is_sure(self) -> bool:
        """Whether an answer may be less than what is there."""
        return self.may_shrink and self.replicas is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitedAnswer:
    """The answer, why it is this, and what held it back."""

    replicas: int
    asleep: int
    speculates: bool
    reason: ScalingReason
    message: str
    limits: tuple[AppliedLimit, ...] = ()
    advice: tuple[ScalingAdvice, ...] = ()


def _replicas(one: SignalNeed) -> int:
    return one.replicas or 0
