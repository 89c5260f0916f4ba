"""Where images are pulled in advance, in the status: counted by what Kubernetes counts, and never too many."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.controller.status import pre_pull_status
from fairlead.controller.status.pre_pull_status import PrePullState
from fairlead.controller.status.status_inputs import Obstacle
from fairlead.fleet.conditions import ConditionReason

Node = tuple[bool, bool]
"""Of the oldest pod on a node: whether it is ready, and whether it has the current template."""


def live(*nodes: Node, generation: int = 3, observed: int | None = 3) -> dict[str, Any]:
    """The DaemonSet as its controller reports it."""
    status: dict[str, Any] = {
        "desiredNumberScheduled": len(nodes),
        "numberReady": sum(ready for ready, _ in nodes),
        "updatedNumberScheduled": sum(updated for _, updated in nodes),
    }
    if observed is not None:
        status["observedGeneration"] = observed
    spec = {"selector": {"matchLabels": {"fairlead.dev/pre-pull": "chat"}}}
    template = {"template": {"spec": {"containers": [{"image": "engine:2"}]}}}
    return {"metadata": {"name": "chat-prepull", "generation": generation}, "spec": spec | template, "status": status}


def written(*nodes: Node) -> dict[str, Any]:
    """The field of the status."""
    return pre_pull_status.written(PrePullState(daemon_set=live(*nodes))) or {}


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=12))
def test_never_more_nodes_are_said_to_hold_an_image_than_do(nodes: list[Node]) -> None:
    holding = sum(ready and updated for ready, updated in nodes)
    found = written(*nodes)
    assert 0 <= found["holding"] <= holding
    if all(ready for ready, _ in nodes) or all(updated for _, updated in nodes):
        assert found["holding"] == holding, "exact during an update whose old pods are ready, and after it"


@given(st.integers(1, 12))
def test_while_all_nodes_hold_it_there_is_no_message(nodes: int) -> None:
    assert written(*[(True, True)] * nodes) == {"image": "engine:2", "nodes": nodes, "holding": nodes}


@pytest.mark.parametrize("observed", [None, 2])
def test_counts_of_an_earlier_template_are_left_out(observed: int | None) -> None:
    found = pre_pull_status.written(PrePullState(daemon_set=live((True, True), observed=observed)))
    assert found == {"image": "engine:2"}


def test_without_a_daemon_set_there_is_only_what_blocks_it() -> None:
    blocked = Obstacle(reason=ConditionReason.NO_RIGHT, message="Fairlead may not patch daemonsets.apps")
    assert pre_pull_status.written(None) is None
    assert pre_pull_status.written(PrePullState()) is None
    assert pre_pull_status.written(PrePullState(obstacle=blocked)) == {"message": blocked.message}
