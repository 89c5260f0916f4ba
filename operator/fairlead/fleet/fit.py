"""Answers to "does it fit": how much, how sure, why not, and what nearest to it would."""

from dataclasses import dataclass
from enum import StrEnum

from fairlead.fleet.quantization import KvFormat, WeightFormat
from fairlead.fleet.wanted import Parallelism


@dataclass(frozen=True, slots=True)
class Span:
    """A figure with its doubt: nineteen of twenty measured values should lie between low and high."""

    low: float
    likely: float
    high: float

    @classmethod
    def exact(cls, value: float) -> "Span":
        """A figure without doubt."""
        return cls(value, value, value)

    def times(self, factor: float) -> "Span":
        """The multiple; factors are never negative."""
        return Span(self.low * factor, self.likely * factor, self.high * factor)

    def minus(self, other: "Span") -> "Span":
        """The rest after something was taken: the most taken leaves the least."""
        return Span(self.low - other.high, self.likely - other.likely, self.high - other.low)


class Term(StrEnum):
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
            case Term.DRAFT:
                return "the draft model takes"
            case Term.FRAMEWORK:
                return "the framework takes"
            case Term.KV:
                return "the KV cache takes"
            case _:
                return f"the {self.value} take"


class Verdict(StrEnum):
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


class Change(StrEnum):
    """One step away from what was asked, the smallest first."""

    SMALLER_CONTEXT = "smallerContext"
    FEWER_SEQUENCES = "fewerSequences"
    FP8_CACHE = "fp8Cache"
    QUANTIZED_WEIGHTS = "quantizedWeights"
    MORE_GPUS = "moreGpus"
    OTHER_PRODUCT = "otherProduct"


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Bytes on the fullest GPU, by what takes them."""

    budget: Span
    """What the engine may use: its share of the memory it sees."""
    weights: Span
    draft: Span
    adapters: Span
    activations: Span
    graphs: Span
    framework: Span
    kv: Span
    """What is left for keys and values."""

    def by_name(self) -> dict[Term, Span]:
        """All terms."""
        return {term: getattr(self, term.value) for term in Term}

    @property
    def largest(self) -> Term:
        """The term to attack first, the cache aside."""
        taken = {term: span.likely for term, span in self.by_name().items() if term is not Term.KV}
        return max(taken, key=lambda term: taken[term])


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceilings:
    """What the hardware forbids to exceed; an engine reaches a part of it. The likely value is the usual part."""

    decode_tokens_per_second: Span
    """All requests together, one replica."""
    prefill_tokens_per_second: Span
    milliseconds_per_token: Span
    first_token_milliseconds: Span
    """One prompt of the asked context, nothing else running."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """A near configuration that was sized by the same arithmetic and fits."""

    change: Change
    words: str
    """What to change, for a person."""
    verdict: Verdict
    context: int
    sequences: int
    weights: WeightFormat
    kv: KvFormat
    parallelism: Parallelism
    product: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """The engine starts, surely or likely, and this is what it holds."""

    verdict: Verdict
    reason: FitReason
    because: str
    memory: Memory
    kv_tokens: Span
    """As the engine prints it: its concurrency times the asked context."""
    sequences: Span
    """Requests of the whole asked context that run at once."""
    ceilings: Ceilings | None
    """Absent where the product's rates were not collected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotFitting:
    """The engine does not start, or cannot hold what was asked."""

    reason: FitReason
    because: str
    memory: Memory | None
    """Absent where the refusal needs no bytes."""
    alternatives: tuple[Alternative, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Unknown is not no."""
        return Verdict.UNKNOWN if self.reason is FitReason.ARCHITECTURE_UNKNOWN else Verdict.NO
