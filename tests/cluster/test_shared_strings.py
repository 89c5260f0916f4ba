"""Equal strings of stored objects share one string, and nothing else about them changes."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fairlead.cluster.kinds import Manifest
from fairlead.cluster.shared_strings import DEEPEST_SHARED, LONGEST_SHARED, MAX_STRINGS, SharedStrings
from fairlead.cluster.store import ObjectStore
from tests.cluster.worlds import note

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
PARTS = st.recursive(LEAVES, lambda part: st.lists(part) | st.dictionaries(st.text(), part), max_leaves=8)


def anew(text: str) -> str:
    """An equal string that is a separate object, as a JSON parser creates them."""
    return text.encode().decode()


def a_pod() -> Manifest:
    """A pod with its own string objects."""
    words = {anew("image"): anew("fairlead:1"), anew("args"): [anew("--port"), anew("8000")]}
    return {anew("kind"): anew("Pod"), anew("spec"): {anew("containers"): [words]}}


def strings(value: Any) -> list[str]:  # noqa: ANN401  # any part of a manifest
    """Every key and every word, in order."""
    if isinstance(value, dict):
        return [one for key, part in value.items() for one in (key, *strings(part))]
    if isinstance(value, list):
        return [one for part in value for one in strings(part)]
    return [value]


@given(st.lists(st.dictionaries(st.text(), PARTS, max_size=4), max_size=3))
def test_an_object_stays_equal_and_is_another_one(objects: list[Manifest]) -> None:
    sharing = SharedStrings()
    for one in objects:
        shared = sharing.with_shared(one)
        assert shared == one
        assert list(shared) == list(one)
        assert shared is not one


def test_the_strings_of_a_second_object_are_those_of_the_first() -> None:
    sharing, second = SharedStrings(), a_pod()
    first = sharing.with_shared(a_pod())
    shared = sharing.with_shared(second)
    assert [id(one) for one in strings(shared)] == [id(one) for one in strings(first)]
    assert not {id(one) for one in strings(shared)} & {id(one) for one in strings(second)}


def test_a_long_string_is_not_searched_for() -> None:
    sharing, text = SharedStrings(), "x" * (LONGEST_SHARED + 1)
    assert sharing.with_shared({"note": text})["note"] is text
    assert len(sharing) == 1


def test_an_object_of_any_depth_is_taken() -> None:
    deep: Manifest = {}
    for _ in range(900):
        deep = {"in": [deep]}
    sharing = SharedStrings()
    shared = part = sharing.with_shared(deep)
    for _ in range(DEEPEST_SHARED // 2):
        part = part["in"][0]
        deep = deep["in"][0]
    assert part is deep
    assert shared is not part


def test_a_full_table_begins_anew_and_is_never_much_larger() -> None:
    sharing = SharedStrings()
    for number in range(3 * MAX_STRINGS):
        assert sharing.with_shared({"name": f"pod-{number}"}) == {"name": f"pod-{number}"}
        assert len(sharing) <= MAX_STRINGS + 1


def test_objects_of_a_store_share_their_strings() -> None:
    store = ObjectStore()
    for name in ("a", "b"):
        store.put(note(name, anew("the same words"), uid=f"uid-{name}", resourceVersion="1"))
    first, second = store.all()
    assert first["data"]["said"] is second["data"]["said"]
