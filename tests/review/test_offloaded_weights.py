"""A model that fits only with weights in main memory is accepted, and its author is warned of what that costs."""

from typing import Any

from fairlead.fleet.fit import Fit
from fairlead.review import admission
from fairlead.review.context import ReviewContext
from fairlead.review.result import Review
from tests.review.table import CONTEXT, deployment

OFFLINE = ReviewContext(catalogue=CONTEXT.catalogue)
LARGE = {"source": "hf://Qwen/Qwen3-14B"}
"""27.5 GiB of weights, on a GPU of 24 GB."""


def reviewed(*words: str, kind: str = "vLLM", **spec: Any) -> Review:  # noqa: ANN401  # any field of a spec
    engine = {"kind": kind, "context": {"maxTokens": 8192}, "batching": {"maxSequences": 16}, "extraArgs": list(words)}
    return admission.review(
        deployment(model=LARGE, accelerator={"product": "NVIDIA-L4"}, engine=engine, **spec), OFFLINE
    )


def warned(found: Review, field: str) -> list[str]:
    return [one.sentence for one in found.warnings if one.field == field]


def test_weights_in_main_memory_are_not_counted_against_the_gpu() -> None:
    for kind in ("vLLM", "SGLang"):
        assert [one.reason for one in reviewed(kind=kind).refusals] == ["DoesNotFit"]
        found = reviewed("--cpu-offload-gb=12", kind=kind)
        assert (found.refusals, isinstance(found.fit, Fit)) == ((), True)
        assert found.setup is not None
        assert found.setup.offloaded_bytes == 12 << 30


def test_the_time_that_steps_wait_for_them_is_named() -> None:
    (one,) = warned(reviewed("--cpu-offload-gb=12"), "spec.engine.extraArgs")
    assert one.startswith("spec.engine.extraArgs: --cpu-offload-gb: each step reads 12 GiB of weights from main memory")
    assert "in about 644 ms; plans and simulations leave this out" in one


def test_requests_and_limits_that_are_smaller_are_warned_of() -> None:
    small = {"requests": {"memory": "4Gi"}, "limits": {"memory": "6Gi"}}
    found = reviewed("--cpu-offload-gb=12", resources=small)
    (request,) = warned(found, "spec.resources.requests.memory")
    assert "4Gi: --cpu-offload-gb keeps 12 GiB of weights in main memory" in request
    (limit,) = warned(found, "spec.resources.limits.memory")
    assert "6Gi: the engine is killed above its limit, and its memory includes --cpu-offload-gb (12 GiB)" in limit
    enough = {name: {"memory": "16Gi"} for name in ("requests", "limits")}
    found = reviewed("--cpu-offload-gb=12", resources=enough)
    assert warned(found, "spec.resources.requests.memory") == warned(found, "spec.resources.limits.memory") == []


def test_a_request_far_below_a_gib_is_shown_as_it_is_written() -> None:
    (request,) = warned(
        reviewed("--cpu-offload-gb=12", resources={"requests": {"memory": "10Mi"}}), "spec.resources.requests.memory"
    )
    assert "10Mi: --cpu-offload-gb keeps 12 GiB" in request


def test_an_amount_that_no_node_has_moves_all_weights_and_raises_nothing() -> None:
    found = reviewed("--cpu-offload-gb=1e300")
    assert isinstance(found.fit, Fit)
    assert found.refusals == ()


def test_a_simulated_engine_keeps_no_weights_anywhere() -> None:
    small = {"requests": {"memory": "1Gi"}, "limits": {"memory": "1Gi"}}
    found = reviewed("--cpu-offload-gb=12", kind="Simulated", resources=small)
    assert found.refusals == ()
    assert warned(found, "spec.resources.requests.memory") == warned(found, "spec.resources.limits.memory") == []
