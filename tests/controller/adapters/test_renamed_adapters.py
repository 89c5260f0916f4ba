"""An adapter that is renamed takes no other one's name: clients would get answers of other weights, without a word."""

from datetime import timedelta

from tests.controller.adapters.adapter_world import SECOND, AdapterWorld, version

A, B = "aaaaaaaa", "bbbbbbbb"


def served(world: AdapterWorld) -> dict[str, str]:
    """The version that answers to each name, by the routers' file."""
    world.settle()
    listed = world.router_file().get("adapterVersions", [])
    return {one["name"]: one["versions"][0]["name"].partition("@")[2] for one in listed}


def two() -> AdapterWorld:
    """The older one is served as `old`, the younger one as `sql`."""
    world = AdapterWorld()
    world.put_adapter("first", servedName="old")
    world.now += timedelta(minutes=1)
    world.put_adapter("second", version(SECOND), servedName="sql")
    world.settle()
    for name in ("first", "second"):
        world.reconcile_adapter(name)
    assert served(world) == {"old": A, "sql": B}
    return world


def test_an_older_adapter_does_not_take_the_name_of_another_one_that_is_served() -> None:
    world = two()
    world.put_adapter("first", servedName="sql")
    assert served(world) == {"sql": B}
    world.reconcile_adapter("first")
    world.reconcile_adapter("second")
    assert world.reason(name="first") == ("False", "AdapterNameTaken")
    assert "Adapter second is served under this name" in world.words("first")
    world.restart()
    assert served(world) == {"sql": B}, "also for an operator that was restarted"
    world.remove_adapter("second")
    assert served(world) == {"sql": A}


def test_two_adapters_may_swap_their_names() -> None:
    world = two()
    for name, versions, new in (("first", (version(),), "sql"), ("second", (version(SECOND),), "old")):
        world.put_adapter(name, *versions, servedName=new)
        world.settle()
        world.reconcile_adapter("first")
        world.reconcile_adapter("second")
    assert served(world) == {"sql": A, "old": B}


def test_of_two_new_adapters_the_older_one_has_the_name() -> None:
    world = AdapterWorld()
    world.put_adapter("second", servedName="sql")
    world.now += timedelta(minutes=1)
    world.put_adapter("first", version(SECOND), servedName="sql")
    assert served(world) == {"sql": A}
    world.reconcile_adapter("first")
    world.reconcile_adapter("second")
    assert served(world) == {"sql": A}
