"""KV blocks in main memory: the fit says how many tokens that keeps, and its author is warned where it cannot help."""

from typing import Any

import pytest

from fairlead.fleet.fit import Fit
from fairlead.review import admission
from fairlead.review.context import ReviewContext
from fairlead.review.result import Review
from tests.review.table import CONTEXT, deployment

OFFLINE = ReviewContext(catalogue=CONTEXT.catalogue)
FIELD = "spec.engine.prefixCaching.hostMemory"
GIB = 1 << 30


def reviewed(memory: str | None = "64Gi", *words: str, kind: str = "vLLM", **spec: Any) -> Review:  # noqa: ANN401
    engine = {"kind": kind, "context": {"maxTokens": 8192}, "extraArgs": list(words)}
    if memory is not None:
        engine["prefixCaching"] = {"hostMemory": memory}
    return admission.review(deployment(engine=engine, **spec), OFFLINE)


def warned(found: Review, field: str) -> list[str]:
    return [one.sentence for one in found.warnings if one.field == field]


def test_the_fit_names_the_tokens_that_main_memory_keeps() -> None:
    found = reviewed()
    assert (found.refusals, isinstance(found.fit, Fit)) == ((), True)
    assert found.fit is not None
    assert found.fit.memory is not None
    assert found.fit.memory.host_cache == 64 * GIB
    assert found.fit.because.endswith("; 64.0 GiB of main memory keep blocks of 599,184 tokens"), found.fit.because


def test_two_gpus_keep_as_much_together() -> None:
    found = reviewed(parallelism={"tensor": 2})
    assert found.fit is not None
    assert found.fit.because.endswith("blocks of 599,184 tokens"), found.fit.because


def test_requests_and_limits_that_are_smaller_are_warned_of() -> None:
    small: dict[str, Any] = {"requests": {"memory": "16Gi"}, "limits": {"memory": "24Gi"}}
    for memory, words, name in (("64Gi", (), FIELD), (None, ("--kv-offloading-size=64",), "spec.engine.extraArgs")):
        found = reviewed(memory, *words, resources=small)
        (request,) = warned(found, "spec.resources.requests.memory")
        assert f"16Gi: {name} keeps 64 GiB of KV cache in main memory" in request
        assert "write several GiB more than 64 GiB" in request
        (limit,) = warned(found, "spec.resources.limits.memory")
        assert f"24Gi: the engine is killed above its limit, and its memory includes {name} (64 GiB)" in limit
    enough = {name: {"memory": "80Gi"} for name in ("requests", "limits")}
    found = reviewed(resources=enough)
    assert warned(found, "spec.resources.requests.memory") == warned(found, "spec.resources.limits.memory") == []


def test_shared_memory_that_holds_the_blocks_is_not_counted_twice() -> None:
    shared: dict[str, Any] = {"storage": {"sharedMemory": "66Gi"}, "resources": {"limits": {"memory": "65Gi"}}}
    (limit,) = warned(reviewed(**shared), "spec.resources.limits.memory")
    assert f"includes {FIELD} (64 GiB) and spec.storage.sharedMemory (2 GiB)" in limit
    (beside,) = warned(reviewed(kind="SGLang", **shared), "spec.resources.limits.memory")
    assert f"includes {FIELD} (64 GiB) and spec.storage.sharedMemory (66 GiB)" in beside


@pytest.mark.parametrize(("kind", "memory", "warns"), [("vLLM", "8Gi", True), ("SGLang", "8Gi", True)])
def test_less_than_the_gpus_hold_is_warned_of_where_blocks_are_copies(kind: str, memory: str, *, warns: bool) -> None:
    found = warned(reviewed(memory, kind=kind, accelerator={"product": "NVIDIA-H100-80GB-HBM3"}), FIELD)
    assert bool(found) is warns
    assert all("the engine copies each block to main memory, and its GPUs hold" in one for one in found)


def test_an_engine_that_moves_blocks_gains_from_any_size() -> None:
    small, large = reviewed("8Gi", kind="TensorRT-LLM"), reviewed("640Gi")
    assert warned(small, FIELD) == warned(large, FIELD) == []


def test_an_unknown_model_is_only_measured_against_requests() -> None:
    unknown: dict[str, Any] = {"model": {"source": "hf://somebody/own"}}
    assert warned(reviewed("8Gi", **unknown), FIELD) == []
    assert warned(reviewed(resources={"requests": {"memory": "16Gi"}}, **unknown), "spec.resources.requests.memory")
