"""Whether a configuration fits: how much memory it takes, how certain that is, why not, and the nearest that fits."""

from dataclasses import dataclass
from enum import StrEnum

from fairlead.fleet.desired_state import Parallelism
from fairlead.fleet.quantization import KvFormat, WeightFormat


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its uncertainty: 19 of 20 measured values should lie between low and high."""

    low: float
    likely: float
    high: float

    @classmethod
    def exact(cls, value: float) -> "Estimate":
        """A value without uncertainty."""
        return cls(value, value, value)

    def times(self, factor: float) -> "Estimate":
        """Multiply by a factor, which is never negative."""
        return Estimate(self.low * factor, self.likely * factor, self.high * factor)

    def minus(self, other: "Estimate") -> "Estimate":
        """Subtract; the low end subtracts the other's high end."""
        return Estimate(self.low - other.high, self.likely - other.likely, self.high - other.low)

    def wider(self, error: float) -> "Estimate":
        """Widen both sides by this error; the likely value stays."""
        return Estimate(self.low - error, self.likely, self.high + error)


class MemoryTerm(StrEnum):
    """What takes memory on a GPU."""

    WEIGHTS = "weights"
    DRAFT = "draft"
    ADAPTERS = "adapters"
    ACTIVATIONS = "activations"
    GRAPHS = "graphs"
    FRAMEWORK = "framework"
    """Memory outside the tensors: the driver's context, library work space, and buffers between GPUs."""
    KV = "kv"

    @property
    def takes(self) -> str:
        """The term with its verb, for messages."""
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
    """Whether the engine starts and holds the context and sequences that the spec asks for."""

    FITS = "fits"
    TIGHT = "tight"
    """Likely or possibly, but not certainly: the need lies between the low and the high estimate."""
    NO = "no"
    UNKNOWN = "unknown"


class FitCheck(StrEnum):
    """What becomes of a configuration that does not fit by the estimate."""

    ENFORCE = "Enforce"
    """It is refused."""
    WARN = "Warn"
    """It starts with a warning: its author has seen it run."""


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
    """One change to the spec's configuration, the smallest first."""

    SMALLER_CONTEXT = "smallerContext"
    FEWER_SEQUENCES = "fewerSequences"
    FP8_CACHE = "fp8Cache"
    QUANTIZED_WEIGHTS = "quantizedWeights"
    """Quantized while loading."""
    OTHER_CHECKPOINT = "otherCheckpoint"
    """The same model, stored in four bits."""
    MORE_MEMORY = "moreMemory"
    """On a processor, where memory is a field of the spec."""
    MORE_GPUS = "moreGpus"
    OTHER_PRODUCT = "otherProduct"


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryBreakdown:
    """Bytes on the fullest GPU, by what takes them."""

    budget: Estimate
    """What the engine may use: its share of the memory visible to it."""
    weights: Estimate
    draft: Estimate
    adapters: Estimate
    activations: Estimate
    graphs: Estimate
    framework: Estimate
    kv: Estimate
    """What is left for keys and values: refuse by low, plan with likely."""
    offloaded: float = 0.0
    """Bytes of weights that the whole replica keeps in main memory instead of on its GPUs."""
    host_cache: float = 0.0
    """Bytes of main memory that the whole replica keeps blocks of its KV cache in, beside its GPUs."""

    def by_name(self) -> dict[MemoryTerm, Estimate]:
        """Return all terms by name."""
        return {term: getattr(self, term.value) for term in MemoryTerm}

    @property
    def largest(self) -> MemoryTerm:
        """The term worth reducing first; the KV cache does not count, as it takes what is left."""
        taken = {term: estimate.likely for term, estimate in self.by_name().items() if term is not MemoryTerm.KV}
        return max(taken, key=lambda term: taken[term])


@dataclass(frozen=True, slots=True, kw_only=True)
class FitAlternative:
    """A near configuration that was sized by the same arithmetic and fits."""

    change: ConfigurationChange
    words: str
    """What to change, as a sentence."""
    context: int
    sequences: int
    weights: WeightFormat
    kv: KvFormat
    parallelism: Parallelism
    product: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """The engine starts, certainly or likely, and holds this much."""

    verdict: FitVerdict
    reason: FitReason
    because: str
    memory: MemoryBreakdown
    kv_tokens: Estimate
    """Its concurrency times the context that the spec asks for, as the engine prints it; vLLM since 0.20.1."""
    sequences: Estimate
    """Requests that run at once, each with the whole context that the spec asks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoFit:
    """The engine does not start, or cannot hold the context and sequences that the spec asks for."""

    reason: FitReason
    because: str
    memory: MemoryBreakdown | None
    """None if the reason has nothing to do with memory."""
    alternatives: tuple[FitAlternative, ...] = ()

    @property
    def verdict(self) -> FitVerdict:
        """An unknown architecture is reported as unknown, not as no."""
        return FitVerdict.UNKNOWN if self.reason is FitReason.ARCHITECTURE_UNKNOWN else FitVerdict.NO
