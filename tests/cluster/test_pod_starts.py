"""The phases of a pod's start: a node, an image, and only then the engine."""

import pytest

from fairlead.cluster import pod_starts
from fairlead.cluster.kinds import Manifest
from fairlead.cluster.pod_starts import PodStart


def pod(*states: Manifest) -> Manifest:
    """Created at noon, placed after 40 s, ready after 70 s."""
    placed = {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-11-20T12:00:40Z"}
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-20T12:01:10Z"}
    return {
        "metadata": {"name": "p", "creationTimestamp": "2026-11-20T12:00:00Z"},
        "status": {"conditions": [placed, ready], "containerStatuses": list(states)},
    }


RUNS: Manifest = {"state": {"running": {"startedAt": "2026-11-20T12:01:05Z"}}}
PULLS: Manifest = {"state": {"waiting": {"reason": "ContainerCreating"}}}


@pytest.mark.trial(3)
def test_a_cold_start_begins_with_the_container() -> None:
    assert pod_starts.measured(pod(RUNS)) == PodStart(node_s=40, image_s=25, cold_s=5)
    assert pod_starts.measured(pod()) == PodStart(node_s=40, image_s=0, cold_s=30)


@pytest.mark.trial(3)
def test_a_pod_waits_for_its_image_until_a_container_ran() -> None:
    crashed = PULLS | {"lastState": {"terminated": {"exitCode": 1}}}
    found = [pod_starts.waits_for_image(pod(*states)) for states in ((), (PULLS,), (RUNS,), (crashed,))]
    assert found == [False, True, False, False]


def test_what_a_container_ran_before_its_restart_is_no_wait_for_an_image() -> None:
    """Its first run began 10 s after it was placed; the kubelet keeps only the last run and the one before."""
    first = {"startedAt": "2026-11-20T12:00:50Z", "finishedAt": "2026-11-20T12:01:04Z", "exitCode": 137}
    once = RUNS | {"restartCount": 1, "lastState": {"terminated": first}}
    often = once | {"restartCount": 7}
    assert pod_starts.image_wait(pod(once)) == 10
    assert pod_starts.measured(pod(once)) == PodStart(node_s=40, image_s=10, cold_s=5)
    assert pod_starts.image_wait(pod(often)) == 0, "no longer known"
    assert pod_starts.image_wait(pod(often, RUNS)) == 25, "that of another container is"
    assert pod_starts.image_wait(pod(PULLS)) == 0
