"""What a failed start means: certain to fail again, or gone at the next try."""

from datetime import timedelta
from typing import Any

import pytest

from fairlead.controller.pods import start_failures
from fairlead.objects.engine_deployment import StartFailures
from tests.controller.pretend import NOON

LATER = NOON + timedelta(seconds=30)
ONCE = StartFailures(pod="u", container="c-1", code=1, reason="Error")


def pod(**status: object) -> dict[str, Any]:
    """A pod placed at noon."""
    placed = {"type": "PodScheduled", "status": "True", "lastTransitionTime": NOON.isoformat()}
    return {"metadata": {"uid": "u"}, "status": {"conditions": [placed], "containerStatuses": [status]}}


def waits(reason: str, message: str = "") -> dict[str, Any]:
    """Its container cannot be created."""
    return pod(state={"waiting": {"reason": reason, "message": message}})


def died(container: str, code: int = 1, message: str = "", reason: str = "Error") -> dict[str, Any]:
    """Its container ended and waits for a restart."""
    last = {"containerID": container, "exitCode": code, "reason": reason, "message": message}
    return pod(state={"waiting": {"reason": "CrashLoopBackOff"}}, lastState={"terminated": last})


@pytest.mark.parametrize(
    ("reason", "message", "at_once", "later"),
    [
        ("InvalidImageName", "", True, True),
        ("ErrImageNeverPull", "", True, True),
        ("ErrImagePull", "manifest unknown", False, True),
        ("ImagePullBackOff", "pull access denied", False, True),
        ("ImagePullBackOff", "i/o timeout", False, False),
        ("ImagePullBackOff", "Back-off pulling image", False, False),
        ("CreateContainerConfigError", 'secret "hf" not found', False, True),
        ("CreateContainerConfigError", "failed to sync secret cache: timed out", False, False),
        ("ContainerCreating", "", False, False),
    ],
)
def test_a_container_that_cannot_be_created_is_a_certain_failure_after_three_tries(
    reason: str, message: str, at_once: bool, later: bool
) -> None:
    assert bool(start_failures.impossible(waits(reason, message), NOON)) is at_once
    assert bool(start_failures.terminal_error([waits(reason, message)], None, LATER)) is later


def test_two_ends_alike_are_certain_and_further_ones_are_not_written() -> None:
    first = start_failures.ends(None, [died("c-1")])
    assert first == ONCE
    assert start_failures.ends(first, [died("c-1")]) == first
    second = start_failures.ends(first, [died("c-2")])
    assert second == StartFailures(pod="u", container="c-2", code=1, reason="Error", times=2)
    assert start_failures.ends(second, [died("c-3")]) == second
    words = "its engine exited twice with code 1 (Error) before it was ever ready"
    assert start_failures.terminal_error([], second, NOON) == words
    assert start_failures.terminal_error([], first, NOON) == ""


@pytest.mark.parametrize(
    "other",
    [died("c-2", 2), died("c-2", 137, reason="OOMKilled"), died("c-2") | {"metadata": {"uid": "v"}}],
)
def test_another_end_or_another_pod_begins_the_count_anew(other: dict[str, Any]) -> None:
    found = start_failures.ends(ONCE, [other])
    assert found is not None
    assert (found.container, found.times) == ("c-2", 1)


@pytest.mark.parametrize(
    "passing", [died("c-2", 143), died("c-2", message="429 Too Many Requests"), pod(ready=True), {"metadata": {}}]
)
def test_an_end_by_others_or_for_a_network_is_not_counted(passing: dict[str, Any]) -> None:
    assert start_failures.ends(ONCE, [passing]) == ONCE


def test_a_moment_that_cannot_be_read_is_now() -> None:
    odd = waits("ErrImagePull", "not found")
    odd["status"]["conditions"][0]["lastTransitionTime"] = "yesterday"
    assert start_failures.impossible(odd, LATER) == ""
