"""Which of two versions of an object is the later one, whatever order they arrive in."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fairlead.cluster.kinds import Manifest
from fairlead.cluster.store import (
    DEPLOYMENT_LABEL,
    GATEWAY_LABEL,
    MAX_TOMBSTONES,
    NamespacedName,
    ObjectStore,
    StoreChange,
    version_of,
)
from fairlead.objects import labels
from tests.cluster.worlds import note

Word = tuple[str, Manifest]


def made(name: str, version: int, uid: str = "", **metadata: Any) -> Manifest:  # noqa: ANN401  # a manifest's own values
    """An object of a version."""
    return note(name, f"v{version}", uid=uid or f"uid-{name}", resourceVersion=str(version), **metadata)


def test_an_object_is_found_by_name_and_by_deployment() -> None:
    store = ObjectStore()
    owned = made("owned", 1, labels={DEPLOYMENT_LABEL: "chat"})
    store.put(owned)
    store.put(made("other", 2))
    assert store.find("serving", "owned") == owned
    assert store.of_deployment("serving", "chat") == (owned,)
    assert [one["metadata"]["name"] for one in store.all()] == ["other", "owned"]
    moved = made("owned", 3)
    assert store.put(moved) == (StoreChange(owned, moved),)
    assert store.of_deployment("serving", "chat") == ()
    assert len(store) == 2


def test_what_belongs_to_a_gateway_is_found_by_it_and_not_by_a_deployment_of_its_name() -> None:
    store = ObjectStore()
    owned = made("owned", 1, labels={GATEWAY_LABEL: "chat"})
    store.put(owned)
    assert store.of_gateway("serving", "chat") == (owned,)
    assert store.of_deployment("serving", "chat") == store.of_gateway("other", "chat") == ()
    store.drop(owned)
    assert store.of_gateway("serving", "chat") == ()


def test_the_labels_are_those_that_children_carry() -> None:
    assert (DEPLOYMENT_LABEL, GATEWAY_LABEL) == (labels.DEPLOYMENT, labels.GATEWAY)


def test_an_older_word_changes_nothing() -> None:
    store = ObjectStore()
    store.put(made("a", 5))
    assert store.put(made("a", 5)) == store.put(made("a", 4)) == store.drop(made("a", 3)) == ()


def test_what_was_deleted_does_not_come_back_by_a_late_word() -> None:
    store = ObjectStore()
    store.put(made("a", 5))
    store.drop(made("a", 7))
    assert store.put(made("a", 6)) == ()
    back = made("a", 8)
    assert store.put(back) == (StoreChange(None, back),), "it only left the selector, and matches again"


def test_a_late_deletion_of_a_predecessor_leaves_its_successor() -> None:
    store = ObjectStore()
    first, second = made("a", 5, "first"), made("a", 9, "second")
    store.put(first)
    assert store.put(second) == (StoreChange(first, None), StoreChange(None, second))
    assert store.drop(made("a", 8, "first")) == ()
    assert store.put(made("a", 6, "first")) == ()
    assert store.all() == (second,)


def test_a_list_that_is_older_than_our_own_write_does_not_undo_it() -> None:
    """P6: a server that lags behind answers with an old state."""
    store = ObjectStore()
    ours, changed = made("ours", 10), made("changed", 11)
    store.put(ours)
    store.put(changed)
    assert list(store.relist([made("changed", 3)], "8")) == []
    assert store.all() == (changed, ours)


def test_an_answer_to_our_own_write_that_comes_after_a_list_without_it_brings_nothing_back() -> None:
    """We created it, another client deleted it, the watch was lost; then the list comes, and our answer last."""
    store = ObjectStore()
    assert list(store.relist([made("other", 3)], "12")) == [StoreChange(None, made("other", 3))]
    assert store.put(made("a", 10)) == ()
    assert store.put(made("b", 13)) == (StoreChange(None, made("b", 13)),)
    assert [one["metadata"]["name"] for one in store.all()] == ["b", "other"]


def test_a_list_of_one_namespace_says_nothing_of_another() -> None:
    store = ObjectStore()
    list(store.relist([], "12", "elsewhere"))
    assert store.put(made("a", 10)) == (StoreChange(None, made("a", 10)),)


def test_a_restored_list_replaces_all_that_is_later_and_what_follows_it_counts() -> None:
    """After a backup from before version 60 was restored, versions begin there again."""
    store = ObjectStore()
    kept, changed, namesake, made_since = (
        made("kept", 50),
        made("changed", 90),
        made("n", 95, "second"),
        made("new", 96),
    )
    list(store.relist([kept, changed, namesake, made_since], "100"))
    store.drop(made("deleted-since", 97))
    before, first, deleted_since = made("changed", 40), made("n", 41, "first"), made("deleted-since", 42)
    assert list(store.restore([kept, before, first, deleted_since], "60")) == [
        StoreChange(kept, kept),
        StoreChange(changed, before),
        StoreChange(namesake, None),
        StoreChange(None, first),
        StoreChange(None, deleted_since),
        StoreChange(made_since, None),
    ]
    fresh = made("fresh", 61)
    assert store.put(fresh) == (StoreChange(None, fresh),)
    assert store.drop(made("kept", 62)) == (StoreChange(kept, None),)
    assert store.all() == (before, deleted_since, fresh, first)


def test_a_restored_list_of_one_namespace_leaves_the_others() -> None:
    store = ObjectStore()
    here = made("a", 90)
    store.put(here)
    assert list(store.restore([], "60", "elsewhere")) == []
    assert list(store.restore([], "60", "serving")) == [StoreChange(here, None)]


def test_objects_of_a_kind_that_vanished_are_accepted_again_when_it_is_back() -> None:
    store = ObjectStore()
    held = made("a", 5)
    store.put(held)
    assert list(store.vanish("elsewhere")) == []
    assert list(store.vanish()) == [StoreChange(held, None)]
    assert list(store.relist([held], "9")) == [StoreChange(None, held)]


def test_only_so_many_dead_are_remembered_and_the_oldest_are_forgotten() -> None:
    store = ObjectStore()
    for number in range(MAX_TOMBSTONES + 5):
        store.drop(made(str(number), number + 1))
    assert [number for number in range(MAX_TOMBSTONES + 5) if store.put(made(str(number), number + 1))] == [*range(5)]


@st.composite
def feeds(draw: st.DrawFn) -> tuple[list[Word], dict[NamespacedName, int], list[Word]]:
    """A true history of three names, its final state, and the events as received: duplicated and in any order."""
    past, alive = list[Word](), dict[str, str]()
    for version in range(1, draw(st.integers(1, 25)) + 1):
        name = draw(st.sampled_from("abc"))
        if name in alive and draw(st.booleans()):
            past.append(("DELETED", made(name, version, alive.pop(name))))
        else:
            past.append(("PUT", made(name, version, alive.setdefault(name, f"{name}-{version}"))))
    last = {NamespacedName("serving", name): 0 for name in alive}
    for _, manifest in past:
        key = NamespacedName("serving", manifest["metadata"]["name"])
        last |= {key: version_of(manifest)} if key in last else {}
    return past, last, draw(st.permutations([*past, *draw(st.lists(st.sampled_from(past), max_size=10))]))


def applied(store: ObjectStore, words: list[Word]) -> list[StoreChange]:
    """Apply events to a store."""
    return [
        change
        for what, manifest in words
        for change in (store.drop(manifest) if what == "DELETED" else store.put(manifest))
    ]


def held(store: ObjectStore) -> dict[NamespacedName, int]:
    """A store's content: versions by name."""
    return {NamespacedName("serving", one["metadata"]["name"]): version_of(one) for one in store.all()}


@given(feeds())
def test_the_end_is_the_same_whatever_the_order(feed: tuple[list[Word], dict[NamespacedName, int], list[Word]]) -> None:
    """P8, duplicated, late and reordered: each object's last event counts."""
    _, last, words = feed
    store = ObjectStore()
    applied(store, words)
    assert held(store) == last


@given(feeds(), st.data())
def test_a_relist_restores_whatever_was_lost(
    feed: tuple[list[Word], dict[NamespacedName, int], list[Word]], data: st.DataObject
) -> None:
    """P8, dropped and coalesced; and every add and delete is reported in pairs, so that listeners may count."""
    past, last, words = feed
    store = ObjectStore()
    changes = applied(store, data.draw(st.lists(st.sampled_from(words)), label="heard"))
    truth = [next(one for _, one in reversed(past) if version_of(one) == version) for version in last.values()]
    changes += list(store.relist(truth, str(len(past))))
    assert held(store) == last
    balance = sum((change.new is not None) - (change.old is not None) for change in changes)
    assert balance == len(store)
