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
