"""What a sweep measures of one engine, and its results: values that a file keeps."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.plurals import count
from fairlead.fleet.sweeps import EngineVariant, KvCapacity, SkippedWork


class SweepWork(StrEnum):
    """What the steps of a measurement do."""

    DECODE = "decode"
    PREFILL = "prefill"
    """Prompts alone, one after another."""
    MIXED = "mixed"
    """Prompts, one after another, while other requests decode."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepPoint:
    """One point to measure."""

    variant: EngineVariant = EngineVariant.AS_GIVEN
    work: SweepWork
    batch: int = 0
    """Requests that decode."""
    context: int = 0
    """Prompt tokens of each of them."""
    prompt: int = 0
    """Tokens of each prompt that is prefilled meanwhile, or alone."""

    @property
    def tokens(self) -> int:
        """KV cache tokens that its prompts take."""
        return self.batch * self.context + self.prompt

    @property
    def words(self) -> str:
        """The point for a progress line."""
        beside = f"{self.batch} decoding at {self.context:,}"
        text = {
            SweepWork.DECODE: beside,
            SweepWork.PREFILL: f"a prompt of {self.prompt:,}",
            SweepWork.MIXED: f"prompts of {self.prompt:,} beside {beside}",
        }[self.work]
        return text if self.variant is EngineVariant.AS_GIVEN else f"{self.variant}: {text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepMeasurement:
    """The measurement at one point, by the engine's own clock."""

    point: SweepPoint
    seconds: float
    """Total of all steps."""
    steps: float
    """Steps of the decoding requests; without any, of the prompts."""
    decode_tokens: float = 0.0
    """Tokens that a step computes for decoding requests, drafts included: the mean."""
    attended: float = 0.0
    """Context tokens that a step attends to for decoding requests, in total: the mean."""
    prompts: int = 0
    """Prompts prefilled in these steps."""

    @property
    def words(self) -> str:
        """The measurement for a progress line."""
        unit = "prompt" if self.point.work is SweepWork.PREFILL else "step"
        return f"{self.point.words}: {1e3 * self.seconds / self.steps:.2f} ms a {unit}, {count(self.steps, unit)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineColdStart:
    """One start, from the process to the first success of its health check."""

    variant: EngineVariant
    kept: bool
    """Whether the caches of an earlier start of this sweep were present."""
    seconds: float
    phases: Mapping[str, float] = field(default_factory=dict)
    """Seconds by phase, from the engine's log; empty if it has none."""
    graphs_gib: float | None = None
    """Memory of CUDA graphs, if the log has it."""
    capacity: KvCapacity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SleepMeasurement:
    """One sleep and wake-up of an engine."""

    asleep_s: float
    awake_s: float
    freed_gib: float | None = None
    left_gib: float | None = None
    """Memory that stays in use during sleep."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweptDeployment:
    """The deployment that was measured: its figures are not used for another."""

    kind: EngineKind = EngineKind.VLLM
    """The first sweeps name no kind: vLLM was the only one that could be swept."""
    model: str
    product: str
    tensor: int
    pipeline: int
    weights: str
    """The format of weights; `none`: the checkpoint's own."""
    dtype: str
    context: int
    sequences: int
    batch_tokens: int
    engine: str
    """The engine and its version."""
    command: tuple[str, ...]
    """The engine's own command as given, after the model."""


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
        """The KV cache of the command as given."""
        own = (one.capacity for one in self.starts if one.variant is EngineVariant.AS_GIVEN)
        return next((one for one in own if one is not None), None)
