"""Why a pod does not start: what the kubelet says and the engine's last words, without anything that moves."""

from typing import Any

import pytest

from fairlead.cluster.kinds import Manifest
from fairlead.controller import pod_troubles
from fairlead.fleet.conditions import ConditionReason as Why
from fairlead.fleet.troubles import Trouble


def pod(status: Manifest, *, first: bool = False) -> Manifest:
    """A pod with one container that says something of itself; or the one before it."""
    return {"metadata": {"name": "p"}, "status": {"initContainerStatuses" if first else "containerStatuses": [status]}}


def ended(message: str, **more: Any) -> Manifest:  # noqa: ANN401  # a container's end
    """A container that ended."""
    return {"state": {"terminated": {"exitCode": 1, "message": message} | more}}


@pytest.mark.parametrize(
    ("status", "reason", "said"),
    [
        ({"image": "a:1", "state": {"waiting": {"reason": "ErrImagePull"}}}, Why.IMAGE_NOT_PULLED, "image a:1"),
        ({"state": {"waiting": {"reason": "CreateContainerError"}}}, Why.CANNOT_START, "CreateContainerError"),
        (ended("", reason="OOMKilled"), Why.OUT_OF_MEMORY, "the kernel ended the engine"),
        (ended("huggingface: 401 Client Error"), Why.ACCESS_DENIED, "accept the licence"),
        (ended("RepositoryNotFoundError"), Why.MODEL_NOT_FOUND, "branches move"),
        (ended("ValueError: No available memory for the cache blocks"), Why.OUT_OF_GPU_MEMORY, "quantize"),
        (ended("error: argument --dtype: invalid choice: 'x'"), Why.BAD_ARGUMENTS, "invalid choice"),
        (ended("Traceback\n  File x\nRuntimeError: boom\n\n"), Why.CRASH_LOOP, "code 1: RuntimeError: boom"),
        (ended(""), Why.CRASH_LOOP, "no last words"),
    ],
)
@pytest.mark.parametrize("first", [False, True])
def test_every_end_has_a_reason_and_a_remedy(status: Manifest, reason: Why, said: str, first: bool) -> None:
    found = pod_troubles.trouble(pod(status, first=first))
    assert found is not None
    assert (found.pod, found.reason) == ("p", reason)
    assert said in found.message


@pytest.mark.parametrize(
    "status",
    [
        {},
        {"state": {"waiting": {"reason": "ContainerCreating"}}},
        {"state": {"running": {}}},
        {"ready": True, "lastState": {"terminated": {"exitCode": 1, "message": "once"}}},
    ],
)
def test_a_pod_that_may_need_time_has_no_trouble(status: Manifest) -> None:
    assert pod_troubles.trouble(pod(status)) is None
    assert pod_troubles.trouble({"metadata": {"name": "p"}}) is None


def test_the_last_end_counts_while_the_container_waits_or_runs_again() -> None:
    last = {"lastState": {"terminated": {"exitCode": 139, "message": "Segmentation fault"}}}
    words = "the engine ended with code 139: Segmentation fault; kubectl logs shows more"
    states: tuple[Manifest, ...] = ({"waiting": {"reason": "CrashLoopBackOff"}}, {"running": {}})
    for state in states:
        found = pod_troubles.trouble(pod(last | {"state": state}))
        assert found == Trouble(pod="p", reason=Why.CRASH_LOOP, message=words)


def test_what_differs_from_one_try_to_the_next_is_left_out() -> None:
    """P29: times, process numbers and addresses."""
    lines = ("2026-11-20 12:00:01,123 (pid=17) at 0xdeadbeef: boom", "11-20 13:11:22 pid 4711 at 0xcafe: boom")
    first, second = (pod_troubles.trouble(pod(ended(line))) for line in lines)
    assert first == second


def test_a_long_last_word_is_cut() -> None:
    found = pod_troubles.trouble(pod(ended("x" * 5000)))
    assert found is not None
    assert len(found.message) < 400
