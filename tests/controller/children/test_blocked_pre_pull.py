"""`spec.prePull` where something blocks its DaemonSet: the status says what, and replicas start all the same."""

import copy
from typing import Any

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.fencing import NotLeading
from fairlead.cluster.kinds import Manifest
from tests.controller.children.test_pre_pull import HOLDER, TITLE, at_rest, pulling, reported
from tests.controller.kube_daemon_sets import DaemonSets
from tests.controller.pretend import Pretend, deployment
from tests.controller.server import Faults


def test_a_node_whose_pod_a_quota_refuses_is_named_and_the_others_count() -> None:
    world = Pretend()
    for name in ("node-2", "node-3"):
        world.kube.add_node(name, "NVIDIA-L4", 8)
    world.apply(pulling())
    sets = DaemonSets(world=world, refused={"node-3"})
    sets.settle()
    assert (reported(world)["nodes"], reported(world)["holding"]) == (3, 2)
    assert "kubectl describe daemonset chat-prepull" in reported(world)["message"]
    sets.refused.clear()
    sets.settle()
    assert (reported(world)["holding"], "message" in reported(world)) == (3, False)


def test_a_foreign_one_of_this_name_is_left_alone_and_replicas_serve() -> None:
    world = Pretend()
    theirs = {"metadata": {"name": "chat-prepull", "namespace": "default"}, "spec": {"template": {"spec": {}}}}
    world.objects.put(kinds.DAEMON_SET, theirs)
    world.apply(pulling())
    world.settle()
    assert world.objects.found(HOLDER)["spec"] == theirs["spec"]
    assert "DaemonSet chat-prepull exists already and is not Fairlead's" in reported(world)["message"]
    assert world.condition("Ready") == ("True", "Serving")
    world.apply(deployment())
    world.settle()
    assert HOLDER in world.objects.held
    world.apply(pulling())
    world.objects.remove(HOLDER, {})
    DaemonSets(world=world).settle()
    assert reported(world)["holding"] == 1


def test_a_deleted_namesakes_is_awaited_in_silence_as_one_that_is_going() -> None:
    """The status had the words that nothing is started, while all else ran."""
    sets = at_rest()
    theirs = copy.deepcopy(sets.world.objects.found(HOLDER))
    theirs["metadata"]["ownerReferences"][0]["uid"] = "of-a-deleted-one"
    sets.world.objects.put(kinds.DAEMON_SET, theirs)
    sets.world.tick()
    assert "message" not in reported(sets.world)
    assert sets.world.objects.found(HOLDER)["metadata"]["ownerReferences"] == theirs["metadata"]["ownerReferences"]
    assert sets.world.condition("Ready") == ("True", "Serving")
    sets.world.objects.remove(HOLDER, {})
    sets.settle()
    assert reported(sets.world)["holding"] == 2


@pytest.mark.parametrize("verb", ["get", "patch"])
def test_a_missing_right_is_named_stops_no_replica_and_heals(verb: str) -> None:
    """P23"""
    world = Pretend()
    world.server.faults = Faults(forbidden=frozenset({(verb, TITLE)}))
    world.apply(pulling())
    world.settle()
    assert world.condition("Ready") == ("True", "Serving")
    assert f"Fairlead is not permitted to {verb} {TITLE} chat-prepull" in reported(world)["message"]
    world.server.faults = Faults()
    DaemonSets(world=world).settle()
    assert "message" not in reported(world)


def test_a_missing_right_to_delete_it_is_named_until_it_is_granted() -> None:
    """P23"""
    sets = at_rest()
    sets.world.server.faults = Faults(forbidden=frozenset({("delete", TITLE)}))
    sets.world.apply(deployment())
    sets.world.settle()
    assert f"Fairlead is not permitted to delete {TITLE} chat-prepull" in reported(sets.world)["message"]
    sets.world.server.faults = Faults()
    sets.world.settle()
    assert (HOLDER in sets.world.objects.held, reported(sets.world)) == (False, {})


@pytest.mark.parametrize("status", [403, 422])
def test_a_policy_of_the_cluster_that_refuses_it_is_quoted_and_stops_no_replica(status: int) -> None:
    world = Pretend()
    words = "denied the request: label cost-center is missing " + "x" * 2000
    world.server.faults = Faults(refused={TITLE: words}, refused_with=status)
    world.apply(pulling())
    world.settle()
    assert "the API server refused to patch" in reported(world)["message"]
    assert "label cost-center is missing" in reported(world)["message"]
    assert len(reported(world)["message"]) == 1024
    assert world.condition("Ready") == ("True", "Serving")


def test_an_edit_that_may_not_be_put_back_is_reported_only_once_it_is() -> None:
    sets = at_rest()
    world, whole = sets.world, sets.world.objects.found(HOLDER)["spec"]
    edited = copy.deepcopy(world.objects.found(HOLDER))
    edited["spec"]["template"]["spec"]["nodeSelector"] = {}
    world.objects.put(kinds.DAEMON_SET, edited)
    world.server.faults = Faults(refused={TITLE: "DaemonSets of team-a are protected"}, refused_with=403)
    world.rounds(5)
    assert "DaemonSets of team-a are protected" in reported(world)["message"]
    assert [one for one in world.event_sink.published if one.startswith("PutBack ")] == []
    world.server.faults = Faults()
    world.settle()
    assert world.objects.found(HOLDER)["spec"] == whole
    assert len([one for one in world.event_sink.published if one.startswith("PutBack ")]) == 1


@pytest.mark.parametrize("status", [500, 409, 429, 404])
def test_while_the_api_server_fails_to_write_it_replicas_start_and_it_is_tried_again_soon(status: int) -> None:
    """A store that is slow for a moment answers 500 to each."""
    world = Pretend()
    world.server.faults = Faults(refused={TITLE: "etcdserver: request timed out"}, refused_with=status)
    world.apply(pulling(replicas=2))
    world.settle()
    assert len(world.serving()) == 2
    assert world.condition("Ready") == ("True", "Serving")
    assert f"failed to patch DaemonSet chat-prepull (status {status}): etcdserver" in reported(world)["message"]
    assert (world.tick().after_s or 60.0) <= 15.0
    world.server.faults = Faults()
    sets = DaemonSets(world=world)
    sets.settle()
    assert "message" not in reported(world)

    world.server.faults = Faults(refused={TITLE: "etcdserver: request timed out"}, refused_with=status)
    world.apply(deployment(replicas=3))
    world.settle()
    assert len(world.serving()) == 3
    assert f"failed to delete DaemonSet chat-prepull (status {status})" in reported(world)["message"]
    world.server.faults = Faults()
    world.settle()
    assert (HOLDER in world.objects.held, reported(world)) == (False, {})


def test_an_operator_that_no_longer_leads_stops_there_and_reports_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    world = Pretend()
    write = world.server.apply

    async def deposed(manifest: Manifest, **how: Any) -> Manifest:  # noqa: ANN401  # passed on as it is
        if manifest["kind"] == kinds.DAEMON_SET.kind:
            raise NotLeading
        return await write(manifest, **how)

    monkeypatch.setattr(world.server, "apply", deposed)
    world.apply(pulling())
    with pytest.raises(NotLeading):
        world.settle()


def test_one_that_is_being_deleted_is_waited_for_and_stops_no_replica() -> None:
    sets = at_rest()
    world = sets.world
    going = copy.deepcopy(world.objects.found(HOLDER))
    going["metadata"]["deletionTimestamp"] = world.objects.moment
    world.objects.put(kinds.DAEMON_SET, going)
    world.apply(pulling(replicas=3))
    world.settle()
    assert len(world.serving()) == 3
    world.apply(deployment(replicas=3))
    world.settle()
    assert HOLDER in world.objects.held, "nothing is deleted twice"
    world.objects.remove(HOLDER, {})
    world.apply(pulling(replicas=3))
    sets.settle()
    assert reported(world)["holding"] == 2
