"""One row for each field of a spec that becomes a flag of vLLM 0.32: its flags, how they are written, its limits.

From these rows come the command line, the flags that extra arguments may not repeat, the refusals of counts below
one, and two tables of docs/reference/engines.md. Type, default and description of a field are in the API's model.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.vllm import adapters, conversation, defaults, formats, speculative_config
from fairlead.engines.vllm.cpu import settings
from fairlead.fleet.desired_state import DesiredEngine
from fairlead.fleet.quantization import Dtype, KvFormat

Arguments = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldFlags:
    """One field, and the flags that no other field and no extra argument may set."""

    field: str
    flags: Arguments
    """With short names and synonyms."""
    write: Callable[[EngineSetup], Arguments]
    """Its arguments; none where vLLM's own default applies."""
    count: Callable[[DesiredEngine], int | None] | None = None
    """A number that must not be below one."""
    written: Callable[[DesiredEngine], bool] | None = None
    """For fields that came when users already gave their flags: these stay free until the field is written."""


def _value(field: str, *flags: str, of: Callable[[EngineSetup], str | None]) -> FieldFlags:
    """The first flag and a value, where there is one."""
    return FieldFlags(
        field=field, flags=flags, write=lambda setup: () if (text := of(setup)) is None else (flags[0], text)
    )


def _count(field: str, flag: str, of: Callable[[DesiredEngine], int | None]) -> FieldFlags:
    """A count that the flag takes as it stands in the spec."""
    return FieldFlags(field=field, flags=(flag,), count=of, write=lambda setup: _number(flag, of(setup.engine)))


def _switch(field: str, flag: str, of: Callable[[DesiredEngine], bool]) -> FieldFlags:
    """A flag without a value."""
    return FieldFlags(field=field, flags=(flag,), write=lambda setup: (flag,) if of(setup.engine) else ())


def _degree(field: str, *flags: str, of: Callable[[EngineSetup], int]) -> FieldFlags:
    """Over how many GPUs something is spread; one is vLLM's default."""
    return FieldFlags(
        field=field, flags=flags, write=lambda setup: () if of(setup) == 1 else (flags[0], str(of(setup)))
    )


def _number(flag: str, number: int | None) -> Arguments:
    return () if number is None else (flag, str(number))


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
    """vLLM's cap counts running requests too, over all engines of the pod; the field counts those that wait."""
    queued = setup.engine.max_queued_requests
    running = defaults.sequences(setup) * setup.wanted.parallelism.data
    return _number("--max-num-queued-reqs", None if queued is None else queued + running)


def _utilization(setup: EngineSetup) -> str | None:
    """On a processor ours, where no KV cache can be told; the field is refused there."""
    share = setup.engine.memory_utilization
    return settings.share(setup) if share is None else f"{share:g}"


def _eager(setup: EngineSetup) -> Arguments:
    """On a processor always: compiling there calls a C++ compiler at every first start."""
    return ("--enforce-eager",) if setup.engine.eager or setup.on_cpu else ()


def _adapters(setup: EngineSetup) -> Arguments:
    return adapters.arguments(setup.engine.adapters)


def _positional(setup: EngineSetup) -> Arguments:  # noqa: ARG001 - the interface's
    """The model stands first on the command line, without a flag."""
    return ()


FIELDS: Final = (
    FieldFlags(field="spec.model.source", flags=("--model",), write=_positional),
    _value("spec.model.servedName", "--served-model-name", of=lambda setup: setup.wanted.model.served_name),
    _value("spec.model.revision", "--revision", of=lambda setup: setup.wanted.model.source.revision),
    _value("spec.engine.dtype", "--dtype", of=_dtype),
    _value("spec.engine.quantization.weights", "--quantization", "-q", "--quantization-config", of=_weights),
    _value("spec.engine.quantization.kvCache", "--kv-cache-dtype", of=_kv),
    FieldFlags(field="spec.engine.prefixCaching.enabled", flags=("--enable-prefix-caching",), write=_prefix_caching),
    FieldFlags(
        field="spec.engine.speculation",
        flags=("--speculative-config", "-sc", "--spec-method", "--spec-model", "--spec-tokens"),
        write=speculative_config.arguments,
    ),
    _switch("spec.engine.sleep.enabled", "--enable-sleep-mode", lambda engine: engine.sleeps),
    _count("spec.engine.batching.maxSequences", "--max-num-seqs", lambda engine: engine.max_sequences),
    _count(
        "spec.engine.batching.maxBatchedTokens", "--max-num-batched-tokens", lambda engine: engine.max_batched_tokens
    ),
    FieldFlags(
        field="spec.engine.batching.maxQueuedRequests",
        flags=("--max-num-queued-reqs",),
        write=_queued,
        count=lambda engine: engine.max_queued_requests,
    ),
    _count("spec.engine.context.maxTokens", "--max-model-len", lambda engine: engine.max_context_tokens),
    _value("spec.engine.memoryUtilization", "--gpu-memory-utilization", "--device-memory-utilization", of=_utilization),
    FieldFlags(field="spec.engine.eager", flags=("--enforce-eager",), write=_eager),
    _switch("spec.engine.trustRemoteCode", "--trust-remote-code", lambda engine: engine.trust_remote_code),
    FieldFlags(
        field="spec.engine.adapters",
        flags=("--enable-lora", "--lora-modules", "--max-loras", "--max-cpu-loras", "--max-lora-rank"),
        write=_adapters,
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
    _degree(
        "spec.parallelism.tensor", "--tensor-parallel-size", "-tp", of=lambda setup: setup.wanted.parallelism.tensor
    ),
    _degree(
        "spec.parallelism.pipeline",
        "--pipeline-parallel-size",
        "-pp",
        of=lambda setup: setup.wanted.parallelism.pipeline,
    ),
    _degree("spec.parallelism.data", "--data-parallel-size", "-dp", of=lambda setup: setup.wanted.parallelism.data),
)
"""In the order of the command line."""
