"""What a field's row says of memory is what the fit computes: nothing more changes with it, and nothing less."""

import functools
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest

from fairlead.engines.catalogue import ENGINES
from fairlead.engines.field_flags import FieldFlags
from fairlead.engines.memory_effects import MemoryEffect
from fairlead.engines.sglang import field_flags as sglang
from fairlead.engines.tensorrt_llm import field_keys as tensorrt_llm
from fairlead.engines.vllm import field_flags as vllm
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.fit import Fit, MemoryTerm
from fairlead.review import admission
from fairlead.review.context import ReviewContext
from tests.api.full_specs import COUNTED
from tests.review.table import CONTEXT, Object, deployment

OFFLINE: Final = ReviewContext(catalogue=CONTEXT.catalogue)
FIELDS: Final[Mapping[EngineKind, tuple[FieldFlags, ...]]] = {
    EngineKind.VLLM: vllm.FIELDS,
    EngineKind.SGLANG: sglang.FIELDS,
    EngineKind.TENSORRT_LLM: tensorrt_llm.FIELDS,
}
SPEC: Final = {
    "model": {"source": "hf://meta-llama/Llama-3.1-8B-Instruct"},
    "accelerator": {"product": "NVIDIA-H100-80GB-HBM3"},
    "engine": {"context": {"maxTokens": 8192}},
}
SMALL_DRAFT: Final = {"source": "hf://meta-llama/Llama-3.2-1B-Instruct"}
HEAD: Final = {"source": "hf://yuhuili/EAGLE3-LLaMA3.1-Instruct-8B"}
VALUES: Final[Mapping[str, tuple[Object, ...]]] = {
    "spec.model.source": ({"model": {"source": "hf://Qwen/Qwen3-14B"}},),
    "spec.engine.dtype": tuple({"engine": {"dtype": one}} for one in ("float16", "float32")),
    "spec.engine.quantization.weights": tuple(
        {"engine": {"quantization": {"weights": one}}} for one in ("fp8PerTensor", "fp8")
    ),
    "spec.engine.quantization.kvCache": ({"engine": {"quantization": {"kvCache": "fp8"}}},),
    "spec.engine.prefixCaching.enabled": ({"engine": {"prefixCaching": {"enabled": False}}},),
    "spec.engine.prefixCaching.hostMemory": ({"engine": {"prefixCaching": {"hostMemory": "64Gi"}}},),
    "spec.engine.speculation": (
        {"engine": {"speculation": {"method": "ngram", "tokens": 4}}},
        {"engine": {"speculation": {"method": "draftModel", "tokens": 4, "draft": SMALL_DRAFT}}},
        {"engine": {"speculation": {"method": "eagle3", "tokens": 4, "draft": HEAD}}},
    ),
    "spec.engine.sleep.enabled": ({"engine": {"sleep": {"enabled": True}}},),
    "spec.engine.batching.maxSequences": ({"engine": {"batching": {"maxSequences": 64}}},),
    "spec.engine.batching.maxBatchedTokens": ({"engine": {"batching": {"maxBatchedTokens": 32768}}},),
    "spec.engine.batching.cudaGraphTokens": ({"engine": {"batching": {"cudaGraphTokens": 2048}}},),
    "spec.engine.context.maxTokens": ({"engine": {"context": {"maxTokens": 16384}}},),
    "spec.engine.memoryUtilization": ({"engine": {"memoryUtilization": "0.8"}},),
    "spec.engine.eager": ({"engine": {"eager": True}},),
    "spec.engine.lora": ({"engine": {"lora": {"slots": 4, "maxRank": 32}}},),
    "spec.engine.adapters": (
        {"engine": {"adapters": [{"name": "legal", "source": "pvc://adapters/legal", "rank": 32}]}},
    ),
    "spec.engine.tools": ({"engine": {"tools": {"parser": "auto"}}}, {"engine": {"tools": {}}}),
    "spec.engine.chatTemplate": ({"engine": {"chatTemplate": {"configMap": {"name": "t", "key": "chat"}}}},),
    "spec.parallelism.tensor": ({"parallelism": {"tensor": 2}},),
    "spec.parallelism.pipeline": ({"parallelism": {"pipeline": 2}},),
    "spec.parallelism.data": ({"parallelism": {"data": 2}},),
}
"""Other values of a field, if the one of the full spec would not do; each kind takes those that it does not refuse."""
NOT_OF_THIS_MODEL: Final = {
    "spec.model.revision": "a name of the same model",
    "spec.engine.reasoning": "this model does not reason",
}


def values(field: str) -> tuple[Object, ...]:
    """As specs with that field alone."""
    if field in VALUES:
        return VALUES[field]
    path = field.removeprefix("spec.").split(".")
    value = functools.reduce(lambda node, key: node[key], path, COUNTED)
    return (functools.reduce(lambda inner, key: {key: inner}, reversed(path), value),)


def merged(base: Mapping[str, Any], more: Mapping[str, Any]) -> Object:
    """One document with the other's fields over it."""
    found = dict(base)
    for key, value in more.items():
        found[key] = merged(found[key], value) if isinstance(value, dict) and key in found else value
    return found


def fit_of(kind: EngineKind, change: Mapping[str, Any]) -> Fit | None:
    """None if this kind refuses such a spec."""
    spec = merged(merged(SPEC, {"engine": {"kind": kind.value}}), change)
    found = admission.review(deployment(**spec), OFFLINE)
    assert found.refusals or isinstance(found.fit, Fit)
    return None if found.refusals or not isinstance(found.fit, Fit) else found.fit


def differences(kind: EngineKind, before: Fit, after: Fit) -> Iterator[MemoryEffect]:
    """What differs, without what follows from something else."""
    one, two = before.memory, after.memory
    before_by, after_by = one.by_name(), two.by_name()
    terms = {MemoryEffect(term): before_by[term] != after_by[term] for term in MemoryTerm if term is not MemoryTerm.KV}
    yield from (effect for effect, differs in terms.items() if differs)
    follows = ENGINES[kind].memory("").shares_the_rest and any(terms.values())
    if one.budget != two.budget and not follows:
        yield MemoryEffect.BUDGET
    if bytes_of_token(after) != pytest.approx(bytes_of_token(before), rel=1e-3):
        yield MemoryEffect.TOKEN
    if one.host_cache != two.host_cache:
        yield MemoryEffect.HOST


def bytes_of_token(fit: Fit) -> float:
    return fit.memory.kv.likely / fit.kv_tokens.likely


@pytest.mark.parametrize(("kind", "row"), [(kind, row) for kind, rows in FIELDS.items() for row in rows])
def test_a_field_changes_the_memory_that_its_row_names_and_no_other(kind: EngineKind, row: FieldFlags) -> None:
    if row.field in NOT_OF_THIS_MODEL:
        assert row.memory == ()
        return
    plain = fit_of(kind, {})
    assert plain is not None
    accepted = [fit for value in values(row.field) if (fit := fit_of(kind, value)) is not None]
    assert accepted, "each field of a kind has a value that it accepts"
    found = {effect for fit in accepted for effect in differences(kind, plain, fit)}
    assert found == set(row.memory)


def test_longer_cuda_graphs_leave_less_room_for_the_cache() -> None:
    """Of vLLM 0.32 on an H200, 0.20 GiB became 0.27 when the longest went from 256 to 2,048 tokens (gpu.md)."""
    batch = {"engine": {"batching": {"maxSequences": 128}}}
    fits = [fit_of(EngineKind.VLLM, batch), fit_of(EngineKind.VLLM, merged(batch, GRAPHS))]
    short, long = (one.memory for one in fits if one is not None)
    assert long.graphs.likely > short.graphs.likely
    assert short.kv.likely - long.kv.likely == pytest.approx(long.graphs.likely - short.graphs.likely)


GRAPHS: Final = {"engine": {"batching": {"cudaGraphTokens": 2048}}}
