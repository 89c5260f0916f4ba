"""SGLang 0.5.23 from its command line to an open port: what it refuses, and the size of its KV cache."""

from collections.abc import Mapping
from typing import Final

from fairlead.emulator.dialect import KvCapacity
from fairlead.emulator.engine.start_failure import CannotStart
from fairlead.emulator.serve_arguments import ServeArguments
from fairlead.emulator.sglang.argument_checks import INDIVISIBLE
from fairlead.engines.sglang import formats
from fairlead.engines.sglang.memory import MEMORY
from fairlead.fleet.fit import FitReason, NoFit
from fairlead.fleet.plurals import count
from fairlead.fleet.quantization import KvFormat, WeightFormat
from fairlead.fleet.shapes import ModelShape
from fairlead.simulator.engine.settings import EngineSettings
from fairlead.sizing import assessment, kv_pages, memory
from fairlead.sizing.sizing_input import SizingInput

DIED: Final = "RuntimeError: Rank 0 scheduler died during initialization (exit code: 1)."
NO_ROOM: Final = "Loaded weights leave no GPU memory for the KV cache under --mem-fraction-static"
_CACHE_ALONE: Final = frozenset({FitReason.CONTEXT_EXCEEDS_CACHE, FitReason.SEQUENCES_EXCEED_CACHE})
"""SGLang starts if the longest request does not fit into its cache, and only warns: `srt/managers/tp_worker.py`."""


class SglangStart:
    """Implements `StartRules` for SGLang."""

    memory = MEMORY
    keeps_blocks = False

    def check(self, serve_arguments: ServeArguments, gpus: int) -> None:
        """Refuse more processes than GPUs: each one takes a GPU by its number."""
        parallelism, world = serve_arguments.memory.parallelism, serve_arguments.memory.parallelism.gpus
        if min(parallelism.tensor, parallelism.pipeline, parallelism.data) < 1:
            raise CannotStart(f"{DIED} (simulated: a degree of parallelism below 1)")
        if world > gpus:
            raise CannotStart(
                f"{DIED} (simulated: CUDA error: invalid device ordinal; {count(world, 'GPU')} wanted, {gpus} here)"
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
        """Return what its memory share leaves beside the weights, or fewer tokens if a flag says so."""
        _refuse_flags(serve_arguments, sizing)
        verdict = assessment.assess(sizing)
        if isinstance(verdict, NoFit) and verdict.reason not in _CACHE_ALONE:
            raise CannotStart(_refused(verdict, sizing))
        tokens = kv_pages.tokens(sizing, _cache_bytes(sizing))
        if serve_arguments.memory.most_tokens is not None:
            tokens = min(tokens, serve_arguments.memory.most_tokens)
        page = serve_arguments.limits.block_tokens
        if tokens < page:
            raise CannotStart("RuntimeError: Not enough memory. Please try to increase --mem-fraction-static.")
        few = f"WARNING KV pool holds {tokens} tokens, fewer than --context-length {sizing.context}."
        return KvCapacity(sizing, tokens // page + 1, (few,) if tokens < sizing.context else ())

    def cache_facts(
        self,
        serve_arguments: ServeArguments,
        settings: EngineSettings,  # noqa: ARG002 - interface
        sizing: SizingInput,  # noqa: ARG002 - interface
    ) -> Mapping[str, str]:
        """Its pages have one token unless a flag says otherwise, whatever the emulation's blocks are."""
        return {"page_size": str(serve_arguments.limits.block_tokens if serve_arguments.limits.block_size_set else 1)}

    def log(self, settings: EngineSettings) -> tuple[str, ...]:
        """Return the log line with the size of the cache."""
        size = (
            f"max_total_num_tokens={(settings.blocks - 1) * settings.block_tokens}, "
            f"chunked_prefill_size={settings.batch_tokens}, max_running_requests={settings.max_sequences}, "
            f"context_len={settings.context_tokens} (simulated)"
        )
        return (size,)

    def listening(self, serve_arguments: ServeArguments) -> tuple[str, ...]:
        """Return its last lines before it serves."""
        return (
            f"Uvicorn running on http://{serve_arguments.host}:{serve_arguments.port} (simulated)",
            "The server is fired up and ready to roll!",
        )


def _refuse_flags(serve_arguments: ServeArguments, sizing: SizingInput) -> None:
    """Refuse what shows only beside a GPU: pages that do not divide its own size of chunks, a share of nothing or of
    more than there is."""
    share, limits = serve_arguments.memory.utilization, serve_arguments.limits
    if limits.block_size_set and sizing.batch_tokens // sizing.attention_ranks % limits.block_tokens:
        raise CannotStart(INDIVISIBLE)
    if share is not None and share <= 0:
        raise CannotStart(f"ValueError: {NO_ROOM}={share:g}.")
    if share is not None and share >= 1:
        left = f"(simulated: --mem-fraction-static={share:g} leaves nothing for activations)"
        raise CannotStart(f"torch.OutOfMemoryError: CUDA out of memory. {left}")


def _cache_bytes(sizing: SizingInput) -> float:
    """Return the likely bytes, or up to the high estimate if a full context needs it, since it may well start."""
    left = memory.memory(sizing).kv
    needed = kv_pages.pages_a_request(sizing, sizing.context) * kv_pages.pool(sizing).page_bytes
    return max(0.0, left.likely, min(left.high, needed))


def _refused(verdict: NoFit, sizing: SizingInput) -> str:
    if verdict.reason is FitReason.CONTEXT_EXCEEDS_MODEL:
        return (
            f"ValueError: Warning: User-specified context_length ({sizing.context}) is greater than the derived "
            f"context_length ({sizing.shape.positions})."
        )
    if verdict.reason is FitReason.HEADS_NOT_DIVISIBLE:
        return f"{DIED} (simulated: AssertionError; {sizing.shape.heads} heads)"
    return f"ValueError: {NO_ROOM}={sizing.share}. (simulated: {verdict.because})"
