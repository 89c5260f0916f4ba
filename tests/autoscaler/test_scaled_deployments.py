"""Which deployments the loop has something to do for, found again after changes only."""

from collections.abc import Iterable

from fairlead.autoscaler.scaled_deployments import ScaledDeployments
from fairlead.cluster.kinds import Manifest
from fairlead.cluster.store import ObjectStore
from tests.autoscaler.fleets import deployment


class CountingStore(ObjectStore):
    """A store that counts how often it was gone through."""

    def __init__(self) -> None:
        super().__init__()
        self.passes = 0

    def each(self) -> Iterable[Manifest]:
        """Every object."""
        self.passes += 1
        return super().each()


def _named(found: tuple[Manifest, ...]) -> set[str]:
    return {one["metadata"]["name"] for one in found}


def test_those_with_scaling_or_with_a_recommendation_to_withdraw_are_found() -> None:
    stored = CountingStore()
    stored.put(deployment("scaled"))
    stored.put(deployment("plain", spec={"replicas": 2}))
    stored.put(deployment("was-scaled", spec={"replicas": 2}, status={"scaling": {"recommended": 3}}))
    assert _named(ScaledDeployments().of(stored)) == {"scaled", "was-scaled"}


def test_while_nothing_changes_the_others_are_not_gone_through() -> None:
    """1,000 deployments without scaling took 3 % of a core at rest."""
    stored, scaled = CountingStore(), ScaledDeployments()
    stored.put(deployment("plain", spec={"replicas": 2}))
    for _ in range(60):
        scaled.of(stored)
    assert stored.passes == 1


def test_an_empty_store_has_none() -> None:
    assert ScaledDeployments().of(ObjectStore()) == ()


def test_each_change_is_followed() -> None:
    stored, scaled = CountingStore(), ScaledDeployments()
    stored.put(deployment("chat"))
    assert _named(scaled.of(stored)) == {"chat"}
    stored.put(deployment("code"))
    assert _named(scaled.of(stored)) == {"chat", "code"}
    stored.drop(deployment("chat"))
    assert _named(scaled.of(stored)) == {"code"}
