"""TensorRT-LLM from its command line to its first response: what ends it, and the size of its KV cache."""

from collections.abc import Mapping
from typing import Final

from fairlead.emulator.dialect import KvCapacity
from fairlead.emulator.engine.start_failure import CannotStart
from fairlead.emulator.serve_arguments import ServeArguments
from fairlead.engines.tensorrt_llm import formats
from fairlead.engines.tensorrt_llm.memory import MEMORY
from fairlead.fleet.fit import FitReason, NoFit
from fairlead.fleet.plurals import count
from fairlead.fleet.quantization import KvFormat, WeightFormat
from fairlead.fleet.shapes import ModelShape
from fairlead.simulator.engine.settings import EngineSettings
from fairlead.sizing import assessment, kv_pages, memory
from fairlead.sizing.sizing_input import SizingInput

_LATER: Final = frozenset(
    {FitReason.CONTEXT_EXCEEDS_CACHE, FitReason.SEQUENCES_EXCEED_CACHE, FitReason.CONTEXT_EXCEEDS_MODEL}
)
"""What the cache's size decides, and a context above the model's, which is not refused there."""


class TensorRtStart:
    """Implements `StartRules` for TensorRT-LLM."""

    memory = MEMORY
    keeps_blocks = False

    def check(self, serve_arguments: ServeArguments, gpus: int) -> None:
        """Refuse more processes than GPUs."""
        world = serve_arguments.memory.parallelism.gpus
        if world > gpus:
            raise CannotStart(f"RuntimeError: (simulated: {count(world, 'GPU')} wanted, {gpus} here)")

    def formats(self, serve_arguments: ServeArguments, shape: ModelShape) -> tuple[WeightFormat | None, KvFormat]:
        """Return the cache format; the checkpoint decides that of weights."""
        del shape
        word = serve_arguments.memory.cache_dtype
        return None, next((kv for kv, row in formats.KV.items() if row.word == word), KvFormat.AUTO)

    def capacity(self, serve_arguments: ServeArguments, sizing: SizingInput) -> KvCapacity:
        """Return its part of what weights and its largest step leave; one too small for the longest request fails the
        start: `commands/serve.py: --fail_fast_on_attention_window_too_large`."""
        verdict = assessment.assess(sizing)
        if isinstance(verdict, NoFit) and verdict.reason not in _LATER:
            raise CannotStart(_refused(verdict, sizing))
        tokens = kv_pages.tokens(sizing, _cache_bytes(sizing))
        if serve_arguments.memory.most_tokens is not None:
            tokens = min(tokens, serve_arguments.memory.most_tokens)
        if tokens < sizing.context:
            raise CannotStart(
                f"ValueError: (simulated: the attention window of {sizing.context} tokens is larger than the KV "
                f"cache, which holds {tokens})"
            )
        page = serve_arguments.limits.block_tokens
        return KvCapacity(sizing, max(tokens // page, -(-sizing.context // page)) + 1)

    def cache_facts(
        self,
        serve_arguments: ServeArguments,
        settings: EngineSettings,
        sizing: SizingInput,  # noqa: ARG002 - interface
    ) -> Mapping[str, str]:
        """Return the labels of `trtllm_kv_cache_config_info`."""
        return {
            "page_size": str(settings.block_tokens),
            "enable_block_reuse": str(serve_arguments.limits.prefix_caching),
        }

    def log(self, settings: EngineSettings) -> tuple[str, ...]:
        """Log the cache size in our own words: its own are not known."""
        tokens = (settings.blocks - 1) * settings.block_tokens
        return (f"INFO (simulated) KV cache: {tokens} tokens in blocks of {settings.block_tokens}",)

    def listening(self, serve_arguments: ServeArguments) -> tuple[str, ...]:
        """Return its last lines before it serves: uvicorn's."""
        return (
            "INFO: Application startup complete.",
            f"INFO: Uvicorn running on http://{serve_arguments.host}:{serve_arguments.port} (simulated)",
        )


def _cache_bytes(sizing: SizingInput) -> float:
    """Return the likely bytes, or up to the high estimate if a full context needs it, since it may well start."""
    left = memory.memory(sizing).kv
    needed = kv_pages.pages_a_request(sizing, sizing.context) * kv_pages.pool(sizing).page_bytes
    return max(0.0, left.likely, min(left.high, needed))


def _refused(verdict: NoFit, sizing: SizingInput) -> str:
    if verdict.reason is FitReason.HEADS_NOT_DIVISIBLE:
        return f"AssertionError: (simulated: {sizing.shape.heads} heads on {sizing.parallelism.tensor} ranks)"
    return f"torch.OutOfMemoryError: CUDA out of memory. (simulated: {verdict.because})"
