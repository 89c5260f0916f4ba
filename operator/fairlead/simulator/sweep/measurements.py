"""What a sweep measures of one engine, and what it found: values that a file keeps."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.plurals import count


class EngineVariant(StrEnum):
    """The ways in which the engine is started, in the order in which they are measured."""

    AS_GIVEN = "asGiven"
    """The user's own command."""
    NGRAM = "ngram"
    """With speculation by n-gram, looked up by the host."""
    NGRAM_GPU = "ngramGpu"
    """With n-grams looked up by the GPU."""
    DRAFT = "draftModel"
    """With speculation by a draft model."""
    FP8 = "fp8"
    """With weights quantized to FP8 at the start."""
    KV_FP8 = "kvFp8"
    """With a KV cache in FP8."""
    GRAPHS = "graphs"
    """With CUDA graphs of steps that read longer prompts, too."""
    BFLOAT16 = "bfloat16"
    SLEEP = "sleep"
    """With sleep mode."""


class SweepWork(StrEnum):
    """What the steps of a measurement do."""

    DECODE = "decode"
    PREFILL = "prefill"
    """Prompts alone, one after the other."""
    MIXED = "mixed"
    """Prompts, one after the other, while others decode."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepPoint:
    """One thing to measure."""

    variant: EngineVariant = EngineVariant.AS_GIVEN
    work: SweepWork
    batch: int = 0
    """Requests that decode."""
    context: int = 0
    """Tokens of the prompt of each of them."""
    prompt: int = 0
    """Tokens of each prompt that is read meanwhile, or alone."""

    @property
    def tokens(self) -> int:
        """Tokens of the KV cache that its prompts take."""
        return self.batch * self.context + self.prompt

    @property
    def words(self) -> str:
        """As a line of progress has it."""
        beside = f"{self.batch} decoding at {self.context:,}"
        text = {
            SweepWork.DECODE: beside,
            SweepWork.PREFILL: f"a prompt of {self.prompt:,}",
            SweepWork.MIXED: f"prompts of {self.prompt:,} beside {beside}",
        }[self.work]
        return text if self.variant is EngineVariant.AS_GIVEN else f"{self.variant}: {text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepMeasurement:
    """What was seen at one point, by the engine's own clock."""

    point: SweepPoint
    seconds: float
    """Of all steps together."""
    steps: float
    """Steps of those that decode; without any, those of the prompts."""
    decode_tokens: float = 0.0
    """Tokens that a step computes for them, drafts included: the mean."""
    attended: float = 0.0
    """Tokens of context that a step attends to for them, all together: the mean."""
    prompts: int = 0
    """Prompts read in these steps."""

    @property
    def words(self) -> str:
        """As a line of progress has it."""
        unit = "prompt" if self.point.work is SweepWork.PREFILL else "step"
        return f"{self.point.words}: {1e3 * self.seconds / self.steps:.2f} ms a {unit}, {count(self.steps, unit)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class KvCapacity:
    """What the engine says of its KV cache."""

    tokens: int
    blocks: int
    block_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineColdStart:
    """One start, from the process to the first answer of its health check."""

    variant: EngineVariant
    kept: bool
    """Whether the caches of an earlier start of this sweep were there."""
    seconds: float
    phases: Mapping[str, float] = field(default_factory=dict)
    """Seconds by phase, as the engine's log tells them; empty where it does not."""
    graphs_gib: float | None = None
    """Memory of CUDA graphs, where the log has it."""
    capacity: KvCapacity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SleepMeasurement:
    """One sleep of an engine and its waking."""

    asleep_s: float
    awake_s: float
    freed_gib: float | None = None
    left_gib: float | None = None
    """Memory that stays in use while it sleeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedWork:
    """What was not measured, and why."""

    what: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SweptDeployment:
    """What was measured: figures of one deployment are not used for another."""

    kind: EngineKind = EngineKind.VLLM
    model: str
    product: str
    tensor: int
    pipeline: int
    weights: str
    """The format of weights: `none` is that of the checkpoint."""
    dtype: str
    context: int
    sequences: int
    batch_tokens: int
    engine: str
    """The engine and its version."""
    command: tuple[str, ...]
    """The engine's own command as it was given, after the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepRecord:
    """The content of the file."""

    deployment: SweptDeployment
    steps: tuple[StepMeasurement, ...] = ()
    starts: tuple[EngineColdStart, ...] = ()
    sleeps: tuple[SleepMeasurement, ...] = ()
    skipped: tuple[SkippedWork, ...] = ()

    @property
    def capacity(self) -> KvCapacity | None:
        """The KV cache of the command as it was given."""
        own = (one.capacity for one in self.starts if one.variant is EngineVariant.AS_GIVEN)
        return next((one for one in own if one is not None), None)
