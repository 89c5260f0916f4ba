"""What the emulated GPU gives the engine: KV blocks, batch limits, step times, by the arithmetic of `fairlead plan`.

A model or GPU that the catalogue lacks gets a stand-in, which is logged. What vLLM would refuse at its start raises
`CannotStart` in vLLM's words. Reads no file: the catalogue is an argument.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from fairlead.emulator.emulation_knobs import EmulationKnobs
from fairlead.emulator.engine import cache_labels, speculative_config, step_time_choice, swept_engine
from fairlead.emulator.engine.step_time_choice import ServedDeployment
from fairlead.emulator.packaged_data import PackagedData
from fairlead.emulator.serve_arguments import ServeArguments
from fairlead.engines.vllm import formats, parsers
from fairlead.engines.vllm.memory import CURRENT
from fairlead.fleet.accelerators import Accelerator
from fairlead.fleet.fit import Fit, FitReason, NoFit
from fairlead.fleet.quantization import Dtype, KvFormat, WeightFormat
from fairlead.fleet.shapes import ModelShape
from fairlead.simulator.engine.batch import StepTimes
from fairlead.simulator.engine.settings import EngineSettings, SpeculationSettings
from fairlead.simulator.sweep.measurements import SweepRecord
from fairlead.sizing import assessment, kv_pages, memory
from fairlead.sizing.catalogue import Catalogue
from fairlead.sizing.sizing_input import GIB, SizingInput

STAND_IN_MODEL: Final = "Qwen/Qwen3-0.6B"
"""vLLM's default model; also the shape for a model that the catalogue lacks."""
STAND_IN_PRODUCTS: Final = ("NVIDIA-L4", "NVIDIA-H100-80GB-HBM3", "NVIDIA-B300-SXM6-AC")
"""For an unknown GPU: the first of these on which the model fits, else the last."""
_CONCURRENCY_LINE: Final = "Maximum concurrency for {:,} tokens per request: {:.2f}x"


class CannotStart(Exception):
    """The start fails as vLLM's would, with exit code 1; the text is its last line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineProvision:
    """Everything that an engine is made from."""

    served: ServeArguments
    """The arguments, with context, vocabulary and modalities filled in from the model."""
    settings: EngineSettings
    times: StepTimes
    engines: int
    """Data-parallel ranks in this process."""
    cache: Mapping[str, str]
    """Labels of `cache_config_info`."""
    notes: tuple[str, ...]
    """Lines for the log: stand-ins, and where the step times come from."""

    @property
    def log(self) -> tuple[str, ...]:
        """Our lines, then the lines of vLLM's log that tools parse."""
        tokens = self.settings.blocks * self.settings.block_tokens
        context = self.settings.context_tokens
        return (
            *self.notes,
            f"INFO Using max model len {context}",
            f"INFO GPU KV cache size: {tokens:,} tokens, {_CONCURRENCY_LINE.format(context, tokens / context)}",
        )


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
    _check_parsers(served)
    if isinstance(packaged.calibrated, SweepRecord):
        served = swept_engine.arguments(served, packaged.calibrated)
    shape = _shape(served, pretence, packaged.catalogue, notes)
    _enough_gpus(served, machine)
    question = _on_a_gpu(served, machine, shape, packaged.catalogue, notes)
    question, blocks = _blocks(served, question)
    settings = _settings(served, pretence, question, blocks)
    return EngineProvision(
        served=replace(served, context_tokens=question.context, vocabulary=shape.vocab, multimodal=bool(shape.vision)),
        settings=settings,
        times=_times(pretence, ServedDeployment(served, machine.product, question), packaged, notes),
        engines=served.memory.parallelism.data,
        cache=cache_labels.labels(served, settings, question),
        notes=tuple(notes),
    )


def _on_a_gpu(
    served: ServeArguments, machine: EmulatedMachine, shape: ModelShape, catalogue: Catalogue, notes: list[str]
) -> SizingInput:
    """The sizing input for its GPU; for an unknown GPU, the first stand-in on which the model fits."""
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
    """The model's shape; a stand-in takes any context that the arguments ask for."""
    for name in (pretence.shape or served.model, served.model):
        if name in catalogue.shapes:
            return catalogue.shapes[name]
    notes.append(f"WARNING (simulated) model {pretence.shape or served.model}: taken for {STAND_IN_MODEL}")
    found = catalogue.shapes[STAND_IN_MODEL]
    return replace(found, positions=max(found.positions, served.limits.context or 0))


def _check_parsers(served: ServeArguments) -> None:
    """Refuse unknown parsers at the start, as vLLM does before it opens a port."""
    answering = served.answering
    if answering.auto_tool_choice and answering.tool_parser is None:
        raise CannotStart("TypeError: Error: --enable-auto-tool-choice requires --tool-call-parser")
    if answering.parser_plugins:
        return
    if answering.auto_tool_choice and answering.tool_parser not in parsers.TOOLS:
        raise CannotStart(_no_parser("tool call", answering.tool_parser, parsers.TOOLS))
    if answering.reasoning_parser and answering.reasoning_parser not in parsers.REASONING:
        raise CannotStart(_no_parser("reasoning", answering.reasoning_parser, parsers.REASONING))


def _no_parser(what: str, name: str | None, accepted: Sequence[str]) -> str:
    return f"KeyError: 'invalid {what} parser: {name} (chose from {{ {','.join(accepted)} }})'"


def _enough_gpus(served: ServeArguments, machine: EmulatedMachine) -> None:
    world = served.memory.parallelism.gpus
    if world > machine.gpus:
        raise CannotStart(
            f"ValueError: World size ({world}) is larger than the number of available GPUs ({machine.gpus}) in this "
            "node. If this is intentional and you are using: - ray, set '--distributed-executor-backend ray'."
        )


def question_of(
    served: ServeArguments, shape: ModelShape, accelerator: Accelerator, catalogue: Catalogue
) -> SizingInput:
    """The sizing input that `fairlead plan` would make for the same configuration."""
    flags, limits = served.memory, served.limits
    question = SizingInput(
        release=CURRENT,
        shape=shape,
        accelerator=accelerator,
        context=limits.context or shape.positions,
        parallelism=flags.parallelism,
        expert_parallel=flags.expert_parallel,
        weights=_weights(flags.quantization, shape),
        kv=next((kv for kv, flag in formats.KV.items() if flag == flags.cache_dtype), KvFormat.AUTO),
        dtype=next((dtype for dtype in Dtype if dtype == flags.dtype), Dtype.AUTO),
        max_sequences=limits.max_sequences,
        max_batched_tokens=limits.batch_tokens,
        utilization=flags.utilization,
        eager=flags.eager,
        drafting=speculative_config.drafting(limits.speculation, shape, catalogue.shapes),
        adapters=(limits.adapter_rank,) * limits.adapter_slots,
    )
    if not flags.throughput_mode:
        return question
    sequences = limits.max_sequences or replace(question, max_batched_tokens=2**30).batch_sequences * 2
    return replace(
        question, max_sequences=sequences, max_batched_tokens=limits.batch_tokens or question.batch_tokens * 2
    )


def _weights(flag: str | None, shape: ModelShape) -> WeightFormat | None:
    """The format to quantize to; none for a checkpoint that is already quantized, whose own format counts."""
    if flag is None or shape.stored.format is not WeightFormat.NONE:
        return None
    return next((stored for stored, row in formats.WEIGHTS.items() if row.flag == flag), None)


def _blocks(served: ServeArguments, question: SizingInput) -> tuple[SizingInput, int]:
    """Blocks of the KV cache, the null block included; `--max-model-len auto` shrinks the context until it fits."""
    page = served.limits.block_tokens
    flags = served.memory
    if flags.blocks is not None:
        return question, flags.blocks
    available = float(flags.cache_bytes) if flags.cache_bytes is not None else _free_cache_bytes(question)
    tokens = kv_pages.tokens(question, available)
    if tokens < question.context and served.limits.context_fits:
        question = replace(question, context=max(page, (tokens // page - 1) * page))
    if tokens < question.context:
        raise CannotStart(_too_small(question, available, tokens))
    if flags.cache_bytes is not None:
        return question, tokens // page
    return question, max(tokens // page, -(-question.context // page) + 1)


def _free_cache_bytes(question: SizingInput) -> float:
    """KV cache bytes: the likely figure, or up to the high one where a full context needs it, since vLLM may start."""
    verdict = assessment.assess(question)
    if isinstance(verdict, NoFit) and verdict.reason not in _CACHE_ALONE:
        raise CannotStart(_refused(verdict, question))
    left = memory.memory(question).kv
    if left.high <= 0:
        raise CannotStart("ValueError: No available memory for the cache blocks.")
    needed = kv_pages.pages_a_request(question, question.context) * kv_pages.pool(question).page_bytes
    return max(left.likely, min(left.high, needed))


_CACHE_ALONE: Final = frozenset({FitReason.CONTEXT_EXCEEDS_CACHE, FitReason.SEQUENCES_EXCEED_CACHE})


def _refused(verdict: NoFit, question: SizingInput) -> str:
    shape = question.shape
    match verdict.reason:
        case FitReason.CONTEXT_EXCEEDS_MODEL:
            return (
                f"ValueError: User-specified max_model_len ({question.context}) is greater than the derived "
                f"max_model_len (max_position_embeddings={shape.positions})."
            )
        case FitReason.HEADS_NOT_DIVISIBLE:
            return (
                f"ValueError: Total number of attention heads ({shape.heads}) must be divisible by tensor parallel "
                f"size ({question.parallelism.tensor})."
            )
        case _:
            return f"torch.OutOfMemoryError: CUDA out of memory. (simulated: {verdict.because})"


def _too_small(question: SizingInput, available: float, tokens: int) -> str:
    needed = kv_pages.pages_a_request(question, question.context) * kv_pages.pool(question).page_bytes
    return (
        f"ValueError: To serve at least one request with the model's max seq len ({question.context}), "
        f"({needed / GIB:.2f} GiB KV cache is needed, which is larger than the available KV cache memory "
        f"({available / GIB:.2f} GiB). Based on the available memory, the estimated maximum model length is {tokens}."
    )


def _settings(served: ServeArguments, pretence: EmulationKnobs, question: SizingInput, blocks: int) -> EngineSettings:
    limits = served.limits
    guesses: SpeculationSettings | None = speculative_config.speculation(
        limits.speculation, question.drafting, pretence.acceptance
    )
    most = min(question.batch_sequences, limits.max_active or question.batch_sequences)
    return EngineSettings(
        blocks=blocks,
        block_tokens=limits.block_tokens,
        batch_tokens=question.batch_tokens,
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
    )


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
