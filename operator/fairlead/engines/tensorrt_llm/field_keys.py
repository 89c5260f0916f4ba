"""One row per spec field that TensorRT-LLM gets: in its options file, or on its command line.

Nearly all are keys of the file (`llmapi/llm_args.py: TorchLlmArgs`): some have no option, and releases differ in
whether file or option wins. `limits` refuses the fields that it cannot express; together the two tables name every
field.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from fairlead.engines import spec_host_memory
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.field_flags import FieldFlags, value_row
from fairlead.engines.memory_effects import MemoryEffect, MemoryEffects
from fairlead.engines.tensorrt_llm import adapters, conversation, formats, host_cache, speculation
from fairlead.fleet.desired_state import DesiredEngine, Parallelism
from fairlead.fleet.quantization import Dtype

_SPREAD: Final = (MemoryEffect.WEIGHTS, MemoryEffect.FRAMEWORK, MemoryEffect.TOKEN)
"""What parallelism always divides or adds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldKeys:
    """One field, its keys in the file, and the options that would set it a second time."""

    field: str
    keys: tuple[str, ...]
    """Dotted paths from the root of the file."""
    options: tuple[str, ...] = ()
    write: Callable[[EngineSetup], Mapping[str, Any]]
    """Returns values by key; none where the engine's own default applies."""
    count: Callable[[DesiredEngine], int | None] | None = None
    """A number that must not be below one."""
    written: Callable[[DesiredEngine], bool] | None = None
    """For fields that came after users already set their keys: these stay free until the field is written."""
    memory: MemoryEffects = ()
    """What it changes of the engine's memory, beside its budget, which is a share of what is left, and the KV cache."""

    @property
    def flags(self) -> FieldFlags:
        """The same field as a row of options, none of which is written."""
        return FieldFlags(field=self.field, flags=self.options, write=_nothing, count=self.count, memory=self.memory)


def _nothing(setup: EngineSetup) -> tuple[str, ...]:  # noqa: ARG001 - interface
    return ()


def _written(key: str, of: Callable[[EngineSetup], Any]) -> Callable[[EngineSetup], Mapping[str, Any]]:
    """Write one key, if it has a value."""
    return lambda setup: {} if (value := of(setup)) is None else {key: value}


def _count(field: str, key: str, of: Callable[[DesiredEngine], int | None], memory: MemoryEffects = ()) -> FieldKeys:
    return FieldKeys(
        field=field,
        keys=(key,),
        options=(f"--{key}",),
        count=of,
        write=_written(key, lambda setup: of(setup.engine)),
        memory=memory,
    )


def _dtype(setup: EngineSetup) -> str | None:
    return None if setup.engine.dtype is Dtype.AUTO else setup.engine.dtype.value


def _cache_format(setup: EngineSetup) -> str | None:
    row = formats.KV.get(setup.engine.kv)
    return None if row is None else row.word


def _degree(
    field: str, key: str, short: str, of: Callable[[Parallelism], int], memory: MemoryEffects = _SPREAD
) -> FieldKeys:
    """The number of GPUs over which something is spread; one is the default."""

    def degree(setup: EngineSetup) -> int | None:
        number = of(setup.revision.parallelism)
        return None if number == 1 else number

    return FieldKeys(field=field, keys=(key,), options=(f"--{key}", short), write=_written(key, degree), memory=memory)


def _adapters(setup: EngineSetup) -> Mapping[str, Any]:
    return adapters.keys(setup.engine.adapters)


def _eager(setup: EngineSetup) -> Mapping[str, Any]:
    return {"cuda_graph_config": None} if setup.engine.eager else {}


def _trusts(setup: EngineSetup) -> bool | None:
    return setup.engine.trust_remote_code or None


COMMAND: Final = (
    FieldFlags(
        field="spec.model.source",
        flags=(),
        write=_nothing,
        memory=(MemoryEffect.WEIGHTS, MemoryEffect.ACTIVATIONS, MemoryEffect.GRAPHS, MemoryEffect.TOKEN),
    ),
    value_row("spec.model.servedName", "--served_model_name", of=lambda setup: setup.revision.model.served_name),
    FieldFlags(field="spec.engine.tools", flags=("--tool_parser",), write=conversation.tools),
    FieldFlags(field="spec.engine.chatTemplate", flags=("--chat_template",), write=conversation.template),
)
"""Fields without a key. The model comes first on the command line, without an option."""
KEYS: Final = (
    FieldKeys(
        field="spec.model.revision",
        keys=("revision",),
        options=("--hf_revision", "--revision"),
        write=_written("revision", lambda setup: setup.revision.model.source.revision),
    ),
    FieldKeys(field="spec.engine.dtype", keys=("dtype",), write=_written("dtype", _dtype)),
    FieldKeys(
        field="spec.engine.quantization.kvCache",
        keys=("kv_cache_config.dtype",),
        options=("--kv_cache_dtype",),
        write=_written("kv_cache_config.dtype", _cache_format),
        memory=(MemoryEffect.TOKEN,),
    ),
    FieldKeys(
        field="spec.engine.prefixCaching.enabled",
        keys=("kv_cache_config.enable_block_reuse",),
        write=_written("kv_cache_config.enable_block_reuse", lambda setup: setup.engine.prefix_caching),
    ),
    FieldKeys(
        field=spec_host_memory.FIELD,
        keys=(host_cache.KEY,),
        write=host_cache.keys,
        written=spec_host_memory.is_written,
        memory=(MemoryEffect.HOST,),
    ),
    FieldKeys(
        field="spec.engine.speculation",
        keys=("speculative_config",),
        write=speculation.keys,
        memory=(MemoryEffect.DRAFT, MemoryEffect.ACTIVATIONS, MemoryEffect.GRAPHS, MemoryEffect.TOKEN),
    ),
    _count(
        "spec.engine.batching.maxSequences",
        "max_batch_size",
        lambda engine: engine.max_sequences,
        (MemoryEffect.ACTIVATIONS, MemoryEffect.GRAPHS),
    ),
    _count(
        "spec.engine.batching.maxBatchedTokens",
        "max_num_tokens",
        lambda engine: engine.max_batched_tokens,
        (MemoryEffect.ACTIVATIONS,),
    ),
    _count("spec.engine.context.maxTokens", "max_seq_len", lambda engine: engine.max_context_tokens),
    FieldKeys(
        field="spec.engine.memoryUtilization",
        keys=("kv_cache_config.free_gpu_memory_fraction",),
        options=("--free_gpu_memory_fraction", "--kv_cache_free_gpu_memory_fraction"),
        write=_written("kv_cache_config.free_gpu_memory_fraction", lambda setup: setup.engine.memory_utilization),
        memory=(MemoryEffect.BUDGET,),
    ),
    FieldKeys(field="spec.engine.eager", keys=("cuda_graph_config",), write=_eager, memory=(MemoryEffect.GRAPHS,)),
    FieldKeys(
        field="spec.engine.trustRemoteCode",
        keys=("trust_remote_code",),
        options=("--trust_remote_code",),
        write=_written("trust_remote_code", _trusts),
    ),
    FieldKeys(field="spec.engine.adapters", keys=("lora_config",), write=_adapters, memory=(MemoryEffect.ADAPTERS,)),
    FieldKeys(
        field="spec.engine.reasoning",
        keys=("reasoning_parser",),
        options=("--reasoning_parser",),
        write=_written("reasoning_parser", conversation.REASONING.chosen),
    ),
    _degree("spec.parallelism.tensor", "tensor_parallel_size", "--tp_size", lambda one: one.tensor),
    _degree(
        "spec.parallelism.pipeline",
        "pipeline_parallel_size",
        "--pp_size",
        lambda one: one.pipeline,
        (*_SPREAD, MemoryEffect.ACTIVATIONS, MemoryEffect.GRAPHS),
    ),
)
FIELDS: Final = (*COMMAND, *(row.flags for row in KEYS))
"""Every field, with the options that extra arguments may not repeat."""
