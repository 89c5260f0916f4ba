"""Parses SGLang's command line: `sglang serve MODEL --flags`, as `engines` renders it and as users extend it."""

from argparse import Namespace
from collections.abc import Sequence
from typing import Any, Final

from fairlead.documents import json_document
from fairlead.documents.document_faults import UnreadableDocument
from fairlead.emulator.command_line import ParserExit
from fairlead.emulator.serve_arguments import (
    DEFAULT_CONTEXT_TOKENS,
    AdmissionRules,
    CacheArguments,
    MetricsArguments,
    ResponseArguments,
    SchedulerArguments,
    ServeArguments,
)
from fairlead.emulator.sglang import argument_checks, flags
from fairlead.engines import weight_offload
from fairlead.engines.sglang import host_cache
from fairlead.engines.sglang.memory import SPECULATING
from fairlead.engines.sglang.speculation import OWN_STEPS
from fairlead.fleet.desired_state import EngineKind, Parallelism
from fairlead.simulator.engine.settings import SchedulingPolicy

WORDS: Final = ("sglang", "serve")
BLOCK_TOKENS: Final = 16
"""For the scheduler that stands in for SGLang's, whose pages have one token by default."""
_METHODS: Final = {
    "NGRAM": "ngram",
    "STANDALONE": "draft_model",
    "EAGLE": "eagle",
    "EAGLE3": "eagle3",
    "NEXTN": "mtp",
}
_DRAFTED: Final = 5
"""Draft tokens of an algorithm without a number: those of EAGLE for Llama."""
_SHOWN: Final = 60
"""Characters of a value in a message."""
_RANK: Final = 16
"""The highest rank if no flag sets it; the real one reads it from the adapters."""


def read(words: Sequence[str]) -> ServeArguments:
    """Parse the command, which begins with `sglang serve`."""
    rest = flags.completed(words[2:])
    bare = rest.pop(0) if rest and not rest[0].startswith("-") else None
    found, _ = flags.parser().parse_known_args(rest)
    model = bare or found.model
    if model is None:
        raise ParserExit(f"{flags.PROGRAM}: error: the following arguments are required: --model-path/--model")
    limits = _limits(argument_checks.resolved(found))
    return ServeArguments(
        kind=EngineKind.SGLANG,
        model=model,
        names=(found.served_model_name or model,),
        adapters=tuple(_adapter(word) for word in found.lora_paths),
        host=found.host,
        port=found.port,
        context_tokens=limits.context or DEFAULT_CONTEXT_TOKENS,
        limits=limits,
        memory=_memory(found),
        answering=_answering(found),
        admission=AdmissionRules(
            max_waiting=_waiting(found),
            while_draining=True,
            larger_first=not found.schedule_low_priority_values_first,
            default_priority=found.default_priority_value,
            ids_are_prefixes=True,
        ),
        metrics=MetricsArguments(
            exposed=found.enable_metrics,
            refreshed_steps=max(1, found.decode_log_interval),
            first_token_bounds=tuple(found.bucket_time_to_first_token),
        ),
    )


def _waiting(found: Namespace) -> int | None:
    """SGLang's cap is that of one scheduler; one rank stands in for those of attention, of which each has one."""
    most: int | None = found.max_queued_requests
    return None if most is None else most * max(1, found.attention)


def _limits(found: Namespace) -> SchedulerArguments:
    """Each data-parallel copy takes the limit of requests for itself; ranks of attention take parts of it, which sizing
    divides: `kv_cache_configurator.py`, `max_num_reqs // self.attn_dp_size`."""
    speculation = _speculation(found)
    most = found.max_running_requests or (SPECULATING if speculation else None)
    return SchedulerArguments(
        context=found.context_length,
        max_sequences=most,
        batch_tokens=found.chunked_prefill_size if (found.chunked_prefill_size or 0) > 0 else None,
        block_tokens=max(BLOCK_TOKENS, found.page_size or 1),
        block_size_set=found.page_size is not None,
        prefix_caching=not found.disable_radix_cache,
        policy=SchedulingPolicy.PRIORITY if found.enable_priority_scheduling else SchedulingPolicy.FCFS,
        asynchronous=not found.disable_overlap_schedule,
        speculation=speculation,
        adapter_slots=found.max_loras_per_batch - 1 if found.enable_lora or found.lora_paths else 0,
        adapter_rank=found.max_lora_rank or _RANK,
    )


def _memory(found: Namespace) -> CacheArguments:
    parallelism = Parallelism(tensor=found.tensor, pipeline=found.pipeline, data=found.data)
    return CacheArguments(
        parallelism=parallelism,
        expert_parallel=found.experts > 1,
        redundant_experts=max(0, found.redundant),
        attention_ranks=found.attention,
        offload=weight_offload.of_gib(found.cpu_offload_gb),
        host_cache=host_cache.of_gigabytes(found.host_gigabytes if found.hierarchical else 0, parallelism),
        utilization=found.mem_fraction_static,
        most_tokens=found.max_total_tokens,
        quantization=found.quantization,
        cache_dtype=found.kv_cache_dtype,
        dtype=found.dtype,
        eager=found.eager,
    )


def _answering(found: Namespace) -> ResponseArguments:
    keys = tuple(key for key in (found.api_key, found.admin_api_key) if key is not None)
    return ResponseArguments(
        api_keys=keys,
        prompt_tokens_details=found.enable_cache_report,
        auto_tool_choice=found.tool_call_parser is not None,
        tool_parser=found.tool_call_parser,
        reasoning_parser=found.reasoning_parser or "",
        language_only=found.language_model_only,
        truncates=found.allow_auto_truncate,
    )


def _speculation(found: Namespace) -> dict[str, Any] | None:
    """Use vLLM's names; SGLang's number of draft tokens counts the one that the model itself adds."""
    method = _METHODS.get((found.speculative_algorithm or "").upper())
    if method is None:
        return None
    usual = OWN_STEPS if method == _METHODS["NEXTN"] else _DRAFTED
    tokens = (found.speculative_num_draft_tokens or usual + 1) - 1
    return {"method": method, "model": found.draft, "num_speculative_tokens": max(1, tokens)}


def _adapter(word: str) -> tuple[str, str]:
    """Return name and path of an adapter, from `name=path`, from a path alone, or from JSON."""
    if word.startswith("{") and word.endswith("}"):
        try:
            given = json_document.read(word, as_python=True)
            return str(given["lora_name"]), str(given["lora_path"])
        except UnreadableDocument as problem:
            shown = f"{word[:_SHOWN]}: JSONDecodeError: {problem.because}"
            raise ParserExit(f"{flags.PROGRAM}: error: --lora-paths {shown} (simulated)") from None
        except KeyError as problem:
            raise ParserExit(f"{flags.PROGRAM}: error: --lora-paths {word}: {problem!r} (simulated)") from None
    name, equals, path = word.partition("=")
    return (name, path) if equals else (word, word)
