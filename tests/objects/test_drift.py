"""What counts as drift: whatever contradicts the intent, and nothing that a server or a neighbour adds."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.objects import applied_hash, drift
from fairlead.objects.manifest import Manifest
from tests.objects.specs import FULL, LEAST, everything

CHILDREN = tuple(applied_hash.with_applied_hash(child) for spec in (LEAST, FULL) for child in everything(spec))
SPELT_ANEW = {"128Mi": "131072Ki", "100m": "0.1", "8": "8000m", "1": "1e0", "2Gi": "2147483648"}
Path = tuple[str | int, ...]


def leaves(value: Any, path: Path = ()) -> Iterator[Path]:  # noqa: ANN401  # any value of a manifest
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    below = [leaf for key, each in inside for leaf in leaves(each, (*path, key))]
    yield from below or ([path] if value not in ({}, []) else [])


PLACES = [(number, path) for number, child in enumerate(CHILDREN) for path in leaves(child)]


def as_a_server_keeps_it(value: Any, draw: st.DataObject, path: tuple[str, ...] = ()) -> Any:  # noqa: ANN401 - any JSON
    """The same object after defaults, neighbours and another notation of quantities."""
    if isinstance(value, dict):
        kept = {field: as_a_server_keeps_it(each, draw, (*path, field)) for field, each in value.items()}
        kept = {field: each for field, each in kept.items() if each not in ({}, []) or draw.draw(st.booleans())}
        return kept | (
            {}
            if (drift.ATOMIC | drift.ATOMIC_MAPS) & set(path)
            else {"filledIn": draw.draw(st.sampled_from(["Always", 0, []]))}
        )
    if isinstance(value, list):
        elements = [as_a_server_keeps_it(each, draw, path) for each in value]
        if path[-1] not in drift.KEYS or drift.ATOMIC & set(path):
            return elements
        injected = {"name": "sidecar", "uid": "9", "mountPath": "/sidecar", "topologyKey": "rack", "containerPort": 1}
        return draw.draw(st.permutations([*elements, injected]))
    amounts = {"limits", "requests", "sizeLimit"} & set(path)
    return SPELT_ANEW.get(value, value) if amounts else value


@given(st.sampled_from(CHILDREN), st.data())
def test_an_intent_never_differs_from_itself_as_a_server_keeps_it(child: Manifest, draw: st.DataObject) -> None:
    assert drift.differs(child, as_a_server_keeps_it(child, draw)) is None


@given(st.sampled_from(PLACES), st.booleans())
def test_a_changed_or_missing_value_is_always_found(place: tuple[int, Path], missing: bool) -> None:
    number, path = place
    live = copy.deepcopy(CHILDREN[number])
    above: Any = live
    for step in path[:-1]:
        above = above[step]
    value = above[path[-1]]
    if missing and value != "":  # the API server leaves an empty text out
        del above[path[-1]]
    else:
        changed = not value if isinstance(value, bool) else value + 1 if isinstance(value, int) else f"{value}7"
        above[path[-1]] = changed
    assert drift.differs(CHILDREN[number], live) is not None


POD = {
    "spec": {
        "containers": [
            {
                "name": "engine",
                "args": ["a", "b"],
                "env": [{"name": "A", "value": ""}],
                "ports": [{"containerPort": 8000}],
                "resources": {"limits": {"cpu": "1"}},
            }
        ],
        "volumes": [{"name": "shm", "emptyDir": {"sizeLimit": "2Gi"}}],
        "tolerations": [{"key": "gpu", "operator": "Exists"}],
        "automount": False,
    },
    "ingress": [{"from": [{"podSelector": {"a": "1"}}], "ports": []}],
    "selector": {"app": "chat"},
    "labels": {"sizeLimit": "1"},
}


def changed(path: Path, value: object) -> Manifest:
    live: Any = copy.deepcopy(POD)
    above = live
    for step in path[:-1]:
        above = above[step]
    above[path[-1]] = value
    return dict(live)


C: Path = ("spec", "containers", 0)


@pytest.mark.parametrize(
    ("path", "value", "found"),
    [
        (("spec", "containers"), [], "spec.containers[engine]"),
        (("selector",), {"app": "chat", "nobody": "has-this"}, "selector"),
        (("spec", "containers"), None, "spec.containers"),
        (("spec", "containers"), ["engine"], "spec.containers[0]"),
        ((*C, "args"), ["a"], "spec.containers[engine].args"),
        ((*C, "args"), ["b", "a"], "spec.containers[engine].args[0]"),
        ((*C, "env"), [{"name": "A", "value": "b"}], "spec.containers[engine].env[A].value"),
        ((*C, "ports"), [{"containerPort": 8000, "protocol": "UDP"}], "spec.containers[engine].ports[8000/TCP]"),
        ((*C, "resources", "limits", "cpu"), "2", "spec.containers[engine].resources.limits.cpu"),
        ((*C, "resources", "limits", "cpu"), "many", "spec.containers[engine].resources.limits.cpu"),
        (("spec", "volumes", 0, "emptyDir", "sizeLimit"), "2G", "spec.volumes[shm].emptyDir.sizeLimit"),
        (("spec", "tolerations"), [{"key": "gpu", "operator": "Exists", "effect": "NoExecute"}], "spec.tolerations"),
        (("spec", "automount"), 0, "spec.automount"),
        (("spec", "automount"), None, "spec.automount"),
        (("ingress",), [{}], "ingress"),
        (("ingress",), [{"from": [{"podSelector": {"a": "1"}, "namespaceSelector": {"b": "2"}}]}], "ingress"),
        (("labels", "sizeLimit"), "1000m", "labels.sizeLimit"),
    ],
)
def test_a_difference_is_named_by_its_place(path: Path, value: object, found: str) -> None:
    assert drift.spelt(drift.differs(POD, changed(path, value))) == found


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ((*C, "env"), [{"name": "A"}, {"name": "INJECTED", "value": "1"}]),
        ((*C, "ports"), [{"containerPort": 8000, "protocol": "TCP", "hostPort": 0}]),
        ((*C, "resources", "limits", "cpu"), "1000m"),
        ((*C, "terminationMessagePath"), "/dev/termination-log"),
        (("spec", "volumes", 0, "emptyDir", "sizeLimit"), "2048Mi"),
        (("spec", "restartPolicy"), "Always"),
        (("ingress",), [{"from": [{"podSelector": {"a": "1"}}]}]),
        (("status",), {"phase": "Running"}),
    ],
    ids=lambda each: ".".join(map(str, each)) if isinstance(each, tuple) else "",
)
def test_what_the_server_makes_of_it_is_no_difference(path: Path, value: object) -> None:
    assert drift.differs(POD, changed(path, value)) is None


@given(st.sampled_from(PLACES), st.sampled_from(PLACES))
def test_an_intent_that_takes_over_all_that_differs_differs_no_more(
    one: tuple[int, Path], other: tuple[int, Path]
) -> None:
    """Of the values that differ in one object, each is found, and each can be taken over alone."""
    number, path = one
    intent, live = CHILDREN[number], copy.deepcopy(CHILDREN[number])
    for place in {path, *([other[1]] if other[0] == number else [])}:
        spoil(live, place)
    found = [each for each in drift.differences(intent, live) if not is_key(each)]
    for each in found:
        before, intent = intent, drift.with_live(intent, live, each)
        assert intent != before
    assert [each for each in drift.differences(intent, live) if not is_key(each)] == []


@given(st.sampled_from(PLACES))
def test_what_the_live_object_lacks_stays_in_the_intent(place: tuple[int, Path]) -> None:
    number, path = place
    intent, live = CHILDREN[number], copy.deepcopy(CHILDREN[number])
    above: Any = live
    for step in path[:-1]:
        above = above[step]
    if isinstance(above, dict):
        del above[path[-1]]
        for each in drift.differences(intent, live):
            if path[-1] == each[-1]:
                assert drift.with_live(intent, live, each) == intent


def test_every_difference_is_listed_and_a_whole_one_only_once() -> None:
    """A map or list that is applied as a whole is one difference; what follows is listed too."""
    intent: Manifest = {"spec": {"nodeSelector": {"disk": "ssd"}, "args": ["a", "b"], "replicas": 2}}
    live: Manifest = {"spec": {"nodeSelector": {"disk": "hdd", "zone": "b"}, "args": ["c"], "replicas": 3}}

    found = list(drift.differences(intent, live))

    assert found == [("spec", "nodeSelector"), ("spec", "args"), ("spec", "replicas")]


def is_key(path: drift.DriftPath) -> bool:
    """Whether a whole element is missing, since the field that identifies it was changed."""
    return path[-1].startswith("[")


def spoil(live: Manifest, path: Path) -> None:
    """Change one value of an object."""
    above: Any = live
    for step in path[:-1]:
        above = above[step]
    value = above[path[-1]]
    if isinstance(value, bool):
        above[path[-1]] = not value
    else:
        above[path[-1]] = value + 1 if isinstance(value, int) else f"{value}7"
