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
from fairlead.engines.vllm import prompt_items
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
from fairlead.sizing.sizing_input import GIB, SizingInput, without_windows

__all__ = ["CannotStart", "EmulatedMachine", "EngineProvision", "provide", "question_of"]

STAND_IN_MODEL: Final = "Qwen/Qwen3-0.6B"
"""vLLM's default model; also the shape for a model that the catalogue lacks."""
STAND_IN_PRODUCTS: Final = ("NVIDIA-L4", "NVIDIA-H100-80GB-HBM3", "NVIDIA-B300-SXM6-AC")
"""For an unknown GPU: the first of these on which the model fits, else the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineProvision:
    """Everything from which an engine is built."""

    serve_arguments: ServeArguments
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
        return dialects.of(self.serve_arguments)

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
    serve_arguments: ServeArguments, machine: EmulatedMachine, knobs: EmulationKnobs, packaged: PackagedData
) -> EngineProvision:
    """Size the engine, or raise `CannotStart`."""
    notes: list[str] = []
    rules = dialects.of(serve_arguments).start
    rules.check(serve_arguments, machine.gpus)
    measured = _measured_kind(packaged, serve_arguments)
    if measured is not serve_arguments.kind:
        raise CannotStart(f"ValueError: (simulated) --step-times: the file was measured on {measured}; leave it out")
    if isinstance(packaged.calibrated, SweepRecord):
        serve_arguments = swept_engine.arguments(serve_arguments, packaged.calibrated)
    shape = _shape(serve_arguments, knobs, packaged.catalogue, notes)
    capacity = rules.capacity(serve_arguments, _on_a_gpu(serve_arguments, machine, shape, packaged.catalogue, notes))
    notes += capacity.notes
    sizing = capacity.sizing
    settings = _settings(serve_arguments, knobs, sizing, capacity.blocks)
    notes += _of_host_tier(serve_arguments, settings, sizing)
    return EngineProvision(
        serve_arguments=replace(
            serve_arguments,
            context_tokens=sizing.context,
            pool_tokens=(settings.blocks - 1) * settings.block_tokens,
            vocabulary=shape.vocab,
            multimodal=bool(shape.vision),
        ),
        settings=settings,
        times=_times(knobs, ServedDeployment(serve_arguments, machine.product, sizing), packaged, notes),
        engines=sizing.ranks,
        cache=rules.cache_facts(serve_arguments, settings, sizing),
        notes=tuple(notes),
    )


def _measured_kind(packaged: PackagedData, serve_arguments: ServeArguments) -> EngineKind:
    """Return the kind whose step times these are; a calibration from counters alone is always vLLM's."""
    if packaged.calibrated is None:
        return serve_arguments.kind
    return packaged.calibrated.deployment.kind if isinstance(packaged.calibrated, SweepRecord) else EngineKind.VLLM


def _on_a_gpu(
    serve_arguments: ServeArguments, machine: EmulatedMachine, shape: ModelShape, catalogue: Catalogue, notes: list[str]
) -> SizingInput:
    """Size for its GPU; for an unknown one, for the first stand-in on which the model fits."""
    found = catalogue.accelerators.get(machine.product)
    if found is not None:
        return question_of(serve_arguments, shape, found, catalogue)
    tried = [
        question_of(serve_arguments, shape, catalogue.accelerators[product], catalogue) for product in STAND_IN_PRODUCTS
    ]
    fitting = (one for one in tried if isinstance(assessment.assess(one), Fit))
    sizing = next(fitting, tried[-1])
    name = machine.product or "not named"
    notes.append(f"WARNING (simulated) GPU {name}: taken for {sizing.accelerator.product}")
    return sizing


def _shape(
    serve_arguments: ServeArguments, knobs: EmulationKnobs, catalogue: Catalogue, notes: list[str]
) -> ModelShape:
    """Return the model's shape; a stand-in takes any requested context."""
    for name in (knobs.shape or serve_arguments.model, serve_arguments.model):
        if name in catalogue.shapes:
            return catalogue.shapes[name]
    notes.append(f"WARNING (simulated) model {knobs.shape or serve_arguments.model}: taken for {STAND_IN_MODEL}")
    shape = catalogue.shapes[STAND_IN_MODEL]
    return replace(shape, positions=max(shape.positions, serve_arguments.limits.context or 0))


def question_of(
    serve_arguments: ServeArguments, shape: ModelShape, accelerator: Accelerator, catalogue: Catalogue
) -> SizingInput:
    """The same input as `fairlead plan` for this configuration."""
    flags, limits = serve_arguments.memory, serve_arguments.limits
    rules = dialects.of(serve_arguments).start
    weights, kv = rules.formats(serve_arguments, shape)
    return SizingInput(
        release=rules.memory,
        shape=shape if flags.windows else without_windows(shape),
        accelerator=accelerator,
        context=limits.context or shape.positions,
        parallelism=flags.parallelism,
        expert_parallel=flags.expert_parallel,
        redundant_experts=flags.redundant_experts,
        moves_experts=flags.moves_experts,
        attention_ranks=flags.attention_ranks,
        context_ranks=flags.context_ranks,
        images=not serve_arguments.answering.language_only,
        prompt_images=prompt_items.of_family(serve_arguments.answering.prompt_items, shape.family),
        offload=flags.offload,
        host_cache_bytes=flags.host_cache.replica_bytes,
        weights=weights,
        kv=kv,
        dtype=next((dtype for dtype in Dtype if dtype == flags.dtype), Dtype.AUTO),
        max_sequences=limits.max_sequences,
        max_batched_tokens=limits.batch_tokens,
        batch_factor=limits.batch_factor,
        whole_prompts=limits.whole_prompts,
        utilization=flags.utilization,
        eager=flags.eager,
        graph_tokens=limits.graph_tokens,
        caches_states=flags.caches_states,
        drafting=speculative_config.drafting(serve_arguments, shape, catalogue.shapes, on_cpu=accelerator.is_cpu),
        adapters=(limits.adapter_rank,) * limits.adapter_slots,
        adapter_modules=flags.adapter_modules,
        adapter_experts=flags.adapter_experts,
    )


def _settings(
    serve_arguments: ServeArguments, knobs: EmulationKnobs, sizing: SizingInput, blocks: int
) -> EngineSettings:
    limits = serve_arguments.limits
    guesses = _speculation(limits.speculation, sizing, knobs)
    most = min(sizing.batch_sequences, limits.max_active or sizing.batch_sequences)
    host_blocks, load_s = _host_tier(serve_arguments, sizing, blocks)
    return EngineSettings(
        blocks=blocks,
        block_tokens=limits.block_tokens,
        batch_tokens=max(1, sizing.batch_tokens // sizing.attention_ranks),
        max_sequences=most,
        context_tokens=sizing.context,
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


def _host_tier(serve_arguments: ServeArguments, sizing: SizingInput, blocks: int) -> tuple[int, float]:
    """Return the blocks of a rank in main memory, and the seconds in which one is loaded, by each GPU its own part.

    Blocks that are moved there instead of copied are as many more as the GPUs hold.
    """
    host_cache = serve_arguments.memory.host_cache
    each = host_cache.replica_bytes / sizing.parallelism.gpus
    held = kv_pages.tokens(sizing, each) // serve_arguments.limits.block_tokens
    if not held:
        return 0, 0.0
    return held + (0 if host_cache.copies else blocks), each / held / links.PCIE.bytes_per_second


def _of_host_tier(serve_arguments: ServeArguments, settings: EngineSettings, sizing: SizingInput) -> tuple[str, ...]:
    """Say what the blocks in main memory are worth and cost, as far as it is assumed."""
    if not settings.host_blocks:
        return ()
    held = settings.host_blocks - (0 if serve_arguments.memory.host_cache.copies else settings.blocks)
    size = f"{sizing.host_cache_bytes / GIB:.1f} GiB of main memory hold {held} blocks of each rank"
    speed = f"{links.PCIE.bytes_per_second / 1e9:g} GB/s to each GPU, which is assumed"
    return (f"INFO (simulated) {size}; they are loaded at {speed}, before the step that needs them",)


def _speculation(
    config: Mapping[str, Any] | None, sizing: SizingInput, knobs: EmulationKnobs
) -> SpeculationSettings | None:
    """Data-parallel ranks would draft different numbers of tokens, so there vLLM drafts the same number at every
    load."""
    if config is not None and sizing.parallelism.data > 1:
        config = {name: value for name, value in config.items() if name != draft_schedule.FIELD}
    try:
        return speculative_config.speculation(config, sizing.drafting, knobs.acceptance)
    except ValueError as problem:
        raise CannotStart(f"ValueError: {problem}") from problem


def _times(knobs: EmulationKnobs, deployment: ServedDeployment, packaged: PackagedData, notes: list[str]) -> StepTimes:
    if knobs.pace is not None:
        notes.append("INFO (simulated) step times: fixed by FAIRLEAD_ENGINE_TTFT_MS and FAIRLEAD_ENGINE_TPOT_MS")
        return knobs.pace
    try:
        times = step_time_choice.of(deployment, packaged)
    except ValueError as problem:
        raise CannotStart(f"ValueError: (simulated) {problem}") from problem
    notes.append(f"INFO (simulated) {times.provenance.line()}")
    return times
