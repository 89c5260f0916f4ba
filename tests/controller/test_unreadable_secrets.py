"""A Secret that the API server fails to read, such as one that it cannot decrypt: its deployment goes on."""

import asyncio
from typing import Any, Final

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.api_errors import Unreachable
from fairlead.controller.reference_cache import TRUSTED, TRUSTED_AFTER_S, SteadyReferences
from fairlead.review.context import ObjectKey
from tests.cluster.fake_objects import Objects
from tests.controller.pretend import Pretend, deployment
from tests.controller.pretend_references import PretendReferences

GATED: Final[dict[str, Any]] = {
    "source": "hf://meta-llama/Llama-3.1-8B-Instruct",
    "tokenSecret": {"name": "hub", "key": "token"},
}
HUB: Final = ObjectKey("Secret", "default", "hub")


def put(objects: Objects, *entries: str) -> None:
    """The Secret with these entries."""
    data = dict.fromkeys(entries, "eA==")
    objects.put(kinds.SECRET, {"metadata": {"name": "hub", "namespace": "default"}, "data": data})


def test_a_deployment_is_scaled_and_repaired_though_its_secret_cannot_be_read_any_more() -> None:
    """Each reconcile failed: no scaling, no repair, no status, and Ready stayed True."""
    world = Pretend(gpus=8)
    put(world.objects, "token")
    world.apply(deployment(replicas=2, model=GATED))
    world.settle()
    world.references.unreadable.add("hub")
    world.apply(deployment(replicas=4, model=GATED))
    router = next(where for where in world.objects.held if where[0] == "deployments.apps" and "router" in where[2])
    del world.objects.held[router]
    world.settle()
    assert len(world.serving()) == 4
    assert router in world.objects.held
    assert world.document()["status"]["observedGeneration"] == world.document()["metadata"]["generation"]


def test_a_missing_secret_stays_missing_while_it_cannot_be_read() -> None:
    """Else the serving revision would make room for one that cannot start."""
    world = Pretend(gpus=2)
    world.apply(deployment(replicas=2))
    world.settle()
    world.apply(deployment(replicas=2, context=4096, model=GATED))
    world.rounds(2)
    assert world.condition("Accepted") == ("False", "NotFound")
    world.references.unreadable.add("hub")
    world.rounds(20)
    assert world.condition("Accepted") == ("False", "NotFound")
    assert len(world.serving()) == 2


class Steady:
    """The lookups of one operator, with a manual clock."""

    def __init__(self) -> None:
        self.objects, self.now = Objects(), 0.0
        self.references = PretendReferences(self.objects)
        self.lookups = SteadyReferences(self.references, lambda: self.now)

    def entries(self) -> frozenset[str] | None:
        """What counts of the Secret now."""
        return asyncio.run(self.lookups.present([HUB])).get(HUB)


def test_a_secret_never_read_is_taken_for_whole_only_after_a_minute() -> None:
    """An API server whose store is slow for a moment must not let a deployment start without its Secret."""
    steady = Steady()
    steady.references.unreadable.add("hub")
    for steady.now in (0.0, 10.0, TRUSTED_AFTER_S - 1):
        with pytest.raises(Unreachable, match="unable to transform key"):
            steady.entries()
    steady.now = TRUSTED_AFTER_S
    assert steady.entries() is TRUSTED
    steady.references.unreadable.clear()
    assert steady.entries() is None
    steady.references.unreadable.add("hub")
    assert steady.entries() is None


def test_entries_are_those_of_the_last_read() -> None:
    steady = Steady()
    put(steady.objects, "token")
    assert steady.entries() == frozenset({"token"})
    steady.references.unreadable.add("hub")
    assert steady.entries() == frozenset({"token"})


def test_an_api_server_that_is_away_fails_the_reconcile_as_before() -> None:
    steady = Steady()
    put(steady.objects, "token")
    assert steady.entries() == frozenset({"token"})
    steady.references.unreadable.add("hub")
    steady.references.status = 503
    with pytest.raises(Unreachable, match="503"):
        steady.entries()
