"""One row per spec field that becomes a flag of vLLM 0.32: its flags, how they are written, its limits.

These rows yield the command line, the flags that extra arguments may not repeat, the refusals of counts below one, and
two tables of docs/reference/engines.md. A field's type, default and description are in the API's model.
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
from fairlead.engines.vllm import (
    adapters,
    captured_steps,
    conversation,
    defaults,
    formats,
    host_cache,
    speculative_config,
)
from fairlead.engines.vllm.cpu import settings
from fairlead.fleet.quantization import Dtype, KvFormat

CONFIGURATION: Final = "--hf-overrides"
"""Changes fields of the model's configuration."""


def _dtype(setup: EngineSetup) -> str | None:
    return None if setup.engine.dtype is Dtype.AUTO else setup.engine.dtype.value


def _weights(setup: EngineSetup) -> str | None:
    row = formats.WEIGHTS.get(setup.engine.weights)
    return None if row is None else row.flag


def _kv(setup: EngineSetup) -> str | None:
    return None if setup.engine.kv is KvFormat.AUTO else formats.KV[setup.engine.kv]


def _prefix_caching(setup: EngineSetup) -> Arguments:
    return ("--enable-prefix-caching" if setup.engine.prefix_caching else "--no-enable-prefix-caching",)


def _queued(setup: EngineSetup) -> Arguments:
    """vLLM's cap counts running requests too, over all engines of the pod; the field counts only waiting ones."""
    queued = setup.engine.max_queued_requests
    running = defaults.running(setup) * setup.revision.parallelism.data
    return numbered("--max-num-queued-reqs", None if queued is None else queued + running)


def _context(setup: EngineSetup) -> Arguments:
    """By itself vLLM takes a model with LongRoPE for as short as it was before that: `config/model.py`.

    A changed configuration may be shorter than the model, and vLLM would end over a length beyond it.
    """
    has_long_rope = setup.shape is not None and setup.shape.original_positions is not None
    lengthened = has_long_rope and not setup.gives(CONFIGURATION)
    return numbered("--max-model-len", setup.context_tokens if lengthened else setup.engine.max_context_tokens)


def _utilization(setup: EngineSetup) -> str | None:
    """On a processor, our own share where the KV cache is unknown; the field is refused there."""
    share = setup.engine.memory_utilization
    return settings.share(setup) if share is None else f"{share:g}"


def _eager(setup: EngineSetup) -> Arguments:
    """Always on a processor: compiling there calls a C++ compiler at every first start."""
    return ("--enforce-eager",) if setup.engine.eager or setup.on_cpu else ()


def _positional(setup: EngineSetup) -> Arguments:  # noqa: ARG001 - interface
    """The model comes first on the command line, without a flag."""
    return ()


FIELDS: Final = (
    FieldFlags(
        field="spec.model.source",
        flags=("--model",),
        write=_positional,
        memory=(MemoryEffect.WEIGHTS, MemoryEffect.ACTIVATIONS, MemoryEffect.GRAPHS, MemoryEffect.TOKEN),
    ),
    value_row("spec.model.servedName", "--served-model-name", of=lambda setup: setup.revision.model.served_name),
    value_row("spec.model.revision", "--revision", of=lambda setup: setup.revision.model.source.revision),
    value_row(
        "spec.engine.dtype",
        "--dtype",
        of=_dtype,
        memory=(MemoryEffect.WEIGHTS, MemoryEffect.ACTIVATIONS, MemoryEffect.TOKEN),
    ),
    value_row(
        "spec.engine.quantization.weights",
        "--quantization",
        "-q",
        "--quantization-config",
        of=_weights,
        memory=(MemoryEffect.WEIGHTS,),
    ),
    value_row("spec.engine.quantization.kvCache", "--kv-cache-dtype", of=_kv, memory=(MemoryEffect.TOKEN,)),
    FieldFlags(field="spec.engine.prefixCaching.enabled", flags=("--enable-prefix-caching",), write=_prefix_caching),
    FieldFlags(
        field=spec_host_memory.FIELD,
        flags=host_cache.FLAGS,
        write=host_cache.arguments,
        written=spec_host_memory.is_written,
        memory=(MemoryEffect.HOST,),
    ),
    FieldFlags(
        field="spec.engine.speculation",
        flags=("--speculative-config", "-sc", "--spec-method", "--spec-model", "--spec-tokens"),
        write=speculative_config.arguments,
        memory=(MemoryEffect.DRAFT, MemoryEffect.ACTIVATIONS, MemoryEffect.GRAPHS, MemoryEffect.TOKEN),
    ),
    switch_row("spec.engine.sleep.enabled", "--enable-sleep-mode", lambda engine: engine.sleeps),
    count_row(
        "spec.engine.batching.maxSequences",
        "--max-num-seqs",
        lambda engine: engine.max_sequences,
        (MemoryEffect.ACTIVATIONS, MemoryEffect.GRAPHS),
    ),
    count_row(
        "spec.engine.batching.maxBatchedTokens",
        "--max-num-batched-tokens",
        lambda engine: engine.max_batched_tokens,
        (MemoryEffect.ACTIVATIONS,),
    ),
    FieldFlags(
        field=captured_steps.FIELD,
        flags=captured_steps.FLAGS,
        write=captured_steps.arguments,
        count=lambda engine: engine.cuda_graph_tokens,
        written=lambda engine: engine.cuda_graph_tokens is not None,
        memory=(MemoryEffect.GRAPHS,),
    ),
    FieldFlags(
        field="spec.engine.batching.maxQueuedRequests",
        flags=("--max-num-queued-reqs",),
        write=_queued,
        count=lambda engine: engine.max_queued_requests,
    ),
    FieldFlags(
        field="spec.engine.context.maxTokens",
        flags=("--max-model-len",),
        write=_context,
        count=lambda engine: engine.max_context_tokens,
    ),
    value_row(
        "spec.engine.memoryUtilization",
        "--gpu-memory-utilization",
        "--device-memory-utilization",
        of=_utilization,
        memory=(MemoryEffect.BUDGET,),
    ),
    FieldFlags(field="spec.engine.eager", flags=("--enforce-eager",), write=_eager, memory=(MemoryEffect.GRAPHS,)),
    switch_row("spec.engine.trustRemoteCode", "--trust-remote-code", lambda engine: engine.trust_remote_code),
    FieldFlags(
        field="spec.engine.lora",
        flags=("--enable-lora", "--max-loras", "--max-cpu-loras", "--max-lora-rank"),
        write=lambda setup: adapters.slots(setup.engine),
        memory=(MemoryEffect.ADAPTERS,),
    ),
    FieldFlags(
        field="spec.engine.adapters",
        flags=("--lora-modules",),
        write=lambda setup: adapters.modules(setup.engine),
        memory=(MemoryEffect.ADAPTERS,),
    ),
    FieldFlags(
        field="spec.engine.tools",
        flags=("--tool-call-parser", "--enable-auto-tool-choice"),
        write=conversation.tools,
        written=lambda engine: engine.tools is not None,
    ),
    FieldFlags(
        field="spec.engine.reasoning",
        flags=("--reasoning-parser",),
        write=conversation.reasoning,
        written=lambda engine: engine.reasoning is not None,
    ),
    FieldFlags(
        field="spec.engine.chatTemplate",
        flags=("--chat-template",),
        write=conversation.template,
        written=lambda engine: engine.chat_template is not None,
    ),
    degree_row(
        "spec.parallelism.tensor",
        "--tensor-parallel-size",
        "-tp",
        of=lambda setup: setup.revision.parallelism.tensor,
        memory=(MemoryEffect.WEIGHTS, MemoryEffect.FRAMEWORK, MemoryEffect.TOKEN),
    ),
    degree_row(
        "spec.parallelism.pipeline",
        "--pipeline-parallel-size",
        "-pp",
        of=lambda setup: setup.revision.parallelism.pipeline,
        memory=(
            MemoryEffect.WEIGHTS,
            MemoryEffect.ACTIVATIONS,
            MemoryEffect.GRAPHS,
            MemoryEffect.FRAMEWORK,
            MemoryEffect.TOKEN,
        ),
    ),
    degree_row(
        "spec.parallelism.data", "--data-parallel-size", "-dp", of=lambda setup: setup.revision.parallelism.data
    ),
)
"""In the order of the command line."""
