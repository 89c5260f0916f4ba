"""One row per spec field that becomes flags of SGLang 0.5.23: its flags, how they are written, its limits.

`limits` refuses the fields that SGLang cannot express; together the two tables name every field.
"""

from typing import Final

from fairlead.engines import spec_host_memory
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.field_flags import (
    Arguments,
    FieldFlags,
    count_row,
    degree_row,
    numbered,
    switch_row,
    value_row,
)
from fairlead.engines.memory_effects import MemoryEffect
from fairlead.engines.sglang import adapters, conversation, extra_arg_checks, formats, host_cache, speculation
from fairlead.fleet.quantization import Dtype, WeightFormat


def _dtype(setup: EngineSetup) -> str | None:
    return None if setup.engine.dtype is Dtype.AUTO else setup.engine.dtype.value


def _weights(setup: EngineSetup) -> str | None:
    """Only what the checkpoint does not say itself: for a stored format SGLang chooses the kernel better without the
    flag."""
    wanted, shape = setup.engine.weights, setup.shape
    row = formats.WEIGHTS.get(wanted)
    if row is None or (shape is not None and shape.stored.format is not WeightFormat.NONE):
        return None
    return row.flag


def _prefix_caching(setup: EngineSetup) -> Arguments:
    return () if setup.engine.prefix_caching else ("--disable-radix-cache",)


def _queued(setup: EngineSetup) -> Arguments:
    """SGLang's cap is that of one scheduler, the field is per replica; both count waiting requests. Each copy has a
    scheduler, and each rank of attention has one."""
    queued = setup.engine.max_queued_requests
    schedulers = max(1, setup.revision.parallelism.data) * extra_arg_checks.attention_degree(setup)
    return numbered("--max-queued-requests", None if queued is None else max(1, -(-queued // schedulers)))


def _share(setup: EngineSetup) -> str | None:
    share = setup.engine.memory_utilization
    return None if share is None else f"{share:g}"


def _eager(setup: EngineSetup) -> Arguments:
    """Always on a processor: what takes the graphs' place there is compiled."""
    eager = setup.engine.eager or setup.on_cpu
    return ("--disable-decode-cuda-graph", "--disable-prefill-cuda-graph") if eager else ()


def _adapters(setup: EngineSetup) -> Arguments:
    return adapters.arguments(setup.engine.adapters)


def _positional(setup: EngineSetup) -> Arguments:  # noqa: ARG001 - interface
    """The model comes first on the command line, without a flag."""
    return ()


FIELDS: Final = (
    FieldFlags(
        field="spec.model.source",
        flags=("--model-path", "--model"),
        write=_positional,
        memory=(MemoryEffect.WEIGHTS, MemoryEffect.TOKEN),
    ),
    value_row("spec.model.servedName", "--served-model-name", of=lambda setup: setup.revision.model.served_name),
    value_row("spec.model.revision", "--revision", of=lambda setup: setup.revision.model.source.revision),
    value_row("spec.engine.dtype", "--dtype", of=_dtype, memory=(MemoryEffect.WEIGHTS, MemoryEffect.TOKEN)),
    value_row("spec.engine.quantization.weights", "--quantization", of=_weights, memory=(MemoryEffect.WEIGHTS,)),
    value_row(
        "spec.engine.quantization.kvCache",
        "--kv-cache-dtype",
        of=lambda setup: formats.KV.get(setup.engine.kv),
        memory=(MemoryEffect.TOKEN,),
    ),
    FieldFlags(field="spec.engine.prefixCaching.enabled", flags=("--disable-radix-cache",), write=_prefix_caching),
    FieldFlags(
        field=spec_host_memory.FIELD,
        flags=host_cache.FLAGS,
        write=host_cache.arguments,
        written=spec_host_memory.is_written,
        memory=(MemoryEffect.HOST,),
    ),
    FieldFlags(
        field="spec.engine.speculation",
        flags=(
            "--speculative-algorithm",
            "--speculative-draft-model-path",
            "--speculative-draft-model",
            "--speculative-draft-model-revision",
            "--speculative-num-steps",
            "--speculative-eagle-topk",
            "--speculative-num-draft-tokens",
            "--speculative-ngram-max-bfs-breadth",
        ),
        write=speculation.arguments,
        memory=(MemoryEffect.DRAFT, MemoryEffect.TOKEN),
    ),
    count_row(
        "spec.engine.batching.maxSequences",
        "--max-running-requests",
        lambda engine: engine.max_sequences,
        (MemoryEffect.BUDGET,),
    ),
    count_row(
        "spec.engine.batching.maxBatchedTokens",
        "--chunked-prefill-size",
        lambda engine: engine.max_batched_tokens,
        (MemoryEffect.BUDGET,),
    ),
    FieldFlags(
        field="spec.engine.batching.maxQueuedRequests",
        flags=("--max-queued-requests",),
        write=_queued,
        count=lambda engine: engine.max_queued_requests,
    ),
    count_row("spec.engine.context.maxTokens", "--context-length", lambda engine: engine.max_context_tokens),
    value_row("spec.engine.memoryUtilization", "--mem-fraction-static", of=_share, memory=(MemoryEffect.BUDGET,)),
    FieldFlags(
        field="spec.engine.eager",
        flags=("--disable-decode-cuda-graph", "--disable-prefill-cuda-graph", "--disable-cuda-graph"),
        write=_eager,
        memory=(MemoryEffect.BUDGET,),
    ),
    switch_row("spec.engine.trustRemoteCode", "--trust-remote-code", lambda engine: engine.trust_remote_code),
    FieldFlags(
        field="spec.engine.adapters",
        flags=("--enable-lora", "--lora-paths", "--max-loras-per-batch", "--max-lora-rank"),
        write=_adapters,
        memory=(MemoryEffect.ADAPTERS,),
    ),
    FieldFlags(field="spec.engine.tools", flags=("--tool-call-parser",), write=conversation.tools),
    FieldFlags(field="spec.engine.reasoning", flags=("--reasoning-parser",), write=conversation.reasoning),
    FieldFlags(field="spec.engine.chatTemplate", flags=("--chat-template",), write=conversation.template),
    degree_row(
        "spec.parallelism.tensor",
        "--tp-size",
        "--tensor-parallel-size",
        of=lambda one: one.revision.parallelism.tensor,
        memory=(MemoryEffect.BUDGET, MemoryEffect.WEIGHTS, MemoryEffect.FRAMEWORK, MemoryEffect.TOKEN),
    ),
    degree_row(
        "spec.parallelism.pipeline",
        "--pp-size",
        "--pipeline-parallel-size",
        of=lambda one: one.revision.parallelism.pipeline,
        memory=(MemoryEffect.BUDGET, MemoryEffect.WEIGHTS, MemoryEffect.FRAMEWORK, MemoryEffect.TOKEN),
    ),
    degree_row(
        "spec.parallelism.data", "--dp-size", "--data-parallel-size", of=lambda one: one.revision.parallelism.data
    ),
)
"""In the order of the command line."""
