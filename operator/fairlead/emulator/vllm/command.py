"""Parses vLLM's command line: `vllm serve MODEL --flags`, as `engines` renders it and as users extend it."""

from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from fairlead.documents import json_document
from fairlead.documents.document_faults import UnreadableDocument
from fairlead.emulator.command_line import InvalidCommandLine, ParserExit
from fairlead.emulator.serve_arguments import (
    DEFAULT_CONTEXT_TOKENS,
    CacheArguments,
    ResponseArguments,
    SchedulerArguments,
    ServeArguments,
)
from fairlead.emulator.vllm import flags, number_limits
from fairlead.engines import weight_offload, written_amounts
from fairlead.engines.vllm import adapters, default_batch, expert_blocks, host_cache, json_flags, prompt_items
from fairlead.fleet.desired_state import Parallelism
from fairlead.fleet.engine_memory import NO_HOST_CACHE, HostCache, WeightOffload
from fairlead.simulator.engine.settings import SchedulingPolicy

__all__ = ["InvalidCommandLine", "ParserExit", "ServeArguments", "read"]

BLOCK_TOKENS: Final = 16
_SHOWN: Final = 60
"""Characters of a value in a message."""
_TOKENS: Final = "num_speculative_tokens"
_ON: Final = "1"
_WITHOUT_ASYNC: Final = frozenset({"ngram", "suffix", "medusa"})
"""Speculative decoding methods that vLLM cannot combine with asynchronous scheduling."""


def read(words: Sequence[str], environment: Mapping[str, str] | None = None) -> ServeArguments:
    """Parse the command, with or without a leading `--`; vLLM's own environment variables set a few arguments."""
    command = list(words)
    if command[:1] == ["--"]:
        del command[0]
    if command[:2] != ["vllm", "serve"]:
        shown = " ".join(command[:3]) or "nothing"
        raise InvalidCommandLine(f"the engine's command: {shown}: must be `vllm serve MODEL ...`; write it after `--`")
    rest = flags.completed(command[2:])
    bare = rest.pop(0) if rest and not rest[0].startswith("-") else None
    found, _ = flags.parser().parse_known_args(rest)
    number_limits.check(found)
    model = bare or found.model
    limits = _limits(found)
    return ServeArguments(
        model=model,
        names=tuple(found.served_model_name or (model,)),
        adapters=tuple(_adapter(word) for word in found.lora_modules),
        host=found.host,
        port=found.port,
        context_tokens=limits.context or DEFAULT_CONTEXT_TOKENS,
        shutdown_seconds=found.shutdown_timeout,
        limits=limits,
        memory=_memory(found, rest),
        answering=replace(
            _answering(found, environment or {}), prompt_items=json_flags.of_words(rest, prompt_items.FLAG)
        ),
        kv_events=found.kv_events_config,
        hash_algorithm=found.prefix_caching_hash_algo,
    )


def _limits(found: Namespace) -> SchedulerArguments:
    speculation = _speculation(found)
    method = speculation.get("method") if speculation else None
    return SchedulerArguments(
        context=found.max_model_len if (found.max_model_len or 0) > 0 else None,
        context_fits=found.max_model_len == flags.FIT_CONTEXT,
        max_sequences=found.max_num_seqs,
        max_active=found.max_num_active_seqs,
        batch_tokens=found.max_num_batched_tokens,
        batch_factor=default_batch.factor_of(found.performance_mode),
        whole_prompts=not found.enable_chunked_prefill,
        graph_tokens=max(found.cudagraph_capture_sizes or (), default=found.max_cudagraph_capture_size),
        block_tokens=found.block_size or BLOCK_TOKENS,
        block_size_set=found.block_size is not None,
        prefix_caching=found.enable_prefix_caching,
        chunked_prefill=found.enable_chunked_prefill,
        long_prefill_tokens=found.long_prefill_token_threshold,
        watermark=found.watermark,
        reserve_whole_prompt=found.scheduler_reserve_full_isl,
        policy=SchedulingPolicy(found.scheduling_policy),
        max_unfinished=found.max_num_queued_reqs,
        max_backlog_tokens=found.max_num_queued_tokens,
        asynchronous=found.async_scheduling and method not in _WITHOUT_ASYNC,
        speculation=speculation,
        adapter_slots=found.max_loras if found.enable_lora or found.lora_modules else 0,
        adapter_rank=found.max_lora_rank,
    )


def _memory(found: Namespace, words: Sequence[str]) -> CacheArguments:
    balance = json_flags.of_words(words, expert_blocks.CONFIGURATION) if found.enable_eplb else {}
    modules = None if found.lora_target_modules is None else adapters.modules_with(found.lora_target_modules)
    return CacheArguments(
        parallelism=Parallelism(
            tensor=found.tensor_parallel_size,
            pipeline=found.pipeline_parallel_size,
            data=found.data_parallel_size,
        ),
        expert_parallel=found.enable_expert_parallel,
        redundant_experts=expert_blocks.redundant_of(balance),
        moves_experts=found.enable_eplb,
        context_ranks=max(1, found.decode_context_parallel_size),
        windows=not found.disable_hybrid_kv_cache_manager,
        adapter_modules=None if modules is None else frozenset(modules),
        adapter_experts=(modules is None or adapters.EXPERTS in modules) and not found.enable_moe_shared_loras,
        offload=_offload(found),
        host_cache=_host_cache(found),
        utilization=found.gpu_memory_utilization,
        cache_bytes=found.kv_cache_memory_bytes,
        blocks=found.num_gpu_blocks_override,
        quantization=found.quantization,
        cache_dtype=found.kv_cache_dtype,
        dtype=found.dtype,
        eager=found.enforce_eager,
        caches_states=found.enable_prefix_caching,
    )


def _offload(found: Namespace) -> WeightOffload:
    """Whole layers that are prefetched take the place of the amount, and are not emulated."""
    prefetches = found.offload_group_size > 0 if found.offload_backend == "auto" else found.offload_backend != "uva"
    amount = 0.0 if prefetches else found.cpu_offload_gb
    return weight_offload.of_gib(amount, named=bool(found.cpu_offload_params))


def _host_cache(found: Namespace) -> HostCache:
    """Each data-parallel rank keeps as much; a server of LMCache is not emulated."""
    each = written_amounts.bytes_of(found.kv_offloading_size) if found.kv_offloading_backend == host_cache.NATIVE else 0
    size = each * max(1, found.data_parallel_size)
    return HostCache(replica_bytes=size, shared=True) if size else NO_HOST_CACHE


def _answering(found: Namespace, environment: Mapping[str, str]) -> ResponseArguments:
    return ResponseArguments(
        api_keys=tuple(found.api_key),
        request_id_headers=found.enable_request_id_headers,
        prompt_tokens_details=found.enable_prompt_tokens_details,
        force_include_usage=found.enable_force_include_usage,
        per_request_metrics=found.enable_per_request_metrics,
        load_tracking=found.enable_server_load_tracking,
        auto_tool_choice=found.enable_auto_tool_choice,
        tool_parser=found.tool_call_parser,
        reasoning_parser=found.reasoning_parser,
        parser_plugins=bool(found.tool_parser_plugin or found.reasoning_parser_plugin),
        language_only=found.language_model_only,
        runner=found.runner,
        max_logprobs=found.max_logprobs,
        dev_mode=environment.get("VLLM_SERVER_DEV_MODE") == _ON,
        runtime_adapters=environment.get("VLLM_ALLOW_RUNTIME_LORA_UPDATING") == _ON,
    )


def _speculation(found: Namespace) -> dict[str, Any] | None:
    """Return `--speculative-config` with the shorthand flags merged in; a key may be given in only one of them."""
    short = {"method": found.spec_method, "model": found.spec_model, _TOKENS: found.spec_tokens}
    merged = dict(found.speculative_config or {}) | {key: value for key, value in short.items() if value is not None}
    tokens = merged.get(_TOKENS)
    most = max(found.max_model_len or 0, 0) or DEFAULT_CONTEXT_TOKENS
    if tokens is not None and not (isinstance(tokens, int) and 0 < tokens <= most):
        why = f"Input should be a valid integer from 1 to {most}"
        raise ParserExit(f"1 validation error for SpeculativeConfig\n{_TOKENS}\n  {why} (simulated)")
    return merged or None


def _adapter(word: str) -> tuple[str, str]:
    """Return name and path of an adapter, from `name=path` or from JSON."""
    if word.startswith("{"):
        try:
            given = json_document.read(word, as_python=True)
            return str(given["name"]), str(given["path"])
        except UnreadableDocument:
            why = f"Invalid JSON format for --lora-modules: {word[:_SHOWN]}"
            raise ParserExit(f"{flags.PROGRAM}: error: {why}") from None
        except KeyError as problem:
            why = f"Invalid fields for --lora-modules: {word[:_SHOWN]} - {problem} is missing"
            raise ParserExit(f"{flags.PROGRAM}: error: {why} (simulated)") from None
    name, _, path = word.partition("=")
    return name, path
