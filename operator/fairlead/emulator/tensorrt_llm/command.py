"""Parses TensorRT-LLM's command line: `trtllm-serve MODEL --options`, with the file that `--config` names."""

from argparse import Namespace
from collections.abc import Sequence
from typing import Any, Final

from fairlead.emulator.command_line import ParserExit
from fairlead.emulator.engine import draft_schedule
from fairlead.emulator.serve_arguments import (
    DEFAULT_CONTEXT_TOKENS,
    CacheArguments,
    MetricsArguments,
    ResponseArguments,
    SchedulerArguments,
    ServeArguments,
)
from fairlead.emulator.tensorrt_llm import flags, options
from fairlead.emulator.tensorrt_llm.options import Options
from fairlead.engines.tensorrt_llm import host_cache
from fairlead.fleet.desired_state import EngineKind, Parallelism

WORDS: Final = (flags.PROGRAM,)
BLOCK_TOKENS: Final = 32
_SUBCOMMAND: Final = "serve"
_METHODS: Final = {"NGram": "ngram", "Draft_Target": "draft_model", "Eagle3": "eagle3", "Eagle": "eagle3", "MTP": "mtp"}
_EAGER: Final = "cuda_graph_config"
_RANK: Final = 16
"""The highest rank if no option sets it; as vLLM's, since its own is not known."""


def read(words: Sequence[str]) -> ServeArguments:
    """Parse the command, which begins with `trtllm-serve`; `serve` may follow, and the model precedes options."""
    rest = list(words[len(WORDS) :])
    if rest[:1] == [_SUBCOMMAND] and len(rest) > 1:
        del rest[0]
    if not rest or rest[0].startswith("-"):
        raise ParserExit(f"Usage: {flags.PROGRAM} serve [OPTIONS] MODEL\nError: Missing argument 'MODEL'.")
    model = rest.pop(0)
    given = flags.parsed(rest)
    found = options.read(given)
    limits = _limits(found)
    return ServeArguments(
        kind=EngineKind.TENSORRT_LLM,
        model=model,
        names=(given.served_model_name or model,),
        host=given.host,
        port=given.port,
        context_tokens=limits.context or DEFAULT_CONTEXT_TOKENS,
        limits=limits,
        memory=_memory(found),
        answering=_answering(given, found),
        metrics=MetricsArguments(
            exposed=bool(found.get("return_perf_metrics")), of_steps=bool(found.get("enable_iter_perf_stats"))
        ),
    )


def _limits(found: Options) -> SchedulerArguments:
    """Each request names its adapter; the folder of the first adapter shows that there are any."""
    return SchedulerArguments(
        context=found.get("max_seq_len"),
        max_sequences=found.get("max_batch_size"),
        batch_tokens=found.get("max_num_tokens"),
        block_tokens=BLOCK_TOKENS,
        prefix_caching=bool(found.get("kv_cache_config.enable_block_reuse", True)),
        chunked_prefill=bool(found.get("enable_chunked_prefill")),
        speculation=_speculation(found),
        adapter_slots=found.get("lora_config.max_loras", 1) if "lora_config.lora_dir" in found else 0,
        adapter_rank=found.get("lora_config.max_lora_rank", _RANK),
    )


def _memory(found: Options) -> CacheArguments:
    parallelism = Parallelism(
        tensor=found.get("tensor_parallel_size", 1), pipeline=found.get("pipeline_parallel_size", 1)
    )
    return CacheArguments(
        parallelism=parallelism,
        host_cache=host_cache.of_bytes(found.get(host_cache.KEY, 0), parallelism),
        expert_parallel=found.get("moe_expert_parallel_size", 1) > 1,
        utilization=found.get("kv_cache_config.free_gpu_memory_fraction"),
        most_tokens=found.get("kv_cache_config.max_tokens"),
        cache_dtype=found.get("kv_cache_config.dtype", "auto"),
        dtype=found.get("dtype", "auto"),
        eager=_EAGER in found and found[_EAGER] is None,
    )


def _answering(given: Namespace, found: Options) -> ResponseArguments:
    return ResponseArguments(
        prompt_tokens_details=True,
        auto_tool_choice=given.tool_parser is not None,
        tool_parser=given.tool_parser,
        reasoning_parser=found.get("reasoning_parser", ""),
        forms=found.get("guided_decoding_backend") is not None,
    )


def _speculation(found: Options) -> dict[str, Any] | None:
    """Use vLLM's names; MTP has as many tokens as layers."""
    method = _METHODS.get(found.get("speculative_config.decoding_type", ""))
    if method is None:
        return None
    tokens = found.get("speculative_config.max_draft_len") or found.get("speculative_config.num_nextn_predict_layers")
    model = found.get("speculative_config.speculative_model")
    most, schedule = found.get("speculative_config.max_concurrency"), {}
    if most:
        schedule = {draft_schedule.FIELD: [[1, most, tokens], [most + 1, most + 1, 0]]}
    return {"method": method, "model": model, "num_speculative_tokens": tokens, **schedule}
