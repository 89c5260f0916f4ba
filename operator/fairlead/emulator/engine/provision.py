"""What the emulated GPU gives the engine: KV blocks, batch limits, step times, by the arithmetic of `fairlead plan`.

A model or GPU that the catalogue lacks gets a stand-in, which is logged. What the real engine would refuse at its start
raises `CannotStart` with its message. Reads no files: the catalogue is an argument.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from fairlead.emulator import dialects
from fairlead.emulator.dialect import EngineDialect
from fairlead.emulator.emulation_knobs import EmulationKnobs
from fairlead.emulator.engine import draft_schedule, speculative_config, step_time_choice, swept_engine
from fairlead.emulator.engine.start_failure import CannotStart
from fairlead.emulator.engine.step_time_choice import ServedDeployment
from fairlead.emulator.packaged_data import PackagedData
from fairlead.emulator.serve_arguments import ServeArguments
from fairlead.fleet.accelerators import Accelerator
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.fit import Fit
from fairlead.fleet.quantization import Dtype
from fairlead.fleet.shapes import ModelShape
from fairlead.simulator.engine.batch import StepTimes
from fairlead.simulator.engine.settings import EngineSettings, SpeculationSettings
from fairlead.simulator.sweep.measurements import SweepRecord
from fairlead.sizing import assessment, kv_pages, links
from fairlead.sizing.catalogue import Catalogue
from fairlead.sizing.sizing_input import GIB, SizingInput

__all__ = ["CannotStart", "EmulatedMachine", "EngineProvision", "provide", "question_of"]

STAND_IN_MODEL: Final = "Qwen/Qwen3-0.6B"
"""vLLM's default model; also the shape for a model that the catalogue lacks."""
STAND_IN_PRODUCTS: Final = ("NVIDIA-L4", "NVIDIA-H100-80GB-HBM3", "NVIDIA-B300-SXM6-AC")
"""For an unknown GPU: the first of these on which the model fits, else the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineProvision:
    """Everything from which an engine is built."""

    served: ServeArguments
    """The arguments, with context, vocabulary and modalities filled in from the model."""
    settings: EngineSettings
    times: StepTimes
    engines: int
    """Ranks in this process: data-parallel ones, or those of attention."""
    cache: Mapping[str, str]
    """What the metrics page says about the cache's layout."""
    notes: tuple[str, ...]
    """Lines for the log: stand-ins, and the source of the step times."""

    @property
    def dialect(self) -> EngineDialect:
        """What this kind of engine does or says differently."""
        return dialects.of(self.served)

    @property
    def log(self) -> tuple[str, ...]:
        """Our lines, then the lines of the engine's log that tools parse."""
        return (*self.notes, *self.dialect.start.log(self.settings))


@dataclass(frozen=True, slots=True)
class EmulatedMachine:
    """The GPUs that the engine emulates."""

    product: str
    gpus: int


def provide(
    served: ServeArguments, machine: EmulatedMachine, pretence: EmulationKnobs, packaged: PackagedData
) -> EngineProvision:
    """Size the engine, or raise `CannotStart`."""
    notes: list[str] = []
    rules = dialects.of(served).start
    rules.check(served, machine.gpus)
    measured = _measured_kind(packaged, served)
    if measured is not served.kind:
        raise CannotStart(f"ValueError: (simulated) --step-times: the file was measured on {measured}; leave it out")
    if isinstance(packaged.calibrated, SweepRecord):
        served = swept_engine.arguments(served, packaged.calibrated)
    shape = _shape(served, pretence, packaged.catalogue, notes)
    capacity = rules.capacity(served, _on_a_gpu(served, machine, shape, packaged.catalogue, notes))
    notes += capacity.notes
    question = capacity.question
    settings = _settings(served, pretence, question, capacity.blocks)
    notes += _of_host_tier(served, settings, question)
    return EngineProvision(
        served=replace(
            served,
            context_tokens=question.context,
            pool_tokens=(settings.blocks - 1) * settings.block_tokens,
            vocabulary=shape.vocab,
            multimodal=bool(shape.vision),
        ),
        settings=settings,
        times=_times(pretence, ServedDeployment(served, machine.product, question), packaged, notes),
        engines=question.ranks,
        cache=rules.cache_facts(served, settings, question),
        notes=tuple(notes),
    )


def _measured_kind(packaged: PackagedData, served: ServeArguments) -> EngineKind:
    """Return the kind whose step times these are; a calibration from counters alone is always vLLM's."""
    if packaged.calibrated is None:
        return served.kind
    return packaged.calibrated.deployment.kind if isinstance(packaged.calibrated, SweepRecord) else EngineKind.VLLM


def _on_a_gpu(
    served: ServeArguments, machine: EmulatedMachine, shape: ModelShape, catalogue: Catalogue, notes: list[str]
) -> SizingInput:
    """Size for its GPU; for an unknown one, for the first stand-in on which the model fits."""
    found = catalogue.accelerators.get(machine.product)
    if found is not None:
        return question_of(served, shape, found, catalogue)
    tried = [question_of(served, shape, catalogue.accelerators[product], catalogue) for product in STAND_IN_PRODUCTS]
    fitting = (one for one in tried if isinstance(assessment.assess(one), Fit))
    question = next(fitting, tried[-1])
    name = machine.product or "not named"
    notes.append(f"WARNING (simulated) GPU {name}: taken for {question.accelerator.product}")
    return question


def _shape(served: ServeArguments, pretence: EmulationKnobs, catalogue: Catalogue, notes: list[str]) -> ModelShape:
    """Return the model's shape; a stand-in takes any requested context."""
    for name in (pretence.shape or served.model, served.model):
        if name in catalogue.shapes:
            return catalogue.shapes[name]
    notes.append(f"WARNING (simulated) model {pretence.shape or served.model}: taken for {STAND_IN_MODEL}")
    found = catalogue.shapes[STAND_IN_MODEL]
    return replace(found, positions=max(found.positions, served.limits.context or 0))


def question_of(
    served: ServeArguments, shape: ModelShape, accelerator: Accelerator, catalogue: Catalogue
) -> SizingInput:
    """The same input as `fairlead plan` for this configuration."""
    flags, limits = served.memory, served.limits
    rules = dialects.of(served).start
    weights, kv = rules.formats(served, shape)
    question = SizingInput(
        release=rules.memory,
        shape=shape,
        accelerator=accelerator,
        context=limits.context or shape.positions,
        parallelism=flags.parallelism,
        expert_parallel=flags.expert_parallel,
        attention_ranks=flags.attention_ranks,
        offload=flags.offload,
        host_cache_bytes=flags.host_cache.replica_bytes,
        weights=weights,
        kv=kv,
        dtype=next((dtype for dtype in Dtype if dtype == flags.dtype), Dtype.AUTO),
        max_sequences=limits.max_sequences,
        max_batched_tokens=limits.batch_tokens,
        utilization=flags.utilization,
        eager=flags.eager,
        graph_tokens=limits.graph_tokens,
        drafting=speculative_config.drafting(served, shape, catalogue.shapes, on_cpu=accelerator.is_cpu),
        adapters=(limits.adapter_rank,) * limits.adapter_slots,
    )
    if not flags.throughput_mode:
        return question
    sequences = limits.max_sequences or replace(question, max_batched_tokens=2**30).batch_sequences * 2
    return replace(
        question, max_sequences=sequences, max_batched_tokens=limits.batch_tokens or question.batch_tokens * 2
    )


def _settings(served: ServeArguments, pretence: EmulationKnobs, question: SizingInput, blocks: int) -> EngineSettings:
    limits = served.limits
    guesses = _speculation(limits.speculation, question, pretence)
    most = min(question.batch_sequences, limits.max_active or question.batch_sequences)
    host_blocks, load_s = _host_tier(served, question, blocks)
    return EngineSettings(
        blocks=blocks,
        block_tokens=limits.block_tokens,
        batch_tokens=max(1, question.batch_tokens // question.attention_ranks),
        max_sequences=most,
        context_tokens=question.context,
        prefix_caching=limits.prefix_caching,
        chunked_prefill=limits.chunked_prefill,
        long_prefill_tokens=limits.long_prefill_tokens,
        reserve_whole_prompt=limits.reserve_whole_prompt,
        watermark=limits.watermark,
        policy=limits.policy,
        max_unfinished=limits.max_unfinished,
        max_backlog_tokens=limits.max_backlog_tokens,
        adapter_slots=limits.adapter_slots,
        speculation=guesses,
        late_stop=limits.asynchronous,
        host_blocks=host_blocks,
        load_s=load_s,
    )


def _host_tier(served: ServeArguments, question: SizingInput, blocks: int) -> tuple[int, float]:
    """Return the blocks of a rank in main memory, and the seconds in which one is loaded, by each GPU its own part.

    Blocks that are moved there instead of copied are as many more as the GPUs hold.
    """
    kept = served.memory.host_cache
    each = kept.replica_bytes / question.parallelism.gpus
    held = kv_pages.tokens(question, each) // served.limits.block_tokens
    if not held:
        return 0, 0.0
    return held + (0 if kept.copies else blocks), each / held / links.PCIE.bytes_per_second


def _of_host_tier(served: ServeArguments, settings: EngineSettings, question: SizingInput) -> tuple[str, ...]:
    """Say what the blocks in main memory are worth and cost, as far as it is assumed."""
    if not settings.host_blocks:
        return ()
    held = settings.host_blocks - (0 if served.memory.host_cache.copies else settings.blocks)
    size = f"{question.host_cache_bytes / GIB:.1f} GiB of main memory hold {held} blocks of each rank"
    speed = f"{links.PCIE.bytes_per_second / 1e9:g} GB/s to each GPU, which is assumed"
    return (f"INFO (simulated) {size}; they are loaded at {speed}, before the step that needs them",)


def _speculation(
    config: Mapping[str, Any] | None, question: SizingInput, pretence: EmulationKnobs
) -> SpeculationSettings | None:
    """Data-parallel ranks would draft different numbers of tokens, so there vLLM drafts the same number at every
    load."""
    if config is not None and question.parallelism.data > 1:
        config = {name: value for name, value in config.items() if name != draft_schedule.FIELD}
    try:
        return speculative_config.speculation(config, question.drafting, pretence.acceptance)
    except ValueError as problem:
        raise CannotStart(f"ValueError: {problem}") from problem


def _times(
    pretence: EmulationKnobs, deployment: ServedDeployment, packaged: PackagedData, notes: list[str]
) -> StepTimes:
    if pretence.pace is not None:
        notes.append("INFO (simulated) step times: fixed by FAIRLEAD_ENGINE_TTFT_MS and FAIRLEAD_ENGINE_TPOT_MS")
        return pretence.pace
    try:
        times = step_time_choice.of(deployment, packaged)
    except ValueError as problem:
        raise CannotStart(f"ValueError: (simulated) {problem}") from problem
    notes.append(f"INFO (simulated) {times.provenance.line()}")
    return times
