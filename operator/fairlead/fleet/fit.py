"""Answers to "does it fit": how much, how sure, why not, and what nearest to it would."""

from dataclasses import dataclass
from enum import StrEnum

from fairlead.fleet.desired_state import Parallelism
from fairlead.fleet.quantization import KvFormat, WeightFormat


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its doubt: nineteen of twenty measured values should lie between low and high."""

    low: float
    likely: float
    high: float

    @classmethod
    def exact(cls, value: float) -> "Estimate":
        """A figure without doubt."""
        return cls(value, value, value)

    def times(self, factor: float) -> "Estimate":
        """The multiple; factors are never negative."""
        return Estimate(self.low * factor, self.likely * factor, self.high * factor)

    def minus(self, other: "Estimate") -> "Estimate":
        """The rest after something was taken: the most taken leaves the least."""
        return Estimate(self.low - other.high, self.likely - other.likely, self.high - other.low)


class MemoryTerm(StrEnum):
    """What takes memory on a GPU."""

    WEIGHTS = "weights"
    DRAFT = "draft"
    ADAPTERS = "adapters"
    ACTIVATIONS = "activations"
    GRAPHS = "graphs"
    FRAMEWORK = "framework"
    """The driver's context, library work space, and buffers between GPUs: outside the tensors."""
    KV = "kv"

    @property
    def takes(self) -> str:
        """With its verb, as a sentence has it."""
        match self:
            case MemoryTerm.DRAFT:
                return "the draft model takes"
            case MemoryTerm.FRAMEWORK:
                return "the framework takes"
            case MemoryTerm.KV:
                return "the KV cache takes"
            case _:
                return f"the {self.value} take"


class FitVerdict(StrEnum):
    """Whether the engine starts and holds what was asked."""

    FITS = "fits"
    TIGHT = "tight"
    """Likely or possibly, and not surely: the need lies between the low and the high estimate."""
    NO = "no"
    UNKNOWN = "unknown"


class FitReason(StrEnum):
    """Why the verdict is what it is."""

    ROOM_ENOUGH = "RoomEnough"
    WITHIN_DOUBT = "WithinDoubt"
    WEIGHTS_EXCEED_MEMORY = "WeightsExceedMemory"
    CONTEXT_EXCEEDS_CACHE = "ContextExceedsCache"
    SEQUENCES_EXCEED_CACHE = "SequencesExceedCache"
    CONTEXT_EXCEEDS_MODEL = "ContextExceedsModel"
    STATES_FEWER_THAN_SEQUENCES = "StatesFewerThanSequences"
    """A recurrent model captures graphs only if every sequence of the batch has a state of its own."""
    HEADS_NOT_DIVISIBLE = "HeadsNotDivisible"
    ARCHITECTURE_UNKNOWN = "ArchitectureUnknown"


class ConfigurationChange(StrEnum):
    """One step away from what was asked, the smallest first."""

    SMALLER_CONTEXT = "smallerContext"
    FEWER_SEQUENCES = "fewerSequences"
    FP8_CACHE = "fp8Cache"
    QUANTIZED_WEIGHTS = "quantizedWeights"
    MORE_GPUS = "moreGpus"
    OTHER_PRODUCT = "otherProduct"


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryBreakdown:
    """Bytes on the fullest GPU, by what takes them."""

    budget: Estimate
    """What the engine may use: its share of the memory it sees."""
    weights: Estimate
    draft: Estimate
    adapters: Estimate
    activations: Estimate
    graphs: Estimate
    framework: Estimate
    kv: Estimate
    """What is left for keys and values."""

    def by_name(self) -> dict[MemoryTerm, Estimate]:
        """All terms."""
        return {term: getattr(self, term.value) for term in MemoryTerm}

    @property
    def largest(self) -> MemoryTerm:
        """The term to attack first, the cache aside."""
        taken = {term: span.likely for term, span in self.by_name().items() if term is not MemoryTerm.KV}
        return max(taken, key=lambda term: taken[term])


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedCeilings:
    """What the hardware forbids to exceed; an engine reaches a part of it. The likely value is the usual part."""

    decode_tokens_per_second: Estimate
    """All requests together, one replica."""
    prefill_tokens_per_second: Estimate
    milliseconds_per_token: Estimate
    first_token_milliseconds: Estimate
    """One prompt of the asked context, nothing else running."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FitAlternative:
    """A near configuration that was sized by the same arithmetic and fits."""

    change: ConfigurationChange
    words: str
    """What to change, for a person."""
    verdict: FitVerdict
    context: int
    sequences: int
    weights: WeightFormat
    kv: KvFormat
    parallelism: Parallelism
    product: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """The engine starts, surely or likely, and this is what it holds."""

    verdict: FitVerdict
    reason: FitReason
    because: str
    memory: MemoryBreakdown
    kv_tokens: Estimate
    """As the engine prints it: its concurrency times the asked context."""
    sequences: Estimate
    """Requests of the whole asked context that run at once."""
    ceilings: SpeedCeilings | None
    """Absent where the product's rates were not collected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoFit:
    """The engine does not start, or cannot hold what was asked."""

    reason: FitReason
    because: str
    memory: MemoryBreakdown | None
    """Absent where the refusal needs no bytes."""
    alternatives: tuple[FitAlternative, ...] = ()

    @property
    def verdict(self) -> FitVerdict:
        """Unknown is not no."""
        return FitVerdict.UNKNOWN if self.reason is FitReason.ARCHITECTURE_UNKNOWN else FitVerdict.NO
