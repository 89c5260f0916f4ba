"""Priorities in manifests: of classes, of pods, and what the scheduler writes when it preempts."""

import pytest

from fairlead.cluster import pod_priorities
from fairlead.cluster.kinds import Manifest
from fairlead.cluster.store import NamespacedName
from fairlead.fleet.priorities import PodPriority, RankedPod

SYSTEM: Manifest = {"metadata": {"name": "system-node-critical"}, "value": 2_000_001_000}
POLITE: Manifest = {"metadata": {"name": "polite"}, "value": 7, "preemptionPolicy": "Never"}
USUAL: Manifest = {
    "metadata": {"name": "usual"},
    "value": 3,
    "globalDefault": True,
    "preemptionPolicy": "PreemptLowerPriority",
}


@pytest.mark.parametrize(
    ("classes", "name", "given"),
    [
        ([SYSTEM, POLITE], "polite", PodPriority(value=7, preempts=False)),
        ([SYSTEM, USUAL], "usual", PodPriority(value=3)),
        ([SYSTEM, USUAL], None, PodPriority(value=3)),
        ([SYSTEM], None, PodPriority()),
        ([SYSTEM], "absent", None),
        ([], "usual", None),
        ([], None, None),
        ([{"metadata": {"name": "odd"}, "value": "7"}], "odd", PodPriority()),
    ],
)
def test_a_class_gives_a_number_and_whether_it_preempts(
    classes: list[Manifest], name: str | None, given: PodPriority | None
) -> None:
    assert pod_priorities.of_class(classes, name) == given


def pod(name: str = "chat", **status: object) -> Manifest:
    """A pod of a deployment."""
    labels = {"fairlead.dev/deployment": name}
    return {"metadata": {"namespace": "team", "name": "p", "labels": labels}, "spec": {"priority": 5}, "status": status}


def test_a_pod_is_ranked_by_what_admission_wrote() -> None:
    own = NamespacedName("team", "chat")
    assert pod_priorities.ranked(pod()) == RankedPod(priority=5)
    assert pod_priorities.ranked(pod(), own) == RankedPod(priority=5, own=True)
    assert pod_priorities.ranked(pod("other"), own) == RankedPod(priority=5)
    bare: Manifest = {"metadata": {"name": "p", "deletionTimestamp": "2026-11-20T12:00:00Z"}}
    assert pod_priorities.ranked(bare, own) == RankedPod(ending=True)
    assert pod_priorities.owner(bare) == NamespacedName("", "")


def test_a_pod_of_a_gateway_is_named_as_its_own() -> None:
    router: Manifest = {"metadata": {"namespace": "team", "name": "p", "labels": {"fairlead.dev/gateway": "chat"}}}
    assert pod_priorities.owners_title(router) == "gateway team/chat"
    assert pod_priorities.owners_title(pod()) == "team/chat"


def test_what_the_scheduler_writes_when_it_preempts_is_read() -> None:
    written = {"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler"}
    assert pod_priorities.is_preempted(pod(conditions=[written]))
    assert not pod_priorities.is_preempted(pod(conditions=[written | {"reason": "EvictionByEvictionAPI"}]))
    assert not pod_priorities.is_preempted(pod())
    assert pod_priorities.kept_node(pod(nominatedNodeName="node-1")) == "node-1"
    assert pod_priorities.kept_node({"metadata": {"name": "p"}}) == ""
