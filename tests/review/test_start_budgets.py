"""How long a start may take: as long as the rollout waits for it, whatever the weights should take."""

from typing import Any, Final

import pytest

from fairlead.fleet.engine_launch import EngineLaunch
from fairlead.review import admission, engine_timing
from tests.review.table import CONTEXT, deployment

COMPUTED: Final = 742
"""Seconds of an 8B model: twice its weights at 100 MB/s, and 420 s."""


def launched(**spec: Any) -> EngineLaunch:  # noqa: ANN401  # any field of a spec
    """How a replica is started."""
    engine = {"context": {"maxTokens": 8192}} | spec.pop("engine", {})
    model = {"source": "hf://meta-llama/Llama-3.1-8B-Instruct"}
    review = admission.review(deployment(model=model, engine=engine, **spec), CONTEXT)
    assert review.engine is not None
    assert review.setup is not None
    return review.engine.launch(review.setup, engine_timing.of(review))


def budget(**spec: Any) -> int:  # noqa: ANN401  # any field of a spec
    """Seconds until the kubelet ends a start."""
    return launched(**spec).probes.startup.allowed_seconds


@pytest.mark.parametrize("kind", ["vLLM", "SGLang", "TensorRT-LLM", "Simulated"])
def test_a_longer_deadline_gives_each_start_as_long(kind: str) -> None:
    assert budget(engine={"kind": kind}, rollout={"progressDeadlineSeconds": 86_400}) == 86_400


def test_without_a_deadline_a_start_has_the_default_one() -> None:
    assert budget() == 1800


def test_a_deadline_shorter_than_the_weights_take_ends_no_start() -> None:
    assert budget(rollout={"progressDeadlineSeconds": 60}) == COMPUTED


def test_the_engine_waits_for_its_own_processes_as_long() -> None:
    given = {one.name: one.value for one in launched(rollout={"progressDeadlineSeconds": 7200}).environment}
    assert given["VLLM_ENGINE_READY_TIMEOUT_S"] == "7200"


@pytest.mark.parametrize("kind", ["vLLM", "SGLang"])
def test_weights_that_stay_in_main_memory_are_read_too(kind: str) -> None:
    """A model of which half stays beside the GPU had half the time to start, and was ended while it still read."""
    soon = {"progressDeadlineSeconds": 60}
    whole, parted = (
        budget(engine={"kind": kind, "extraArgs": words}, rollout=soon) for words in ([], ["--cpu-offload-gb=8"])
    )
    assert parted == whole


def test_a_format_made_while_loading_is_made_of_a_checkpoint_in_16_bits() -> None:
    """A quarter of the bytes were counted for MXFP4, though the engine reads the same files."""
    for weights in ("fp8PerTensor", "mxfp8", "mxfp4"):
        made = {"quantization": {"weights": weights}}
        found = budget(engine=made, rollout={"progressDeadlineSeconds": 60})
        assert COMPUTED <= found < 2 * COMPUTED, weights
