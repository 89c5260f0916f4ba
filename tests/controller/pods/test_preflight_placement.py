"""A check that no node takes: full nodes say nothing about the revision, labels and taints say that it cannot start."""

from typing import Any, Final

import pytest

from fairlead.cluster import kinds
from fairlead.controller.pods import scheduler_message
from tests.controller.pretend import Pretend, deployment

TAINT: Final = {"key": "dedicated", "value": "llm", "effect": "NoSchedule"}
TAINTED: Final = (
    "0/1 nodes are available: 1 node(s) had untolerated taint {dedicated: llm}. no new claims to deallocate, "
    "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
)
FULL: Final = "0/1 nodes are available: 1 Insufficient memory. preemption: 0/1 nodes are available: 1 No preemption."


NOT_READY: Final = "1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }"
SELECTED: Final = "2 node(s) didn't match Pod's node affinity/selector"


@pytest.mark.parametrize(
    ("message", "by_fields"),
    [
        (TAINTED, True),
        (f"0/3 nodes are available: 1 node(s) had untolerated taint(s), {SELECTED}. preemption: not helpful.", True),
        (FULL, False),
        ("0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint {a: b}.", False),
        (f"0/2 nodes are available: {NOT_READY}, 1 node(s) had untolerated taint {{a: b}}.", False),
        ("0/2 nodes are available: 1 node(s) were unschedulable, 1 node(s) had untolerated taint {a: b}.", False),
        ("0/2 nodes are available: 1 node(s) had untolerated taint {a: b}.", False),
        ("no nodes available to schedule pods", False),
        ("", False),
    ],
)
def test_only_labels_and_taints_of_every_node_are_about_the_pod_itself(message: str, by_fields: bool) -> None:
    assert scheduler_message.is_by_fields(message) is by_fields


def deployed(tolerated: str) -> dict[str, Any]:
    """One replica whose placement tolerates that value of the taint."""
    one = {"key": "dedicated", "operator": "Equal", "value": tolerated, "effect": "NoSchedule"}
    return deployment(replicas=1, placement={"tolerations": [one]})


def misspelt(*, nodes_grow: bool) -> Pretend:
    """One replica serves on the only node, which is tainted; two minutes ago an edit misspelt its toleration.

    Where nodes are added for pending pods the operator does not count them, and the scheduler alone knows the taint.
    """
    world = Pretend(gpus=1, nodes_grow=nodes_grow)
    world.apply(deployed("llm"))
    world.settle()
    (node,) = world.kube.of(kinds.NODE)
    world.objects.put(kinds.NODE, node | {"spec": {"taints": [TAINT]}})
    world.apply(deployed("lmm"))
    world.rounds(24)
    return world


def test_the_last_replica_is_not_drained_for_a_revision_that_no_node_takes() -> None:
    world = misspelt(nodes_grow=True)
    assert len(world.serving()) == 1
    assert world.condition("Scheduled") == ("False", "Unschedulable")
    assert "untolerated taint {dedicated: llm}" in world.message("Scheduled")


def test_where_nodes_are_counted_the_taint_leaves_no_room_and_no_pod_is_tried() -> None:
    world = misspelt(nodes_grow=False)
    assert len(world.serving()) == 1
    assert world.condition("Scheduled") == ("False", "NoFreeGpu")
    assert "does not name the taint dedicated=llm:NoSchedule" in world.message("Scheduled")


@pytest.mark.parametrize("nodes_grow", [False, True])
def test_once_the_toleration_is_corrected_the_rollout_goes_on(*, nodes_grow: bool) -> None:
    world = misspelt(nodes_grow=nodes_grow)
    world.apply(deployed("llm"))
    world.settle()
    assert world.condition("Ready") == ("True", "Serving")
    assert len(world.serving()) == 1


@pytest.mark.parametrize("nodes_grow", [False, True])
def test_once_the_taint_is_gone_the_new_revision_is_checked_and_serves(*, nodes_grow: bool) -> None:
    world = misspelt(nodes_grow=nodes_grow)
    before = world.serving()
    (node,) = world.kube.of(kinds.NODE)
    world.objects.put(kinds.NODE, node | {"spec": {}})
    world.settle()
    after = world.serving()
    assert len(after) == 1
    assert after != before
