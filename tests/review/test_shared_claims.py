"""Volumes that only one node can mount, where replicas may be on several: the second would wait for ever."""

from typing import Any, Final

import pytest

from fairlead.review import shared_claims
from fairlead.review.context import ObjectKey
from tests.review.table import CONTEXT, Object, deployment, gateway

CLAIM: Final = ObjectKey("PersistentVolumeClaim", "default", "models")
CACHE: Final = {"storage": {"cache": {"claimName": "models"}}}
READ: Final = {"storage": {"mounts": [{"path": "/data", "claimName": "models"}]}}
SOURCE: Final = {"model": {"source": "pvc://models/llama", "servedName": "chat"}}


def warned(given: Object, *modes: str) -> tuple[str, ...]:
    """The warnings, beside a claim with these access modes."""
    return shared_claims.warnings(given, {CLAIM: frozenset(modes)}, CONTEXT)


def test_a_claim_of_one_node_for_two_replicas_is_warned_of_with_its_mode_and_a_remedy() -> None:
    (warning,) = warned(deployment(replicas=2, **CACHE), "ReadWriteOnce")
    assert warning.startswith(
        "spec.storage.cache.claimName: models: the claim is ReadWriteOnce, so replicas on a second"
    )
    assert warning.endswith("or keep all replicas on one node by kubernetes.io/hostname in placement.nodeSelector")


ONE_NODE: Final = {"placement": {"nodeSelector": {"kubernetes.io/hostname": "gpu-1"}}}
ONE_ZONE: Final = {"placement": {"nodeSelector": {"topology.kubernetes.io/zone": "a"}}}


def test_who_follows_the_remedy_is_not_warned_again() -> None:
    assert warned(deployment(replicas=2, **CACHE, **ONE_NODE), "ReadWriteOnce") == ()
    assert len(warned(deployment(replicas=2, **CACHE, **ONE_ZONE), "ReadWriteOnce")) == 1


def test_a_claim_of_one_pod_does_not_become_shared_on_one_node() -> None:
    (warning,) = warned(deployment(replicas=2, **CACHE, **ONE_NODE), "ReadWriteOncePod")
    assert warning.endswith(
        "the claim is ReadWriteOncePod, so only one pod can mount it, and other replicas wait; "
        "name one that is ReadWriteMany"
    )


@pytest.mark.parametrize(
    "spec",
    [
        {"scaling": {"minReplicas": 0, "maxReplicas": 2}},
        {"replicas": 1, "rollout": {"strategy": "Surge"}},
    ],
    ids=["may grow", "one more while it rolls out"],
)
def test_replicas_that_may_come_count(spec: dict[str, Any]) -> None:
    assert len(warned(deployment(**spec, **CACHE), "ReadWriteOncePod")) == 1


def test_one_replica_is_never_on_two_nodes() -> None:
    assert warned(deployment(replicas=1, **CACHE), "ReadWriteOnce") == ()


@pytest.mark.parametrize("spec", [READ, SOURCE], ids=["mount", "model"])
def test_what_is_only_read_may_be_on_a_claim_that_many_nodes_read(spec: dict[str, Any]) -> None:
    assert warned(deployment(replicas=2, **spec), "ReadOnlyMany") == ()
    assert len(warned(deployment(replicas=2, **spec), "ReadWriteOnce")) == 1


def test_a_cache_is_written_so_reading_is_not_enough() -> None:
    (warning,) = warned(deployment(replicas=2, **CACHE, **ONE_NODE), "ReadOnlyMany")
    assert "ReadOnlyMany, so no replica can write to it, as a cache needs; name one that is ReadWriteMany" in warning
    assert warned(deployment(replicas=2, **CACHE), "ReadWriteOnce", "ReadWriteMany") == ()


def test_a_claim_that_does_not_exist_or_shows_no_mode_is_not_warned_of_here() -> None:
    assert shared_claims.warnings(deployment(replicas=2, **CACHE), {}, CONTEXT) == ()
    assert warned(deployment(replicas=2, **CACHE)) == ()


def test_other_kinds_and_what_cannot_be_read_have_no_claims() -> None:
    assert warned(gateway(), "ReadWriteOnce") == ()
    assert warned(deployment(replicas="many", **CACHE), "ReadWriteOnce") == ()
