"""A replica that hangs and whose pod is not deleted after all: the status never says that it was replaced."""

from datetime import timedelta

import pytest

from fairlead.cluster.api_errors import Conflict, Unreachable
from tests.controller.pretend import Pretend
from tests.controller.server import Faults
from tests.controller.test_hung_replicas import LONG, deletions, events, names, serving, status

MINUTES = timedelta(minutes=6)


def refused_for_a_while(world: Pretend) -> None:
    """Reconcile often while a policy protects pods, longer than until the next try."""
    for _ in range(4):
        world.rounds(2)
        world.now += MINUTES


def test_a_refused_deletion_is_in_the_status_with_its_reason_and_fails_no_reconcile() -> None:
    world = serving()
    first = names(world)[0]
    world.pod_client.hung = {first: LONG}
    world.server.faults = Faults(refused={"pods": "pods of team-a are protected"})
    world.tick()
    world.tick()
    assert status(world) == {
        "reason": "DeletionRefused",
        "message": f"pod {first} hangs and is not replaced: the API server refused to delete pods {first}: pods of "
        "team-a are protected; allow it, or delete the pod yourself",
    }
    assert "pods of team-a are protected" in world.message("Ready")
    assert (first in names(world), events(world, "Replaced")) == (True, [])


def test_a_refused_deletion_is_tried_again_after_minutes_and_reported_once() -> None:
    world = serving()
    first = names(world)[0]
    world.pod_client.hung = {first: LONG}
    world.server.faults = Faults(forbidden=frozenset({("delete", "pods")}))
    refused_for_a_while(world)
    assert deletions(world) == 4, "once in five minutes, not in each reconcile"
    assert len(events(world, "DeletionRefused")) == 1
    assert "run `helm upgrade`, which rewrites its roles" in status(world)["message"]
    world.restart()
    world.rounds(1)
    assert len(events(world, "DeletionRefused")) == 1
    world.server.faults = Faults()
    world.now += MINUTES
    world.rounds(8)
    assert first not in names(world)
    assert ("reason" in status(world), len(status(world)["replaced"])) == (False, 1)


def test_a_refused_deletion_is_tried_again_at_once_after_the_clock_was_set_back() -> None:
    world = serving()
    world.now += timedelta(hours=3)
    first = names(world)[0]
    world.pod_client.hung = {first: LONG}
    world.server.faults = Faults(forbidden=frozenset({("delete", "pods")}))
    world.rounds(2)
    assert status(world)["reason"] == "DeletionRefused"
    world.server.faults = Faults()
    world.now -= timedelta(hours=1)
    world.rounds(8)
    assert first not in names(world), "not only in an hour and five minutes"


def test_a_webhook_that_is_down_is_reported_as_a_refusal_is_and_delays_nothing_else() -> None:
    """With failurePolicy Fail its 500 lasts, and a reconcile that fails again and again waits for up to 5 minutes."""
    world = serving()
    first = names(world)[0]
    world.pod_client.hung = {first: LONG}
    words = 'Internal error occurred: failed calling webhook "policy.example.com": connection refused'
    world.server.faults = Faults(refused={"pods": words}, refused_with=500)
    world.tick()
    assert world.tick().failed == ""
    assert status(world) == {
        "reason": "DeletionRefused",
        "message": f"pod {first} hangs and is not replaced: the API server failed to delete its pod (status 500): "
        f"{words}; repair what it names; the deletion is tried again every 5 minutes",
    }
    refused_for_a_while(world)
    assert (len(events(world, "DeletionRefused")), events(world, "Replaced")) == (1, [])
    world.server.faults = Faults()
    world.rounds(8)
    assert first not in names(world)
    assert ("reason" in status(world), len(status(world)["replaced"])) == (False, 1)


@pytest.mark.parametrize("words", ["etcdserver: leader changed", "etcdserver: request timed out"])
def test_a_store_that_is_slow_for_a_moment_keeps_no_hung_replica_for_minutes(words: str) -> None:
    """It is a 500 too, and has passed before anyone could repair it."""
    world = serving()
    first = names(world)[0]
    world.pod_client.hung = {first: LONG}
    world.server.faults = Faults(refused={"pods": words}, refused_with=500)
    with pytest.raises(Unreachable, match=words):
        world.tick()
    world.server.faults = Faults()
    world.rounds(1)
    assert first not in names(world), "the queue tries again within seconds"
    assert "reason" not in status(world)


def test_a_webhook_that_hangs_for_longer_than_the_operator_waits_is_reported_after_its_second_time() -> None:
    """Each reconcile failed, no DeletionRefused came, and the queue waited for longer and longer."""
    world = serving()
    first = names(world)[0]
    world.pod_client.hung = {first: LONG}
    world.server.faults = Faults(unanswered=frozenset({("delete", "pods")}))
    with pytest.raises(Unreachable, match="TimeoutError"):
        world.tick()
    world.tick()
    assert world.tick().failed == ""
    assert status(world) == {
        "reason": "DeletionRefused",
        "message": f"pod {first} hangs and is not replaced: the API server gave no answer to the deletion of its pod, "
        "twice in a row; see which policy's webhook hangs; the deletion is tried again every 5 minutes",
    }
    refused_for_a_while(world)
    assert (len(events(world, "DeletionRefused")), events(world, "Replaced")) == (1, [])
    world.server.faults = Faults()
    world.rounds(8)
    assert first not in names(world)
    assert ("reason" in status(world), len(status(world)["replaced"])) == (False, 1)


def test_a_deletion_without_an_answer_now_and_then_is_tried_again_at_once() -> None:
    world = serving()
    first = names(world)[0]
    world.pod_client.hung = {first: LONG}
    hangs = Faults(unanswered=frozenset({("delete", "pods")}))
    slow = Faults(refused={"pods": "etcdserver: leader changed"}, refused_with=500)
    for faults in (hangs, slow, hangs):
        world.server.faults = faults
        with pytest.raises(Unreachable):
            world.tick()
    world.server.faults = Faults()
    world.rounds(1)
    assert (first in names(world), "reason" in status(world)) == (False, False)


def test_a_replica_that_answers_again_before_it_is_deleted_was_not_replaced() -> None:
    world = serving()
    first = names(world)[0]
    world.pod_client.hung = {first: LONG}
    world.server.faults = Faults(answers={len(world.server.writes) + 1: 409})
    with pytest.raises(Conflict):
        world.tick()
    world.pod_client.hung = {}
    world.rounds(1)
    assert status(world)["replaced"][0]["pod"] == first, "a watch may not have reported the deletion yet"
    world.now += MINUTES
    world.rounds(1)
    assert (first in names(world), status(world)) == (True, {})


def test_a_deletion_that_is_refused_again_changes_nothing_in_the_status() -> None:
    """Else the pod would be listed as replaced and as not deleted at once, with two writes each time."""
    world = serving()
    first = names(world)[0]
    world.pod_client.hung = {first: LONG}
    world.server.faults = Faults(refused={"pods": "protected"}, refused_with=403)
    world.rounds(2)
    before, written = status(world), len(world.server.writes)
    refused_for_a_while(world)
    assert status(world) == before
    assert {write[:2] for write in world.server.writes[written:]} == {("delete", "pods")}


def test_a_deletion_that_a_retry_was_allowed_is_listed_counted_and_reported_once() -> None:
    world = serving()
    first, second = names(world)[:2]
    world.pod_client.hung = {first: LONG}
    world.server.faults = Faults(refused={"pods": "protected"}, refused_with=403)
    refused_for_a_while(world)
    world.server.faults = Faults()
    world.tick()
    assert "replaced" not in status(world), "a refusal is likelier, so the retry comes first"
    world.pod_client.hung = {first: LONG, second: LONG}
    world.tick()
    assert [one["pod"] for one in status(world)["replaced"]] == [first]
    assert "reason" not in status(world)
    world.rounds(1)
    assert (len(events(world, "Replaced")), events(world, "Deleted")) == (1, []), "no other client deleted it"
    world.restart()
    world.tick()
    assert [one["pod"] for one in status(world)["replaced"]] == [first], "a restarted operator waits for it, too"


@pytest.mark.parametrize(("drain", "grace"), [("1h", 30), ("1s", 21)])
def test_its_pod_ends_soon_since_it_has_no_stream_to_finish(drain: str, grace: int) -> None:
    """With the grace period for streams it would keep its GPU, and another one that hangs, for an hour."""
    world = serving(drain={"timeout": drain, "settle": "0s"})
    first = names(world)[0]
    world.pod_client.hung = {first: LONG}
    world.tick()
    assert world.server.graces == {first: grace}


def test_what_is_kept_of_a_refused_deletion_goes_with_its_pod() -> None:
    world = serving()
    first = names(world)[0]
    world.pod_client.hung = {first: LONG}
    world.server.faults = Faults(refused={"pods": "protected"})
    world.tick()
    pod = next(one for one in world.engine_pods() if one["metadata"]["name"] == first)
    world.operator.forget(pod["metadata"]["uid"])
    world.tick()
    assert deletions(world) == 2, "it is another pod as far as the operator can tell"
