"""What each key of TensorRT-LLM's options takes, and pydantic's words for what it does not: `llmapi/llm_args.py`.

Numbers and truths may be written as text, as pydantic reads them. Where the limits of a key are not known, what could
not be simulated is refused.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from fairlead.engines.tensorrt_llm import speculation
from fairlead.fleet.desired_state import SpeculationMethod

_CLASSES: Final = {"Draft_Target": "DraftTarget", "Eagle3": "Eagle"}
"""Names of types of drafting in messages."""
OptionReader = Callable[[object], object]
"""Returns the value, or raises `ValueError` with the reason."""

_TRUTHS: Final = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}
EMULATED: Final = (*speculation.TYPES.values(), "Eagle")
"""Types of drafting that are emulated; the last is an older name of Eagle3."""


def whole(value: object) -> int:
    """Read a whole number above zero."""
    problem = "Input should be a valid integer"
    try:
        read = float(value) if isinstance(value, int | float | str) else None
    except (ValueError, OverflowError):
        raise ValueError(f"{problem}, unable to parse string as an integer") from None
    if read is None:
        raise ValueError(problem)
    if read != read // 1:
        raise ValueError(f"{problem}, got a number with a fractional part")
    if read < 1:
        raise ValueError("Input should be greater than 0")
    return int(read)


def share(value: object) -> float:
    """Read a number from 0 to 1."""
    try:
        read = float(value) if isinstance(value, int | float | str) else None
    except (ValueError, OverflowError):
        raise ValueError("Input should be a valid number, unable to parse string as a number") from None
    if read is None:
        raise ValueError("Input should be a valid number")
    if not 0 <= read <= 1:
        raise ValueError("kv_cache_config.free_gpu_memory_fraction must be a float between 0 and 1")
    return read


def truth(value: object) -> bool:
    """Read a truth."""
    read = _TRUTHS.get(str(value).lower())
    if read is None:
        raise ValueError("Input should be a valid boolean, unable to interpret input")
    return read


def text(value: object) -> str:
    """Read a text."""
    if not isinstance(value, str):
        raise ValueError("Input should be a valid string")  # noqa: TRY004 - the reason that every reader gives
    return value


def anything(value: object) -> object:
    """Take a value as it is."""
    return value


def one_of(*choices: str) -> OptionReader:
    """Make a reader of one of these words."""

    shown = " or ".join(f"'{one}'" for one in choices)

    def chosen(value: object) -> str:
        if value not in choices:
            raise ValueError(f"Input should be {shown}")
        return str(value)

    return chosen


def _drafting(value: object) -> str:
    if value not in EMULATED:
        raise ValueError(f"(simulated) not emulated; write one of {', '.join(EMULATED)}")
    return str(value)


def _of(reader: OptionReader, *keys: str) -> Mapping[str, OptionReader]:
    return dict.fromkeys(keys, reader)


READERS: Final[Mapping[str, OptionReader]] = MappingProxyType(
    {
        **_of(anything, "cuda_graph_config"),
        **_of(one_of("auto", "float16", "bfloat16", "float32"), "dtype"),
        **_of(one_of("auto", "fp8", "nvfp4"), "kv_cache_config.dtype"),
        **_of(one_of("xgrammar", "llguidance"), "guided_decoding_backend"),
        **_of(_drafting, "speculative_config.decoding_type"),
        **_of(share, "kv_cache_config.free_gpu_memory_fraction"),
        **_of(
            truth,
            *("enable_chunked_prefill", "enable_iter_perf_stats", "return_perf_metrics", "trust_remote_code"),
            "kv_cache_config.enable_block_reuse",
        ),
        **_of(anything, "lora_config.lora_dir"),
        **_of(text, "reasoning_parser", "revision", "speculative_config.speculative_model"),
        **_of(
            whole,
            *("kv_cache_config.host_cache_size", "kv_cache_config.max_tokens"),
            *("lora_config.max_cpu_loras", "lora_config.max_loras"),
            *("lora_config.max_lora_rank", "max_batch_size", "max_num_tokens", "max_seq_len"),
            *("moe_expert_parallel_size", "pipeline_parallel_size", "tensor_parallel_size"),
            *("speculative_config.max_concurrency", "speculative_config.max_draft_len"),
            *("speculative_config.max_matching_ngram_size", "speculative_config.num_nextn_predict_layers"),
        ),
    }
)
"""By dotted key, all that the emulator acts on."""


def problems(found: Mapping[str, object]) -> Sequence[tuple[str, str]]:
    """Return keys that contradict one another, each with the reason: `validate_ngram_config` and those like it."""
    kind = found.get("speculative_config.decoding_type")
    if kind is None or kind == speculation.TYPES[SpeculationMethod.MTP]:
        return ()
    name = _CLASSES.get(str(kind), str(kind))
    if "speculative_config.max_draft_len" not in found:
        return (("speculative_config", f"Value error, max_draft_len must be > 0 for {name}"),)
    if kind != "NGram" and "speculative_config.speculative_model" not in found:
        return (("speculative_config", f"Value error, speculative_model must be specified for {name}"),)
    return ()
