"""vLLM 0.32 from its command line to an open port: what it refuses, and the size of its KV cache."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from fairlead.emulator.dialect import KvCapacity
from fairlead.emulator.engine.start_failure import CannotStart
from fairlead.emulator.serve_arguments import ServeArguments
from fairlead.emulator.vllm import cache_labels
from fairlead.engines.vllm import formats, parsers
from fairlead.engines.vllm.memory import CURRENT
from fairlead.fleet.fit import FitReason, NoFit
from fairlead.fleet.quantization import KvFormat, WeightFormat
from fairlead.fleet.shapes import ModelShape
from fairlead.simulator.engine.settings import EngineSettings
from fairlead.sizing import assessment, kv_pages, memory
from fairlead.sizing.sizing_input import GIB, SizingInput

_CONCURRENCY_LINE: Final = "Maximum concurrency for {:,} tokens per request: {:.2f}x"
_CACHE_ALONE: Final = frozenset({FitReason.CONTEXT_EXCEEDS_CACHE, FitReason.SEQUENCES_EXCEED_CACHE})


class VllmStart:
    """Implements `StartRules` for vLLM."""

    memory = CURRENT
    keeps_blocks = True

    def check(self, serve_arguments: ServeArguments, gpus: int) -> None:
        """Refuse unknown parsers, as vLLM does before it opens a port, and more GPUs than there are."""
        _check_parsers(serve_arguments)
        world = serve_arguments.memory.parallelism.gpus
        if world > gpus:
            raise CannotStart(
                f"ValueError: World size ({world}) is larger than the number of available GPUs ({gpus}) in this "
                "node. If this is intentional and you are using: - ray, set '--distributed-executor-backend ray'."
            )

    def formats(self, serve_arguments: ServeArguments, shape: ModelShape) -> tuple[WeightFormat | None, KvFormat]:
        """Return no quantization for a checkpoint that is already quantized: its own format counts."""
        flags = serve_arguments.memory
        kv = next((kv for kv, flag in formats.KV.items() if flag == flags.cache_dtype), KvFormat.AUTO)
        if flags.quantization is None or shape.stored.format is not WeightFormat.NONE:
            return None, kv
        found = (stored for stored, row in formats.WEIGHTS.items() if row.flag == flags.quantization)
        return next(found, None), kv

    def capacity(self, serve_arguments: ServeArguments, sizing: SizingInput) -> KvCapacity:
        """Count blocks, including the null block; `--max-model-len auto` shrinks the context until it fits."""
        page = serve_arguments.limits.block_tokens
        flags = serve_arguments.memory
        if flags.blocks is not None:
            return KvCapacity(sizing, flags.blocks)
        available = float(flags.cache_bytes) if flags.cache_bytes is not None else _free_cache_bytes(sizing)
        tokens = kv_pages.tokens(sizing, available)
        if tokens < sizing.context and serve_arguments.limits.context_fits:
            sizing = replace(sizing, context=max(page, (tokens // page - 1) * page))
        if tokens < sizing.context:
            raise CannotStart(_too_small(sizing, available, tokens))
        if flags.cache_bytes is not None:
            return KvCapacity(sizing, tokens // page)
        return KvCapacity(sizing, max(tokens // page, -(-sizing.context // page) + 1))

    def cache_facts(
        self, serve_arguments: ServeArguments, settings: EngineSettings, sizing: SizingInput
    ) -> Mapping[str, str]:
        """Return the labels of `vllm:cache_config_info`."""
        return cache_labels.labels(serve_arguments, settings, sizing)

    def log(self, settings: EngineSettings) -> tuple[str, ...]:
        """Return the lines of vLLM's log that tools parse."""
        tokens = settings.blocks * settings.block_tokens
        context = settings.context_tokens
        return (
            f"INFO Using max model len {context}",
            f"INFO GPU KV cache size: {tokens:,} tokens, {_CONCURRENCY_LINE.format(context, tokens / context)}",
        )

    def listening(self, serve_arguments: ServeArguments) -> tuple[str, ...]:
        """Return its last lines before it serves."""
        return (
            f"INFO Starting vLLM server on http://{serve_arguments.host}:{serve_arguments.port} (simulated)",
            "INFO Application startup complete.",
        )


def _check_parsers(serve_arguments: ServeArguments) -> None:
    answering = serve_arguments.answering
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


def _free_cache_bytes(sizing: SizingInput) -> float:
    """Return the likely KV cache bytes, or up to the high estimate if a full context needs it, since vLLM may start."""
    verdict = assessment.assess(sizing)
    if isinstance(verdict, NoFit) and verdict.reason not in _CACHE_ALONE:
        raise CannotStart(_refused(verdict, sizing))
    left = memory.memory(sizing).kv
    if left.high <= 0:
        raise CannotStart("ValueError: No available memory for the cache blocks.")
    needed = kv_pages.pages_a_request(sizing, sizing.context) * kv_pages.pool(sizing).page_bytes
    return max(left.likely, min(left.high, needed))


def _refused(verdict: NoFit, sizing: SizingInput) -> str:
    shape = sizing.shape
    match verdict.reason:
        case FitReason.CONTEXT_EXCEEDS_MODEL:
            return (
                f"ValueError: User-specified max_model_len ({sizing.context}) is greater than the derived "
                f"max_model_len (max_position_embeddings={shape.positions})."
            )
        case FitReason.HEADS_NOT_DIVISIBLE if shape.heads % sizing.parallelism.tensor == 0:
            return f"AssertionError: (simulated: {verdict.because})"
        case FitReason.HEADS_NOT_DIVISIBLE:
            return (
                f"ValueError: Total number of attention heads ({shape.heads}) must be divisible by tensor parallel "
                f"size ({sizing.parallelism.tensor})."
            )
        case _:
            return f"torch.OutOfMemoryError: CUDA out of memory. (simulated: {verdict.because})"


def _too_small(sizing: SizingInput, available: float, tokens: int) -> str:
    needed = kv_pages.pages_a_request(sizing, sizing.context) * kv_pages.pool(sizing).page_bytes
    return (
        f"ValueError: To serve at least one request with the model's max seq len ({sizing.context}), "
        f"({needed / GIB:.2f} GiB KV cache is needed, which is larger than the available KV cache memory "
        f"({available / GIB:.2f} GiB). Based on the available memory, the estimated maximum model length is {tokens}."
    )
