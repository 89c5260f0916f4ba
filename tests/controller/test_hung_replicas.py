"""A replica whose probes pass and that gives no token is replaced; what is remembered outlives the operator."""

import copy
from datetime import timedelta
from typing import Any

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.api_errors import Conflict
from fairlead.controller.status import hung_status
from tests.controller.pretend import NOON, Pretend, deployment
from tests.controller.server import Crashed, Faults

LONG = 130.0
SOON = timedelta(minutes=3)


def serving(replicas: int = 4, **spec: Any) -> Pretend:  # noqa: ANN401  # fields of a spec
    """A deployment that has served for some minutes."""
    world = Pretend(gpus=replicas + 1)
    world.apply(deployment(replicas=replicas, **spec))
    world.settle()
    world.now += SOON
    return world


def names(world: Pretend) -> list[str]:
    """All engine pods that stay."""
    found = (one["metadata"] for one in world.engine_pods() if "deletionTimestamp" not in one["metadata"])
    return sorted(str(one["name"]) for one in found)


def deletions(world: Pretend) -> int:
    """Pods that the operator has deleted."""
    return sum((verb, kind) == ("delete", kinds.POD.title) for verb, kind, _ in world.server.writes)


def events(world: Pretend, reason: str) -> list[str]:
    """Events of a reason."""
    return [one for one in world.event_sink.published if one.startswith(reason)]


def status(world: Pretend) -> dict[str, Any]:
    """What the status says of replicas that hang."""
    found: dict[str, Any] = world.document()["status"].get("hungReplicas", {})
    return found


def test_a_replica_that_hangs_is_replaced_and_its_record_event_and_successor_are_there() -> None:
    world = serving()
    first, *others = names(world)
    world.pod_client.hung = {first: LONG}
    world.rounds(8)
    assert first not in names(world)
    assert len(names(world)) == 4
    assert set(others) < set(names(world))
    (record,) = status(world)["replaced"]
    assert (record["pod"], record["node"], "reason" in status(world)) == (first, "node-1", False)
    (event,) = events(world, "Replaced")
    assert f"pod {first} on node node-1 gave no token for 130 s to 2 routers" in event
    assert not events(world, "Deleted"), "no other client deleted it"
    world.settle()
    assert (world.condition("Ready"), deletions(world)) == (("True", "Serving"), 1)


def test_replicas_that_hang_at_once_are_replaced_one_after_the_other() -> None:
    world = serving()
    ill = names(world)[:2]
    world.pod_client.hung = dict.fromkeys(ill, LONG)
    world.rounds(1)
    assert deletions(world) == 1
    world.rounds(1)
    assert deletions(world) == 1, "it has not ended"
    world.rounds(10)
    assert (deletions(world), len(events(world, "Replaced"))) == (2, 2)
    assert not set(ill) & set(names(world))


def test_a_spec_that_keeps_hung_replicas_deletes_none() -> None:
    world = serving(repair={"hungReplicas": "Keep"})
    world.pod_client.hung = {names(world)[0]: LONG}
    world.rounds(4)
    assert (deletions(world), status(world)) == (0, {})
    world.apply(deployment(replicas=4, repair={"hungReplicas": "Replace"}))
    world.rounds(4)
    assert deletions(world) == 1


def test_a_refused_spec_changes_nothing_of_what_hangs() -> None:
    world = serving()
    world.pod_client.hung = {names(world)[0]: LONG}
    world.apply(deployment(replicas=4) | {"spec": {"model": "none"}})
    world.rounds(4)
    assert deletions(world) == 0


def test_routers_that_do_not_answer_keep_it() -> None:
    world = serving()
    world.pod_client.hung = {names(world)[0]: LONG}
    world.pod_client.silent = True
    world.rounds(4)
    assert deletions(world) == 0


def test_if_most_replicas_hang_none_is_replaced_and_people_are_warned_once() -> None:
    world = serving()
    world.pod_client.hung = dict.fromkeys(names(world)[:3], LONG)
    world.settle()
    assert deletions(world) == 0
    assert status(world)["reason"] == "MostHang"
    assert "3 of 4 ready replicas hang, more than half, so none is replaced" in world.message("Routable")
    assert world.condition("Ready") == ("False", "NoTokens")
    assert "send it nothing: no token within 60 s; 3 of 4 ready replicas hang" in world.message("Ready")
    world.restart()
    world.rounds(4)
    assert len(events(world, "MostHang")) == 1
    world.pod_client.hung = {}
    world.settle()
    assert (status(world), world.message("Ready")) == ({}, "4 of 4 replicas serve")


def test_routers_that_miss_an_answer_now_and_then_cause_no_further_events() -> None:
    world = serving()
    world.pod_client.hung = dict.fromkeys(names(world)[:3], LONG)
    world.settle()
    before = status(world)
    for silent in (True, False, True, False):
        world.pod_client.silent = silent
        world.rounds(1)
        assert status(world) == before
    assert len(events(world, "MostHang")) == 1


def test_the_fourth_within_an_hour_waits_although_the_operator_restarted_after_each() -> None:
    world = serving()
    for _ in range(3):
        world.pod_client.hung = {names(world)[0]: LONG}
        world.rounds(8)
        world.now += SOON
        world.restart()
    world.pod_client.hung = {names(world)[0]: LONG}
    world.rounds(8)
    assert (deletions(world), status(world)["reason"], len(events(world, "HourlyLimit"))) == (3, "HourlyLimit", 1)
    assert len(status(world)["replaced"]) == 3
    world.now += timedelta(hours=1)
    world.rounds(8)
    assert (deletions(world), "reason" in status(world)) == (4, False)


def test_an_operator_that_ends_between_record_and_deletion_deletes_the_same_pod_and_counts_it_once() -> None:
    world = serving()
    first = names(world)[0]
    world.pod_client.hung = {first: LONG}
    world.server.faults = Faults(before=len(world.server.writes) + 1)
    with pytest.raises(Crashed):
        world.tick()
    assert (first in names(world), status(world)["replaced"][0]["pod"]) == (True, first)
    world.server.faults = Faults()
    world.restart()
    world.rounds(8)
    assert first not in names(world)
    assert len(status(world)["replaced"]) == len(events(world, "Replaced")) == 1


def test_a_pod_that_changed_since_it_was_read_is_decided_anew() -> None:
    world = serving()
    first = names(world)[0]
    world.pod_client.hung = {first: LONG}
    number = len(world.server.writes) + 1
    world.server.faults = Faults(answers={number: 409})
    with pytest.raises(Conflict):
        world.tick()
    world.pod_client.hung = {}
    world.rounds(4)
    assert first in names(world), "it answers again"


def test_a_pod_that_is_gone_or_ending_is_not_deleted_again() -> None:
    world = serving()
    first = names(world)[0]
    world.pod_client.hung = {first: LONG}
    world.run(world.operator.reconcile(world.key(), world.now))
    world.world.receives = False
    world.tick()
    assert deletions(world) == 1, "the store has not seen its deletion yet"


def test_a_stored_record_that_a_person_edited_counts_as_absent() -> None:
    good = {"pod": "a", "uid": "u", "at": "2026-11-20T12:00:00Z"}
    for edited in (7, {"replaced": 7}, {"replaced": [7, {"pod": "a"}, {"at": "noon"}, {"at": "2026-11-20T12:00:00"}]}):
        assert hung_status.replaced({"hungReplicas": edited}) == ()
        assert hung_status.reason({"hungReplicas": edited}) == ""
    assert [one.uid for one in hung_status.replaced({"hungReplicas": {"replaced": [good, 7]}})] == ["u"]


@pytest.mark.parametrize(
    ("at", "stays"),
    [
        ("0001-01-01T00:00:00Z", False),
        ("0001-01-01T00:00:00+14:00", False),
        ("9999-12-31T23:59:59-14:00", False),
        ("2036-11-20T12:00:00Z", True),
    ],
)
def test_a_record_with_a_time_that_cannot_be_keeps_no_replica_and_fails_no_reconcile(at: str, stays: bool) -> None:
    world = serving()
    edited = copy.deepcopy(world.document())
    edited["status"]["hungReplicas"] = {"replaced": [{"pod": "a", "uid": "u", "at": at}]}
    world.objects.put(kinds.INFERENCE_DEPLOYMENT, edited)
    first = names(world)[0]
    world.pod_client.hung = {first: LONG}
    world.rounds(8)
    assert (first in names(world), deletions(world)) == (False, 1)
    assert [one["pod"] for one in status(world)["replaced"]] == ([first, "a"] if stays else [first])


def test_a_record_in_another_time_zone_is_kept_as_the_same_moment() -> None:
    noon = {"pod": "a", "uid": "u", "at": "2026-11-20T12:00:00+02:00"}
    kept = hung_status.written(None, {"hungReplicas": {"replaced": [noon]}}, (), NOON)
    assert kept == {"replaced": [noon | {"at": "2026-11-20T10:00:00Z"}]}


def test_with_earlier_records_too_one_is_replaced_after_the_other() -> None:
    world = serving(6)
    world.pod_client.hung = {names(world)[0]: LONG}
    world.rounds(8)
    world.now += SOON
    ill = names(world)[:2]
    world.pod_client.hung = dict.fromkeys(ill, LONG)
    world.rounds(2)
    assert deletions(world) == 2, "the second of today; the third waits for its successor"
    assert status(world)["replaced"][0]["pod"] in ill, "newest first"
