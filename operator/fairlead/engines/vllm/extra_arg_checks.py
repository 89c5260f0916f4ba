"""What free extra arguments must agree with: one another, and the typed fields."""

import difflib
from typing import Final

from fairlead.engines import extra_args
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.engines.vllm import defaults, json_flags, memory
from fairlead.engines.vllm.parser_flags import LOAD_FORMATS
from fairlead.fleet.desired_state import SourceScheme, SpeculationMethod
from fairlead.fleet.findings import SpecRefusal
from fairlead.fleet.plurals import count

LOAD_FORMATS_GONE: Final = frozenset({"gguf", "bitsandbytes"})
_KV_ROLES: Final = ("kv_producer", "kv_consumer", "kv_both")
"""A tuple, since what users write there may be a list, which no set can be searched for."""
_NO_OFFLOADING: Final = (None, "", "None")
STREAMED: Final = ("runai_streamer", "runai_streamer_sharded", "modelexpress")
"""Load formats that read weights from a bucket; vLLM itself turns `auto` into the first if the model is in one."""
ALLOCATOR: Final = "PYTORCH_CUDA_ALLOC_CONF"
EXPANDABLE: Final = "expandable_segments:True"


def load_format_gone(setup: EngineSetup) -> SpecRefusal | None:
    """Mirrors "Load format `gguf` is not supported": argparse accepts it, and the worker dies minutes later."""
    value = setup.value("--load-format")
    if value not in LOAD_FORMATS_GONE:
        return None
    return _removed("--load-format", value, "remove it; auto reads safetensors")


def load_format_unknown(setup: EngineSetup) -> SpecRefusal | None:
    """Mirrors "Load format `x` is not supported", which a worker says after everything else has started."""
    value = load_format(setup)
    if value in LOAD_FORMATS or value in LOAD_FORMATS_GONE:
        return None
    near = difflib.get_close_matches(value, LOAD_FORMATS, n=1)
    return SpecRefusal(
        field=extra_args.FIELD,
        value=f"--load-format {value}",
        reason=EngineReason.ARGUMENT_MALFORMED,
        because="vLLM 0.32 has no loader of this name, and ends when its workers load the weights",
        remedy=f"did you mean {near[0]}?" if near else "remove it; auto reads safetensors",
    )


def load_format_without_bucket(setup: EngineSetup) -> SpecRefusal | None:
    """Mirrors "To load a model from object storage (S3/GCS/Azure), 'load_format' must be ..."."""
    if setup.revision.model.source.scheme is not SourceScheme.S3 or load_format(setup) in ("auto", *STREAMED):
        return None
    return _refusal(
        "--load-format",
        "a model in a bucket is streamed, and this loader reads files",
        f"remove it, or write one of {', '.join(STREAMED)}",
    )


def load_format(setup: EngineSetup) -> str:
    """Return the load format of the arguments; vLLM ignores its case."""
    return (setup.value("--load-format") or "auto").lower()


def hash_gone(setup: EngineSetup) -> SpecRefusal | None:
    """`builtin` was removed from `--prefix-caching-hash-algo`."""
    value = setup.value("--prefix-caching-hash-algo")
    return _removed("--prefix-caching-hash-algo", value, "write sha256_cbor") if value == "builtin" else None


def tool_choice_without_parser(setup: EngineSetup) -> SpecRefusal | None:
    """Mirrors "--enable-auto-tool-choice requires --tool-call-parser"."""
    written = setup.engine.tools is not None or setup.gives("--tool-call-parser")
    if written or not setup.gives("--enable-auto-tool-choice"):
        return None
    return _refusal(
        "--enable-auto-tool-choice",
        "it needs the format of this model's tool calls",
        "write spec.engine.tools: {} instead, or add --tool-call-parser with the parser of the model's family",
    )


def context_parallel(setup: EngineSetup) -> SpecRefusal | None:
    """Mirrors "tp_size=1 must be divisible by dcp_size=2."; with grouped heads, at most tensor / KV heads."""
    degree = memory.context_degree(setup)
    tensor = setup.revision.parallelism.tensor
    most = tensor
    if setup.shape is not None and setup.shape.latent is None:
        most = max(1, tensor // setup.shape.kv_heads)
    if degree < 1 or (tensor % degree == 0 and degree <= most):
        return None
    return _refusal(
        f"--decode-context-parallel-size {degree}",
        f"it must divide spec.parallelism.tensor, {tensor}, and be at most {most} for this model",
        "remove it" if most <= 1 else f"write {most}",
    )


def more_active_than_running(setup: EngineSetup) -> SpecRefusal | None:
    """`--max-num-active-seqs` above `--max-num-seqs` is a range error."""
    active, most = _number(setup, defaults.ACTIVE), defaults.sequences(setup)
    if active is None or active <= most:
        return None
    return _refusal(
        f"{defaults.ACTIVE} {active}",
        f"a batch holds at most {count(most, 'request')}",
        f"write {most} or less, or raise spec.engine.batching.maxSequences",
    )


def threshold_above_context(setup: EngineSetup) -> SpecRefusal | None:
    """Mirrors "long_prefill_token_threshold (N) cannot be greater than the max_model_len (M)."."""
    threshold, context = _number(setup, "--long-prefill-token-threshold"), setup.engine.max_context_tokens
    if threshold is None or context is None or threshold <= context:
        return None
    return _refusal(
        f"--long-prefill-token-threshold {threshold}",
        f"no prompt is longer than spec.engine.context.maxTokens, {context}",
        f"write {context} or less",
    )


def transfer_of_moving_memory(setup: EngineSetup) -> SpecRefusal | None:
    """Mirrors "KV connector X is incompatible with PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True unless
    enable_cumem_allocator is also enabled"; sleep mode enables it."""
    config, offloaded = json_flags.keys(setup, "--kv-transfer-config"), setup.value("--kv-offloading-size")
    named = config.get("kv_connector") is not None or offloaded not in _NO_OFFLOADING
    connected = named or setup.engine.host_memory_bytes is not None
    pooled = setup.engine.sleeps or setup.gives("--enable-cumem-allocator", "--enable-sleep-mode")
    if not connected or pooled or EXPANDABLE not in (setup.variable(ALLOCATOR) or ""):
        return None
    return SpecRefusal(
        field="spec.engine.env",
        value=ALLOCATOR,
        reason=EngineReason.ARGUMENT_CONFLICTS,
        because=f"KV connectors, that of hostMemory or --kv-offloading-size too, do not work with {EXPANDABLE}, "
        "which moves memory",
        remedy=f"remove {EXPANDABLE}, or add --enable-cumem-allocator",
    )


def transfer_without_role(setup: EngineSetup) -> SpecRefusal | None:
    """Mirrors "Please specify kv_role when kv_connector is set"; the dotted spelling is left to the engine."""
    config = json_flags.parsed(setup.value("--kv-transfer-config"))
    if "kv_connector" not in config or config.get("kv_role") in _KV_ROLES:
        return None
    return _refusal(
        "--kv-transfer-config",
        "a connector needs kv_role: kv_producer, kv_consumer or kv_both",
        'add "kv_role": "kv_both"',
    )


def metrics_without_speculation(setup: EngineSetup) -> SpecRefusal | None:
    """`--per-request-spec-decode-metrics` without speculation is a ValueError."""
    value = setup.value("--per-request-spec-decode-metrics")
    if value in {None, "none"} or setup.engine.speculation.method is not SpeculationMethod.OFF:
        return None
    return _refusal(
        "--per-request-spec-decode-metrics",
        "spec.engine.speculation is off",
        "remove it, or set spec.engine.speculation.method",
    )


def _number(setup: EngineSetup, flag: str) -> int | None:
    """Parse a flag; anything but an integer is left to vLLM's parser to refuse."""
    written = setup.value(flag)
    return int(written) if written is not None and written.isascii() and written.isdigit() else None


def _removed(flag: str, value: str, remedy: str) -> SpecRefusal:
    return SpecRefusal(
        field=extra_args.FIELD,
        value=f"{flag} {value}",
        reason=EngineReason.ARGUMENT_REMOVED,
        because="vLLM 0.32 no longer has this value",
        remedy=remedy,
    )


def _refusal(value: str, because: str, remedy: str) -> SpecRefusal:
    return SpecRefusal(
        field=extra_args.FIELD,
        value=value,
        reason=EngineReason.ARGUMENT_CONFLICTS,
        because=because,
        remedy=remedy,
    )
