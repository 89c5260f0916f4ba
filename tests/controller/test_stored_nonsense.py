"""Objects that today's schema would refuse, and one that crashes us: each harms only itself."""

import asyncio
import copy
from typing import Any, Final

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from tests.controller.pretend import Pretend, deployment

GONE: Final = object()

STORED: Final[dict[str, tuple[tuple[str, ...], Any]]] = {
    "no spec": (("spec",), GONE),
    "a spec that is text": (("spec",), "vllm"),
    "no model": (("spec", "model"), GONE),
    "a model that is a list": (("spec", "model"), []),
    "no product": (("spec", "accelerator"), {}),
    "a count that is text": (("spec", "replicas"), "two"),
    "a count below zero": (("spec", "replicas"), -1),
    "an engine nobody knows": (("spec", "engine", "kind"), "Turbo"),
    "a duration without a unit": (("spec", "drain"), {"timeout": "5"}),
    "null for an object": (("spec", "router"), None),
    "a field of a newer version": (("spec", "telepathy"), {"enabled": True}),
    "both counts": (("spec", "scaling"), {"minReplicas": 3, "maxReplicas": 1}),
    "a status of nothing": (("status",), {}),
    "conditions of nothing": (("status", "conditions"), []),
    "revisions nobody made": (("status", "revisions"), [{"hash": "0", "name": "x"}]),
    "a desired count of text": (("status", "desiredReplicas"), "many"),
}
LENIENT: Final = frozenset(
    {"null for an object", "a field of a newer version", "a status of nothing", "conditions of nothing"}
    | {"revisions nobody made", "a desired count of text"}
)


def stored(world: Pretend, path: tuple[str, ...], value: Any) -> None:  # noqa: ANN401  # whatever is there
    """Write past every check, as an older release or a manual edit in etcd would."""
    document = copy.deepcopy(world.document())
    above: Manifest = document
    for step in path[:-1]:
        above = above.setdefault(step, {})
    if value is GONE:
        above.pop(path[-1])
    else:
        above[path[-1]] = value
    world.objects.put(kinds.INFERENCE_DEPLOYMENT, document)


@pytest.mark.parametrize("what", STORED)
def test_a_stored_spec_that_todays_schema_would_refuse_changes_no_serving_replica(what: str) -> None:
    """P31: readable, or reported as unreadable; what serves stays, and a good spec fixes it."""
    path, value = STORED[what]
    world = Pretend()
    world.apply(deployment())
    world.settle()
    served, before = world.serving(), world.fingerprint()
    stored(world, path, value)
    world.settle()
    assert world.serving() == served
    if what in LENIENT:
        assert world.condition("Ready") == ("True", "Serving")
    else:
        assert world.condition("Ready")[0] == "False"
        assert world.condition("Accepted")[1] in {"Unreadable", "Refused"}
    world.apply(deployment())
    world.settle()
    assert (world.serving(), world.fingerprint()) == (served, before)


@pytest.mark.parametrize("note", ["fairlead.dev/template", "fairlead.dev/wanted-since", "fairlead.dev/failure"])
@pytest.mark.parametrize("text", ["", "{", "null", "0001-01-01T00:00:00Z"])
def test_invalid_annotations_count_as_absent(note: str, text: str) -> None:
    """P31: whatever was written on a revision, the same replicas serve."""
    world = Pretend()
    world.apply(deployment())
    world.settle()
    served = world.serving()
    (engine,) = world.objects.listed(kinds.DEPLOYMENT.title, None, "fairlead.dev/role=engine")
    edited = copy.deepcopy(engine)
    edited["metadata"]["annotations"][note] = text
    world.objects.put(kinds.DEPLOYMENT, edited)
    world.settle()
    assert world.serving() == served
    assert world.condition("Ready") == ("True", "Serving")


def test_an_object_that_crashes_its_reconcile_breaks_no_other_object() -> None:
    """P30: a stored object without required fields raises, and only its own reconcile does."""
    world = Pretend()
    broken = deployment("broken")
    world.apply(broken)
    world.world.receive()
    world.world.receives = False
    torn = copy.deepcopy(world.document("broken"))
    torn["metadata"].pop("generation")
    torn["metadata"]["resourceVersion"] = "999999"
    world.world.note(torn)
    with pytest.raises(KeyError):
        asyncio.run(world.operator.reconcile(world.key("broken"), world.now))
    world.world.receives = True
    for name in ("one", "two", "three"):
        world.apply(deployment(name))
    for name in ("one", "two", "three"):
        world.settle(name)
        assert world.condition("Ready", name) == ("True", "Serving")
    world.operator.forget(world.document("one")["metadata"]["uid"])
    world.settle("one")
    assert world.condition("Ready", "one") == ("True", "Serving")
