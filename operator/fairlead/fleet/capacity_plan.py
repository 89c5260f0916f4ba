"""A capacity plan: latency objectives, the configuration that meets them, its cost, and why others were rejected."""

from dataclasses import dataclass
from enum import StrEnum
from math import inf

from fairlead.fleet.desired_state import Parallelism
from fairlead.fleet.quantization import KvFormat, WeightFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyObjectives:
    """Latencies that 95 of 100 requests must meet; an objective of None does not count."""

    ttft_p95_s: float | None = None
    tpot_p95_s: float | None = None


class SupplyBound(StrEnum):
    """What limits the load of one replica."""

    TIME_PER_TOKEN = "timePerToken"
    FIRST_TOKEN = "firstToken"
    CACHE = "cache"
    BATCH = "batch"


class PlanReason(StrEnum):
    """Why a configuration is not proposed."""

    DOES_NOT_FIT = "DoesNotFit"
    ENGINE_REFUSES = "EngineRefuses"
    MISSES_OBJECTIVE = "MissesObjective"
    NO_PRICE = "NoPrice"
    NO_RATES = "NoRates"
    COSTS_MORE = "CostsMore"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaSupply:
    """The load that one replica can serve within the objectives, and the latencies that clients then see."""

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
        """The configuration for messages: `2 x NVIDIA-L4, weights fp8PerTensor`."""
        cache = "" if self.kv is KvFormat.AUTO else f", {self.kv.value} cache"
        return f"{self.parallelism.gpus} x {self.product}, weights {self.weights.value}{cache}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetProposal:
    """A fleet that meets the objectives in the busiest minute."""

    configuration: ServingConfiguration
    supply: ReplicaSupply
    replicas: int
    cost_per_hour: float
    cost_per_thousand_tokens: float
    arithmetic: tuple[str, ...]
    """How each number was computed, one sentence each, so that a reader can check it by hand."""
    at_best: bool = False
    """Whether its supply takes all of the roofline, since at the usual part a single request misses an objective."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoneRequest:
    """The latencies of a request that is alone on its replica: no fleet of the configuration has shorter ones."""

    ttft_p95_s: float
    tpot_s: float

    def excess(self, objectives: LatencyObjectives) -> float:
        """Return how many times as long as an objective allows it takes."""
        pace = self.tpot_s / (objectives.tpot_p95_s or inf)
        return max(pace, self.ttft_p95_s / (objectives.ttft_p95_s or inf))


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedConfiguration:
    """A configuration that was not chosen, and why."""

    configuration: ServingConfiguration
    reason: PlanReason
    because: str
    proposal: FleetProposal | None = None
    """The fleet that it would take, if the configuration would have worked, or might at all of the roofline."""
    memory_share: float | None = None
    """If it does not fit: what is needed before any KV cache, over what the engine may use; None without such sizes."""
    alone: LoneRequest | None = None
    """If even this misses an objective."""
    alone_at_best: LoneRequest | None = None
    """The same at all of the roofline: what misses an objective even so is not simulated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityPlan:
    """The cheapest configuration that works, the next two, and all others with their reasons."""

    best: FleetProposal | None
    runners_up: tuple[RejectedConfiguration, ...]
    others: tuple[RejectedConfiguration, ...]
