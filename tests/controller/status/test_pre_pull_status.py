"""Where images are pulled in advance, in the status: counted by what Kubernetes counts, and never too many."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.controller.status import pre_pull_status
from fairlead.controller.status.pre_pull_status import PrePullState
from fairlead.controller.status.status_inputs import Obstacle
from fairlead.fleet.conditions import ConditionReason

Node = tuple[bool, bool] | None
"""Of the oldest pod on a node: whether it is ready, and whether it has the current template; None without a pod."""


def live(*nodes: Node, generation: int = 3, observed: int | None = 3) -> dict[str, Any]:
    """The DaemonSet as its controller reports it."""
    with_pod = [one for one in nodes if one is not None]
    status: dict[str, Any] = {
        "desiredNumberScheduled": len(nodes),
        "currentNumberScheduled": len(with_pod),
        "numberReady": sum(ready for ready, _ in with_pod),
        "updatedNumberScheduled": sum(updated for _, updated in with_pod),
    }
    if observed is not None:
        status["observedGeneration"] = observed
    spec = {"selector": {"matchLabels": {"fairlead.dev/pre-pull": "chat"}}}
    template = {"template": {"spec": {"containers": [{"image": "engine:2"}]}}}
    return {"metadata": {"name": "chat-prepull", "generation": generation}, "spec": spec | template, "status": status}


def written(*nodes: Node) -> dict[str, Any]:
    """The field of the status."""
    return pre_pull_status.written(PrePullState(daemon_set=live(*nodes))) or {}


@given(st.lists(st.none() | st.tuples(st.booleans(), st.booleans()), max_size=12))
def test_never_more_nodes_are_said_to_hold_an_image_than_do(nodes: list[Node]) -> None:
    with_pod = [one for one in nodes if one is not None]
    holding = sum(ready and updated for ready, updated in with_pod)
    found = written(*nodes)
    assert 0 <= found["holding"] <= holding
    if all(ready for ready, _ in with_pod) or all(updated for _, updated in with_pod):
        assert found["holding"] == holding, "exact during an update whose old pods are ready, and after it"


@given(st.integers(1, 12))
def test_while_all_nodes_hold_it_there_is_no_message(nodes: int) -> None:
    assert written(*[(True, True)] * nodes) == {"image": "engine:2", "nodes": nodes, "holding": nodes}


def test_a_node_without_a_pod_takes_none_away_from_the_others_and_its_cause_is_where_the_message_says() -> None:
    found = written((True, True), (True, True), None)
    assert (found["nodes"], found["holding"]) == (3, 2)
    assert found["message"] == (
        "1 of 3 nodes has no pod that could hold it; Events say why, such as a quota or a policy: "
        "kubectl describe daemonset chat-prepull"
    )


@pytest.mark.parametrize("observed", [None, 2])
def test_counts_of_an_earlier_template_are_left_out(observed: int | None) -> None:
    found = pre_pull_status.written(PrePullState(daemon_set=live((True, True), observed=observed)))
    assert found == {"image": "engine:2"}


def test_without_a_daemon_set_there_is_only_what_blocks_it() -> None:
    blocked = Obstacle(reason=ConditionReason.NO_RIGHT, message="Fairlead is not permitted to patch daemonsets.apps")
    assert pre_pull_status.written(None) is None
    assert pre_pull_status.written(PrePullState()) is None
    assert pre_pull_status.written(PrePullState(obstacle=blocked)) == {"message": blocked.message}
