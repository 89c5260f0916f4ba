"""A value that is computed from all objects again after changes only."""

from collections.abc import Iterable

from fairlead.cluster.derived_values import DerivedValue
from fairlead.cluster.kinds import Manifest
from fairlead.cluster.store import ObjectStore


def node(name: str, version: int = 1) -> Manifest:
    return {"metadata": {"name": name, "uid": f"uid-{name}", "resourceVersion": str(version)}}


class Names:
    """Names of all objects; counts how often they were collected."""

    def __init__(self) -> None:
        self.passes = 0

    def __call__(self, objects: Iterable[Manifest]) -> frozenset[str]:
        """Collect them."""
        self.passes += 1
        return frozenset(one["metadata"]["name"] for one in objects)


def test_while_nothing_changes_the_objects_are_not_gone_through() -> None:
    store, names = ObjectStore(), Names()
    store.put(node("a"))
    value = DerivedValue(names)
    for _ in range(60):
        assert value.of(store) == {"a"}
    assert names.passes == 1


def test_each_change_is_followed() -> None:
    store, names = ObjectStore(), Names()
    value = DerivedValue(names)
    assert value.of(store) == frozenset()
    store.put(node("a"))
    store.put(node("b"))
    assert value.of(store) == {"a", "b"}
    store.drop(node("a", 2))
    assert value.of(store) == {"b"}
    list(store.relist([node("c", 5)], "9"))
    assert value.of(store) == {"c"}
    list(store.vanish())
    assert value.of(store) == frozenset()


def test_an_older_version_is_no_change() -> None:
    store, names = ObjectStore(), Names()
    value = DerivedValue(names)
    store.put(node("a", 7))
    value.of(store)
    store.put(node("a", 6))
    value.of(store)
    assert names.passes == 1
