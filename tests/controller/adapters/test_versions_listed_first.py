"""A new version that is listed before the one that serves is on trial like any other."""

from collections.abc import Callable

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from tests.controller.adapters.adapter_world import ENGINE, FIRST, SECOND, SLOTS
from tests.controller.adapters.test_adapter_canaries import NEW, OLD, VersionWorld, edition
from tests.controller.pretend import deployment


def test_a_new_version_that_is_listed_first_is_on_trial_like_any_other() -> None:
    world = VersionWorld()
    world.put_adapter("sql", edition(FIRST), canary=world.spec)
    world.turn(2)
    world.put_adapter("sql", edition(SECOND), edition(FIRST), canary=world.spec)
    world.settle()
    assert world.shares == {OLD: 100, NEW: 0}
    world.turn()
    assert (world.canary["stable"], world.canary["revision"]) == (OLD, NEW)
    assert world.begun().shares == {OLD: 90, NEW: 10}


def without_slots(world: VersionWorld) -> Callable[[], None]:
    """Someone edits the slots away, and back."""
    world.apply(deployment(engine=ENGINE))
    return lambda: world.apply(deployment(**SLOTS))


def without_deployment(world: VersionWorld) -> Callable[[], None]:
    """It is deleted, and applied again."""
    world.kube.delete(kinds.INFERENCE_DEPLOYMENT, "default", "chat")
    return lambda: world.apply(deployment(**SLOTS))


def unreadable(world: VersionWorld) -> Callable[[], None]:
    """Someone applies an adapter with nonsense in it, which is replaced later."""
    world.put_adapter("sql", {"digest": "nonsense"}, canary=world.spec)
    return lambda: None


@pytest.mark.parametrize("goes_wrong", [without_slots, without_deployment, unreadable])
def test_a_new_version_that_is_listed_first_is_on_trial_even_if_the_adapter_could_not_be_served_for_a_while(
    goes_wrong: Callable[[VersionWorld], Callable[[], None]],
) -> None:
    world = VersionWorld()
    world.put_adapter("sql", edition(FIRST), canary=world.spec)
    world.turn(2)
    repair = goes_wrong(world)
    world.reconcile_adapter()
    assert world.reason()[0] == "False"
    reported = [{"digest": FIRST, "name": OLD, "traffic": 100}]
    assert world.status()["versions"] == reported, "of replicas nothing is claimed"
    world.put_adapter("sql", edition(SECOND), edition(FIRST), canary=world.spec)
    world.reconcile_adapter()
    repair()
    world.settle()
    assert world.shares == {OLD: 100, NEW: 0}
    world.turn()
    assert (world.canary["stable"], world.canary["revision"]) == (OLD, NEW)


def test_a_version_that_was_rejected_gets_no_user_by_another_name_of_the_adapter() -> None:
    world = VersionWorld().begun()
    world.order("abort")
    world.turn(2)
    world.put_adapter("sql", edition(SECOND), edition(FIRST), canary=world.spec, servedName="query")
    world.settle()
    assert world.shares == {"query@bbbbbbbb": 0, "query@aaaaaaaa": 100}
    world.event_sink.published.clear()
    world.load()
    world.turn(30, seconds=60)
    assert world.shares == {"query@bbbbbbbb": 0, "query@aaaaaaaa": 100}
    assert (world.canary["revision"], world.canary["stable"]) == ("query@bbbbbbbb", "query@aaaaaaaa")
    assert world.reason("Progressing") == ("False", "CanaryRejected")
    assert not {one for one in world.event_sink.published if one.startswith("Canary")}, "nothing was rejected now"


def test_what_was_promoted_serves_on_by_another_name_of_the_adapter() -> None:
    world = VersionWorld().begun()
    for _ in range(2):
        world.order("promote")
        world.turn(3)
    assert world.shares == {OLD: 0, NEW: 100}
    world.put_adapter("sql", edition(FIRST), edition(SECOND), canary=world.spec, servedName="query")
    world.settle()
    world.turn(3)
    assert world.shares == {"query@aaaaaaaa": 0, "query@bbbbbbbb": 100}


def test_a_new_version_that_is_listed_first_with_another_name_of_the_adapter_is_on_trial() -> None:
    world = VersionWorld()
    world.put_adapter("sql", edition(FIRST), canary=world.spec)
    world.turn(2)
    world.put_adapter("sql", edition(SECOND), edition(FIRST), canary=world.spec, servedName="query")
    world.settle()
    assert world.shares == {"query@aaaaaaaa": 100, "query@bbbbbbbb": 0}


SHARED = (edition(FIRST) | {"traffic": 5}, edition(SECOND) | {"traffic": 95})


def sharing(*versions: Manifest) -> VersionWorld:
    """Two versions whose traffic a person moves, by hand."""
    world = VersionWorld()
    world.put_adapter("sql", *versions)
    world.load()
    world.turn(2)
    return world


def test_the_version_with_most_traffic_serves_on_when_a_canary_takes_over_from_a_person() -> None:
    world = sharing(*SHARED)
    assert world.shares == {OLD: 5, NEW: 95}
    world.put_adapter("sql", edition(FIRST), edition(SECOND), canary=world.spec)
    world.settle()
    assert world.shares == {OLD: 0, NEW: 100}, "5 percent of the users are not made to be all of them"
    world.turn()
    assert (world.canary["stable"], world.canary["revision"]) == (NEW, OLD)
    assert world.begun().shares == {OLD: 10, NEW: 90}


def test_that_version_serves_on_even_if_its_deployment_was_gone_meanwhile() -> None:
    world = sharing(*SHARED)
    repair = without_deployment(world)
    world.reconcile_adapter()
    world.put_adapter("sql", edition(FIRST), edition(SECOND), canary=world.spec)
    world.reconcile_adapter()
    repair()
    world.settle()
    assert world.shares == {OLD: 0, NEW: 100}


def test_of_versions_with_equal_traffic_the_first_one_serves_on() -> None:
    world = sharing(edition(FIRST) | {"traffic": 50}, edition(SECOND) | {"traffic": 50})
    world.put_adapter("sql", edition(SECOND), edition(FIRST), canary=world.spec)
    world.settle()
    assert world.shares == {NEW: 100, OLD: 0}
