"""TensorRT-LLM's options by key: those of the file, then `--set`, then flags; the last one wins.

`llmapi/llm_args.py` refuses keys that it lacks. Keys that the emulation would silently ignore are refused here too.
"""

from argparse import Namespace
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from fairlead.emulator.command_line import ParserExit

Options = Mapping[str, Any]
"""Values by dotted key, from the root of the file."""

_LEAVES: Final = frozenset({"cuda_graph_config"})
"""Keys that are one value, although they may have subkeys."""
KEYS: Final = frozenset(
    {
        *("cuda_graph_config", "dtype", "enable_chunked_prefill", "enable_iter_perf_stats", "guided_decoding_backend"),
        *("kv_cache_config.dtype", "kv_cache_config.enable_block_reuse", "kv_cache_config.free_gpu_memory_fraction"),
        *("kv_cache_config.max_tokens", "lora_config.lora_dir", "lora_config.max_cpu_loras", "lora_config.max_loras"),
        *("lora_config.max_lora_rank", "max_batch_size", "max_num_tokens", "max_seq_len", "moe_expert_parallel_size"),
        *("pipeline_parallel_size", "reasoning_parser", "return_perf_metrics", "revision", "tensor_parallel_size"),
        *("trust_remote_code", "speculative_config.decoding_type", "speculative_config.max_concurrency"),
        *("speculative_config.max_draft_len", "speculative_config.max_matching_ngram_size"),
        *("speculative_config.num_nextn_predict_layers", "speculative_config.speculative_model"),
    }
)


def read(given: Namespace) -> Options:
    """Read all options; raise `ParserExit` for an unreadable file, and for keys that would have no effect."""
    found = dict(_flat(_file(given.config))) if given.config else {}
    for assignment in given.set:
        path, equals, written = assignment.partition("=")
        if not equals:
            raise ParserExit(f"trtllm-serve: --set {path}: must be PATH=VALUE (simulated)")
        found |= dict(_flat({path: yaml.safe_load(written)}))
    found |= {key: value for key, value in vars(given).items() if key in KEYS and value is not None}
    strange = sorted(found.keys() - KEYS)
    if strange:
        lines = "\n".join(f"{one}\n  Extra inputs are not permitted" for one in strange)
        errors = "1 validation error" if len(strange) == 1 else f"{len(strange)} validation errors"
        raise ParserExit(f"{errors} for TorchLlmArgs (simulated: nothing here acts on them)\n{lines}")
    return found


def _file(path: str) -> Mapping[str, Any]:
    try:
        document = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as problem:
        raise ParserExit(f"trtllm-serve: --config {path}: {problem} (simulated)") from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise ParserExit(f"trtllm-serve: --config {path}: must be keys and values (simulated)")
    return document


def _flat(document: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield dotted keys with their values, except null ones that are not leaves."""
    for key, value in document.items():
        path = f"{above}{key}"
        if isinstance(value, dict) and path not in _LEAVES:
            yield from _flat(value, f"{path}.")
        elif value is not None or path in _LEAVES:
            yield path, value
