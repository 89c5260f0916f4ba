"""What the scaling loop saw of one deployment at one moment: pods, routers, bounds, policy. Values only.

Times are seconds since the epoch; counters count since their pod's start. `None` is "nobody says", never zero: whoever
takes one for the other scales a busy fleet down. Every number is finite, so that a record of it reads back the same.
"""

from dataclasses import dataclass
from enum import StrEnum

from fairlead.fleet.policies import ReplicaBounds, ScalingPolicy


class EnginePodPhase(StrEnum):
    """Where an engine pod is on its way."""

    PENDING = "pending"
    """No node yet; one may come."""
    PULLING = "pulling"
    """On a node that is still pulling its image: its cold start has not begun."""
    UNPLACEABLE = "unplaceable"
    """The scheduler finds no node for it: it is no supply, and asking for more of its kind brings none."""
    STARTING = "starting"
    """On a node, loading."""
    READY = "ready"
    """Routers send to it."""
    STUCK = "stuck"
    """It says it is well and makes no progress, or routers took it out: it is paid for and gives nothing."""
    ASLEEP = "asleep"
    """Weights off the GPU: awake within seconds."""
    DRAINING = "draining"
    """It finishes what it has."""
    DEAD = "dead"
    """Failed, or on a node that is lost."""


class SampleProblem(StrEnum):
    """Why a look at a pod brought no figures to rely on."""

    NO_ANSWER = "NoAnswer"
    UNREADABLE = "Unreadable"
    """Not a number, negative, out of range, a broken line, or another program's page."""
    STALE = "Stale"
    """The last figures are older than the policy allows."""
    FROZEN = "Frozen"
    """It has work and none of its counters moved."""
    RESET = "Reset"
    """A counter went back: the engine restarted under its pod, and there is nothing to subtract from yet."""
    CONTRADICTORY = "Contradictory"
    """Its figures cannot all be true, for instance more running than routers ever sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyTotals:
    """Durations since the pod's start; two of them, a while apart, tell how it went in between."""

    count: float
    total: float
    """Sum in seconds."""
    kept: float | None = None
    """How many were within the policy's objective, where there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineFigures:
    """What one engine pod said of itself at one moment."""

    at: float
    running: float | None = None
    waiting: float | None = None
    kv_usage: float | None = None
    """Share of the KV cache in use, 0 to 1."""
    kv_tokens: float | None = None
    """Tokens the KV cache holds."""
    prompt_tokens: float | None = None
    """Counter: prompts whose first token came, those found in the cache included."""
    cached_tokens: float | None = None
    """Counter: of these, found in the prefix cache."""
    output_tokens: float | None = None
    finished: float | None = None
    preemptions: float | None = None
    steps: float | None = None
    drafts: float | None = None
    draft_tokens: float | None = None
    accepted_tokens: float | None = None
    first_token: LatencyTotals | None = None
    per_token: LatencyTotals | None = None
    request_pace: LatencyTotals | None = None
    """Mean time per token of each request that ended, where the engine tells it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnginePod:
    """One engine pod."""

    name: str
    revision: str
    phase: EnginePodPhase
    since: float
    """When its engine's container started; before that, when it was made."""
    ready_at: float | None = None
    """When it was first ready."""
    image_wait: float = 0.0
    """Seconds on its node before its engine's container started: image, volumes, init containers."""
    figures: EngineFigures | None = None
    """The last ones that were believed, whatever their age."""
    doubt: SampleProblem | None = None
    """Why the last look brought none."""
    because: str = ""
    """That doubt in the words of whoever looked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterFigures:
    """What one router said of itself at one moment."""

    at: float
    asked: float
    """Counter: requests that came to be admitted."""
    prompt_tokens: float
    """Counter: tokens of their prompts, estimated on arrival."""
    waiting: float = 0.0
    """Requests that wait here and are in a hurry: the lanes interactive and long."""
    batch_waiting: float = 0.0
    """Requests that fill idle capacity: they never grow a fleet."""
    held: float = 0.0
    """Of all that wait, those for whom no replica is there."""
    oldest_seconds: float = 0.0
    """How long the one in a hurry has waited that waits longest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterPod:
    """One router pod."""

    name: str
    figures: RouterFigures | None = None
    doubt: SampleProblem | None = None
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaSpeed:
    """How fast one replica is: the coefficients of a step, and what it has room for."""

    step_seconds: float
    """A decode step with an empty batch: weights read once."""
    seconds_per_sequence: float
    """Added to it by each running request."""
    seconds_per_prompt_token: float
    """Computing one prompt token that no cache holds."""
    kv_tokens: float | None = None
    max_sequences: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceleratorOption:
    """Another accelerator that the deployment could run on: for advice, never for a decision."""

    product: str
    count: int
    """GPUs a replica."""
    speed: ReplicaSpeed
    price_per_hour: float
    """Of a replica."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingFacts:
    """All that one decision looks at, beside its memory."""

    revision: str
    """The one that is wanted."""
    bounds: ReplicaBounds
    policy: ScalingPolicy
    wanted: int
    """Replicas asked for so far."""
    pods: tuple[EnginePod, ...] = ()
    """Engine pods of all revisions."""
    routers: tuple[RouterPod, ...] = ()
    room: int | None = None
    """How many more replicas the nodes could take now; nothing: nobody knows, or nodes come when pods ask."""
    room_because: str = ""
    price_per_hour: float | None = None
    """Of one replica."""
    assumed: ReplicaSpeed | None = None
    """By the data sheet, until it was measured."""
    speculates: bool = False
    """Whether the wanted revision guesses ahead."""
    sleeps: bool = False
    """Whether its engines can be put to sleep."""
    options: tuple[AcceleratorOption, ...] = ()
