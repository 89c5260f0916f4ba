"""A fleet on paper: what is promised to users, what would keep the promise, what it costs, and why not another."""

from dataclasses import dataclass
from enum import StrEnum

from fairlead.fleet.desired_state import Parallelism
from fairlead.fleet.quantization import KvFormat, WeightFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyObjectives:
    """What 95 of 100 requests must see; an absent objective binds nothing."""

    ttft_p95_s: float | None = None
    tpot_p95_s: float | None = None


class SupplyBound(StrEnum):
    """What keeps one replica from serving more."""

    TIME_PER_TOKEN = "timePerToken"
    FIRST_TOKEN = "firstToken"
    CACHE = "cache"
    BATCH = "batch"


class PlanReason(StrEnum):
    """Why a configuration is not proposed."""

    DOES_NOT_FIT = "DoesNotFit"
    MISSES_OBJECTIVE = "MissesObjective"
    NO_PRICE = "NoPrice"
    NO_RATES = "NoRates"
    COSTS_MORE = "CostsMore"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaSupply:
    """What one replica can serve within the objectives, and what it then looks like from outside."""

    concurrent: int
    requests_per_second: float
    tpot_s: float
    ttft_p95_s: float
    bound: SupplyBound


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingConfiguration:
    """One way to serve the model."""

    product: str
    weights: WeightFormat
    kv: KvFormat
    parallelism: Parallelism
    context: int

    @property
    def words(self) -> str:
        """`2 x NVIDIA-L4, fp8PerTensor`, as a person says it."""
        cache = "" if self.kv is KvFormat.AUTO else f", {self.kv.value} cache"
        return f"{self.parallelism.gpus} x {self.product}, weights {self.weights.value}{cache}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetProposal:
    """A fleet that keeps the objectives in the busiest minute."""

    configuration: ServingConfiguration
    supply: ReplicaSupply
    replicas: int
    cost_per_hour: float
    cost_per_thousand_tokens: float
    arithmetic: tuple[str, ...]
    """How each number came about, a sentence each, so that anyone can check it by hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedConfiguration:
    """A configuration that lost, and to what."""

    configuration: ServingConfiguration
    reason: PlanReason
    because: str
    proposal: FleetProposal | None = None
    """What it would have been, where it would have worked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityPlan:
    """The answer: the cheapest that works, the next two, and everything else with its reason."""

    best: FleetProposal | None
    runners_up: tuple[RejectedConfiguration, ...]
    others: tuple[RejectedConfiguration, ...]
