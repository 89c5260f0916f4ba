"""A desired engine as vLLM 0.32's command line: each typed field has its own flags, extra arguments come last."""

import json
from collections.abc import Callable
from typing import Any, Final

from fairlead.engines import weight_paths
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.vllm import adapters, conversation, defaults, formats, http_api
from fairlead.fleet.desired_state import ModelSource, SpeculationMethod
from fairlead.fleet.quantization import Dtype, KvFormat

METHODS: Final = {
    SpeculationMethod.NGRAM: "ngram",
    SpeculationMethod.DRAFT_MODEL: "draft_model",
    SpeculationMethod.EAGLE3: "eagle3",
    SpeculationMethod.MTP: "mtp",
}

Arguments = tuple[str, ...]


def command(asked: EngineSetup, drain_seconds: int) -> Arguments:
    """The whole command. The model stands first: a second bare word would end the parser with an error.

    One API server, whatever the data parallelism: vLLM's default is one an engine, and several cut replies at shutdown.
    """
    own = (argument for part in FIELDS.values() for argument in part(asked))
    return (
        "vllm",
        "serve",
        weight_paths.path_to_open(asked.wanted.model.source, weight_paths.MODEL),
        *("--host", "0.0.0.0"),  # noqa: S104 - a pod's address is not known before it runs
        *("--port", str(http_api.API.port)),
        *("--api-server-count", "1"),
        *("--shutdown-timeout", str(drain_seconds)),
        *own,
        *asked.engine.extra_args,
    )


def _served_name(asked: EngineSetup) -> Arguments:
    return ("--served-model-name", asked.wanted.model.served_name)


def _revision(asked: EngineSetup) -> Arguments:
    return _maybe("--revision", asked.wanted.model.source.revision)


def _dtype(asked: EngineSetup) -> Arguments:
    return () if asked.engine.dtype is Dtype.AUTO else ("--dtype", asked.engine.dtype.value)


def _weights(asked: EngineSetup) -> Arguments:
    row = formats.WEIGHTS.get(asked.engine.weights)
    return () if row is None else ("--quantization", row.flag)


def _kv(asked: EngineSetup) -> Arguments:
    return () if asked.engine.kv is KvFormat.AUTO else ("--kv-cache-dtype", formats.KV[asked.engine.kv])


def _prefix_caching(asked: EngineSetup) -> Arguments:
    return ("--enable-prefix-caching" if asked.engine.prefix_caching else "--no-enable-prefix-caching",)


def _speculation(asked: EngineSetup) -> Arguments:
    speculation = asked.engine.speculation
    method = METHODS.get(speculation.method)
    if method is None:
        return ()
    config: dict[str, Any] = {"method": method}
    config |= _draft(speculation.draft)
    tokens = draft_tokens(asked)
    config["num_speculative_tokens"] = tokens
    if speculation.max_concurrency is not None:
        config["num_speculative_tokens_per_batch_size"] = _schedule(speculation.max_concurrency, tokens)
    if speculation.lookup_min is not None:
        config["prompt_lookup_min"] = speculation.lookup_min
    if speculation.lookup_max is not None:
        config["prompt_lookup_max"] = speculation.lookup_max
    return ("--speculative-config", json.dumps(config, separators=(",", ":")))


def draft_tokens(asked: EngineSetup) -> int:
    """As the spec sets it; `mtp` without a number proposes one token with each MTP layer of the model.

    vLLM 0.32 reads that number from the model only when a draft is named, and ends its start otherwise.
    """
    speculation = asked.engine.speculation
    if speculation.tokens == 0 and speculation.method is SpeculationMethod.MTP:
        return asked.shape.mtp_layers if asked.shape and asked.shape.mtp_layers else 1
    return speculation.tokens


def _draft(draft: ModelSource | None) -> dict[str, str]:
    if draft is None:
        return {}
    revision = {"revision": draft.revision} if draft.revision else {}
    return {"model": weight_paths.path_to_open(draft, weight_paths.DRAFT)} | revision


def _schedule(most: int, tokens: int) -> list[list[int]]:
    """Draft up to `most` running requests and not above; vLLM applies the last row to any larger batch."""
    return [[1, most, tokens], [most + 1, most + 1, 0]]


def _sleep(asked: EngineSetup) -> Arguments:
    return ("--enable-sleep-mode",) if asked.engine.sleeps else ()


def _sequences(asked: EngineSetup) -> Arguments:
    return _maybe("--max-num-seqs", asked.engine.max_sequences)


def _batched_tokens(asked: EngineSetup) -> Arguments:
    return _maybe("--max-num-batched-tokens", asked.engine.max_batched_tokens)


def _queued(asked: EngineSetup) -> Arguments:
    """vLLM's cap counts running requests too, over all engines of the pod; the field counts those that wait."""
    queued = asked.engine.max_queued_requests
    if queued is None:
        return ()
    running = defaults.sequences(asked) * asked.wanted.parallelism.data
    return ("--max-num-queued-reqs", str(queued + running))


def _context(asked: EngineSetup) -> Arguments:
    return _maybe("--max-model-len", asked.engine.max_context_tokens)


def _utilization(asked: EngineSetup) -> Arguments:
    share = asked.engine.memory_utilization
    return () if share is None else ("--gpu-memory-utilization", f"{share:g}")


def _eager(asked: EngineSetup) -> Arguments:
    return ("--enforce-eager",) if asked.engine.eager else ()


def _trust(asked: EngineSetup) -> Arguments:
    return ("--trust-remote-code",) if asked.engine.trust_remote_code else ()


def _adapters(asked: EngineSetup) -> Arguments:
    return adapters.arguments(asked.engine.adapters)


def _tensor(asked: EngineSetup) -> Arguments:
    return _spread("--tensor-parallel-size", asked.wanted.parallelism.tensor)


def _pipeline(asked: EngineSetup) -> Arguments:
    return _spread("--pipeline-parallel-size", asked.wanted.parallelism.pipeline)


def _data(asked: EngineSetup) -> Arguments:
    return _spread("--data-parallel-size", asked.wanted.parallelism.data)


def _maybe(flag: str, value: str | int | None) -> Arguments:
    return () if value is None else (flag, str(value))


def _spread(flag: str, degree: int) -> Arguments:
    return () if degree == 1 else (flag, str(degree))


FIELDS: Final[dict[str, Callable[[EngineSetup], Arguments]]] = {
    "spec.model.servedName": _served_name,
    "spec.model.revision": _revision,
    "spec.engine.dtype": _dtype,
    "spec.engine.quantization.weights": _weights,
    "spec.engine.quantization.kvCache": _kv,
    "spec.engine.prefixCaching.enabled": _prefix_caching,
    "spec.engine.speculation": _speculation,
    "spec.engine.sleep.enabled": _sleep,
    "spec.engine.batching.maxSequences": _sequences,
    "spec.engine.batching.maxBatchedTokens": _batched_tokens,
    "spec.engine.batching.maxQueuedRequests": _queued,
    "spec.engine.context.maxTokens": _context,
    "spec.engine.memoryUtilization": _utilization,
    "spec.engine.eager": _eager,
    "spec.engine.trustRemoteCode": _trust,
    "spec.engine.adapters": _adapters,
    "spec.engine.tools": conversation.tools,
    "spec.engine.reasoning": conversation.reasoning,
    "spec.engine.chatTemplate": conversation.template,
    "spec.parallelism.tensor": _tensor,
    "spec.parallelism.pipeline": _pipeline,
    "spec.parallelism.data": _data,
}
