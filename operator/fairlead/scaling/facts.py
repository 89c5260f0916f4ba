"""The facts of one deployment at one moment: pods, routers, bounds, policy. Values only.

Times are seconds since the epoch; counters start with their pod. `None` means that a figure is not reported, never
zero: a signal that confuses the two shrinks a busy fleet. Every number is finite, so that a record of it reads back the
same.

Types built for each pod at each decision are read-only only to the type checker: a backtest builds 50 such values for
each (bench.backtest_speed).
"""

from dataclasses import dataclass
from enum import StrEnum

from fairlead.fleet.draft_cost import DraftLookup
from fairlead.fleet.light_dataclass import light
from fairlead.fleet.policies import ReplicaBounds, ScalingPolicy


class EnginePodPhase(StrEnum):
    """The phase of an engine pod."""

    PENDING = "pending"
    """It has no node yet, and may get one."""
    PULLING = "pulling"
    """On a node that is still pulling its image: its cold start has not begun."""
    UNPLACEABLE = "unplaceable"
    """The scheduler finds no node for it: it supplies nothing, and neither would more replicas of its kind."""
    STARTING = "starting"
    """On a node, starting its engine."""
    READY = "ready"
    """Routers send requests to it."""
    HUNG = "hung"
    """Ready by its probe but without progress, or ejected by routers: it costs money and serves nothing."""
    ASLEEP = "asleep"
    """Its weights are off the GPU; it wakes within seconds."""
    DRAINING = "draining"
    """It finishes its requests and accepts no more."""
    DEAD = "dead"
    """It failed, or its node is lost."""


class SampleProblem(StrEnum):
    """Why a scrape of a pod gave no valid figures."""

    NO_ANSWER = "NoAnswer"
    UNREADABLE = "Unreadable"
    """Not a number, negative or out of range, a broken line, or another program's page."""
    STALE = "Stale"
    """The last figures are older than the policy allows."""
    FROZEN = "Frozen"
    """It has requests, but none of its counters moves."""
    RESET = "Reset"
    """A counter went down: the engine restarted inside its pod, so there is no earlier value to subtract."""
    CONTRADICTORY = "Contradictory"
    """Its figures cannot all be true, for instance more accepted tokens than drafted ones."""


@light
class LatencyTotals:
    """Durations since the pod's start; the difference of two samples describes the time between them."""

    count: float
    total: float
    """Sum in seconds."""
    kept: float | None = None
    """How many met the policy's objective, if there is one."""


@light
class EngineFigures:
    """One scrape of an engine pod, as figures."""

    at: float
    running: float | None = None
    waiting: float | None = None
    kv_usage: float | None = None
    """Share of the KV cache in use, 0 to 1."""
    kv_tokens: float | None = None
    """Tokens that the KV cache can hold."""
    prompt_tokens: float | None = None
    """Counter: tokens of prompts whose first token was generated, including cached ones."""
    cached_tokens: float | None = None
    """Counter: how many of them were found in the prefix cache."""
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
    """Mean time per token of each finished request, if the engine reports it."""


@light
class EnginePod:
    """One engine pod."""

    name: str
    revision: str
    phase: EnginePodPhase
    since: float
    """When its engine's container started; before that, when the pod was created."""
    ready_at: float | None = None
    """When it was first ready."""
    start_seen: bool = True
    """Whether its start was observed; if not, `ready_at` may be the end of a later pause instead."""
    image_wait: float = 0.0
    """Seconds on its node before its engine's container started: image, volumes, init containers."""
    figures: EngineFigures | None = None
    """The last valid figures, whatever their age."""
    problem: SampleProblem | None = None
    """Why the last scrape gave no figures."""
    because: str = ""
    """The source's own description of that problem."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterFigures:
    """One scrape of a router, as figures."""

    at: float
    arrivals: float
    """Counter: requests that arrived at admission, without the batch lane."""
    prompt_tokens: float
    """Counter: their prompt tokens, estimated on arrival."""
    batch_arrivals: float = 0.0
    """Counter: requests that arrived in the batch lane. They use idle capacity and never grow a fleet, but one that
    gets them is not idle."""
    waiting: float = 0.0
    """Waiting requests in the interactive and long lanes."""
    batch_waiting: float = 0.0
    """Waiting requests in the batch lane."""
    held: float = 0.0
    """How many of all waiting requests are held because no replica is ready."""
    oldest_seconds: float = 0.0
    """How long the oldest request in the interactive and long lanes has waited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterPod:
    """One router pod."""

    name: str
    figures: RouterFigures | None = None
    problem: SampleProblem | None = None
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaSpeed:
    """How fast one replica is: the coefficients of a step, and how many tokens and sequences it holds."""

    step_seconds: float
    """A decode step with an empty batch: the time to read the weights once."""
    seconds_per_sequence: float
    """Time that each running request adds to a step."""
    seconds_per_prompt_token: float
    """Time to compute one prompt token that no cache holds."""
    kv_tokens: float | None = None
    max_sequences: float | None = None

    def of_ranks(self, ranks: int) -> "ReplicaSpeed":
        """Return the speed of a replica of data-parallel ranks that are each this fast.

        Ranks work side by side: what is added to a replica's load is added to one of them.
        """
        return ReplicaSpeed(
            step_seconds=self.step_seconds,
            seconds_per_sequence=self.seconds_per_sequence / ranks,
            seconds_per_prompt_token=self.seconds_per_prompt_token / ranks,
            kv_tokens=None if self.kv_tokens is None else self.kv_tokens * ranks,
            max_sequences=None if self.max_sequences is None else self.max_sequences * ranks,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceleratorOption:
    """Another accelerator that the deployment could run on: for advice, never for a decision."""

    product: str
    count: int
    """GPUs per replica."""
    speed: ReplicaSpeed
    price_per_hour: float
    """Price of one replica."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingFacts:
    """All the facts of one decision, apart from its memory."""

    revision: str
    """The target revision."""
    bounds: ReplicaBounds
    policy: ScalingPolicy
    wanted: int
    """Replicas recommended or set so far."""
    pods: tuple[EnginePod, ...] = ()
    """Engine pods of all revisions."""
    routers: tuple[RouterPod, ...] = ()
    room: int | None = None
    """How many more replicas the nodes could take now; None if unknown, or if new nodes come for pending pods."""
    room_because: str = ""
    price_per_hour: float | None = None
    """Price of one replica."""
    assumed: ReplicaSpeed | None = None
    """Speed from the data sheet, until it is measured."""
    speculates: bool = False
    """Whether the target uses speculative decoding."""
    draft_lookup: DraftLookup | None = None
    """What a step takes longer if drafts are looked up in the requests' own tokens instead of drafted by a model."""
    draft_pass_seconds: float = 0.0
    """Least time that a draft model takes for each token, whatever its weights."""
    sleeps: bool = False
    """Whether its engines can be put to sleep."""
    options: tuple[AcceleratorOption, ...] = ()
