"""A memory limit under which the kernel would kill the engine for certain is warned of before it does."""

from typing import Any

import pytest

from fairlead.review import admission
from fairlead.review.context import ReviewContext
from tests.review.table import CONTEXT, deployment, gateway

OFFLINE = ReviewContext(catalogue=CONTEXT.catalogue)
ASLEEP = {"context": {"maxTokens": 8192}, "sleep": {"enabled": True}}
LLAMA = {"source": "hf://meta-llama/Llama-3.1-8B-Instruct"}


def warned(limit: str | None, **spec: Any) -> list[str]:  # noqa: ANN401  # any field of a spec
    """The warnings about the engine's memory limit."""
    limited = {"resources": {"limits": {"memory": limit}}} if limit else {}
    given = {"model": LLAMA, "accelerator": {"product": "NVIDIA-H100-80GB-HBM3"}} | limited | spec
    found = admission.review(deployment(**given), OFFLINE)
    assert found.refusals == ()
    return [one.sentence for one in found.warnings if one.field == "spec.resources.limits.memory"]


def test_weights_that_sleep_in_main_memory_need_room_there() -> None:
    (found,) = warned("8Gi", engine=ASLEEP)
    assert found.startswith(
        "spec.resources.limits.memory: 8Gi: the engine is killed above its limit, "
        "and its memory includes weights asleep (15 GiB)"
    )
    assert found.endswith("write several GiB more than 15 GiB, since the engine's processes need memory too")


def test_shared_memory_counts_as_memory_of_the_pod() -> None:
    (found,) = warned("8Gi", storage={"sharedMemory": "12Gi"}, engine=ASLEEP)
    assert "includes weights asleep (15 GiB) and spec.storage.sharedMemory (12 GiB); write" in found
    (awake,) = warned("8Gi", storage={"sharedMemory": "12Gi"})
    assert "includes spec.storage.sharedMemory (12 GiB); write" in awake


def test_a_small_limit_is_shown_as_it_is_written() -> None:
    (engine,) = warned("10Mi", storage={"sharedMemory": "1Gi"})
    assert engine.startswith("spec.resources.limits.memory: 10Mi: ")
    warnings = admission.review(deployment(router={"resources": {"limits": {"memory": "64Mi"}}}), OFFLINE).warnings
    (router,) = (one for one in warnings if one.field == "spec.router.resources.limits.memory")
    assert router.sentence.startswith("spec.router.resources.limits.memory: 64Mi: a router needs 128 MiB")


@pytest.mark.parametrize(
    ("limit", "spec"),
    [
        (None, {"engine": ASLEEP}),
        ("64Gi", {"engine": ASLEEP}),
        ("8Gi", {}),
        ("8Gi", {"engine": ASLEEP | {"kind": "Simulated"}}),
        ("8Gi", {"engine": ASLEEP, "model": {"source": "hf://somebody/unknown"}}),
    ],
    ids=["unlimited", "enough", "never asleep", "nothing to move", "unknown weights"],
)
def test_nothing_is_said_of_a_limit_that_may_do(limit: str | None, spec: dict[str, Any]) -> None:
    assert warned(limit, **spec) == []


CACHED = {"cache": {"enabled": True, "maxSize": "1Gi"}}


@pytest.mark.parametrize(
    ("router", "least"),
    [({}, None), ({"resources": {"limits": {"memory": "64Mi"}}}, 128), ({"resources": {"limits": {"cpu": 1}}}, None)]
    + [
        (CACHED | {"resources": {"limits": {"memory": limit}}}, least)
        for limit, least in (("1Gi", 1152), ("2Gi", None))
    ],
)
def test_a_router_needs_memory_for_itself_and_for_the_answers_it_caches(
    router: dict[str, Any], least: int | None
) -> None:
    own = admission.review(deployment(router=router), OFFLINE).warnings
    shared = admission.review(gateway(**router), OFFLINE).warnings
    for field, warnings in (("spec.router", own), ("spec", shared)):
        found = [one for one in warnings if one.field == f"{field}.resources.limits.memory"]
        assert [f"a router needs {least} MiB" in one.because for one in found] == ([True] if least else [])
