"""The cost of a change is reported when it is made, and never refused."""

from typing import Any

from fairlead.review import change_warnings
from fairlead.review.context import ReviewContext
from tests.controller.pretend import CATALOGUE, deployment

CONTEXT = ReviewContext(catalogue=CATALOGUE)


def renamed(name: str) -> dict[str, object]:
    """A model under another name."""
    document = deployment(replicas=3)
    document["spec"]["model"] |= {"servedName": name}
    return document


def test_a_model_that_is_renamed_leaves_its_clients_behind() -> None:
    (warning,) = change_warnings.warnings(renamed("chat"), renamed("writer"), CONTEXT)
    assert warning.startswith("spec.model.servedName: writer: clients that ask for chat get 404 from now on; keep")


def test_a_change_that_replaces_all_replicas_at_once_is_warned_of() -> None:
    (warning,) = change_warnings.warnings(deployment(replicas=1), deployment(replicas=1, context=4096), CONTEXT)
    assert warning.startswith("spec.rollout.maxUnavailable: 1: of 1 replica none serves while this change rolls out")


def test_min_replicas_counts_where_an_autoscaler_decides() -> None:
    scaled = deployment(scaling={"minReplicas": 1, "maxReplicas": 4})
    del scaled["spec"]["replicas"]
    changed = {**scaled, "spec": scaled["spec"] | {"storage": {"sharedMemory": "4Gi"}}}
    assert len(change_warnings.warnings(scaled, changed, CONTEXT)) == 1


def test_a_count_or_an_engine_of_many_changes_without_a_word() -> None:
    assert change_warnings.warnings(deployment(replicas=2), deployment(replicas=3), CONTEXT) == ()
    assert change_warnings.warnings(deployment(replicas=2), deployment(replicas=2, context=4096), CONTEXT) == ()


def counted(desired: object, **spec: object) -> dict[str, Any]:
    """A deployment with this count in its status; None in the spec: not written."""
    return deployment(**{"replicas": None, **spec}) | {"status": {"desiredReplicas": desired}}  # type: ignore[arg-type]


def test_a_count_that_is_removed_and_falls_to_one_replica_is_warned_of() -> None:
    scaling = {"scaling": {"minReplicas": 2, "maxReplicas": 8}}
    for before in (counted(5, replicas=5), counted(5, **scaling)):
        (warning,) = change_warnings.warnings(before, counted(5), CONTEXT)
        assert warning.startswith(
            "spec.replicas: neither it nor spec.scaling is left, which means 1 replica, and 5 are"
        )
        assert warning.endswith("run kubectl scale --replicas=5")
    for before, after in (
        (counted(5, replicas=5), counted(5, **scaling)),
        (counted(1, replicas=1), counted(1)),
        (counted("many", replicas=5), counted("many")),
        (counted(5), counted(5)),
    ):
        assert change_warnings.warnings(before, after, CONTEXT) == ()


def test_what_cannot_be_read_is_not_compared() -> None:
    assert change_warnings.warnings({"kind": "InferenceDeployment"}, deployment(), CONTEXT) == ()


def adapter(*digits: str, canary: bool = True) -> dict[str, Any]:
    """An adapter with these versions."""
    versions = [{"digest": f"sha256:{one * 64}", "source": "pvc://adapters/sql"} for one in digits]
    spec: dict[str, Any] = {"deployment": "chat", "versions": versions} | ({"canary": {}} if canary else {})
    head: dict[str, Any] = {
        "apiVersion": "fairlead.dev/v1alpha1",
        "kind": "Adapter",
        "metadata": {"name": "sql", "namespace": "team"},
    }
    return head | {"spec": spec}


def test_an_adapters_canary_with_nothing_to_compare_with_is_warned_of() -> None:
    (warning,) = change_warnings.warnings(adapter("a"), adapter("b"), CONTEXT)
    assert warning.startswith("spec.versions: none of the versions so far is left, so the first one gets all traffic")


def test_a_canary_that_takes_over_from_a_person_names_the_version_that_goes_on_trial() -> None:
    for traffic, lesser in (((0, 100), "a"), ((95, 5), "b"), ((50, 50), "b")):
        before = adapter("a", "b", canary=False)
        for one, percent in zip(before["spec"]["versions"], traffic, strict=True):
            one["traffic"] = percent
        (warning,) = change_warnings.warnings(before, adapter("a", "b"), CONTEXT)
        begins = f"spec.canary: sha256:{lesser * 8} had {min(traffic)} percent of the conversations and goes on trial;"
        assert warning.startswith(begins)
    assert change_warnings.warnings(adapter("a", canary=False), adapter("a", "b"), CONTEXT) == ()


def test_a_version_that_is_added_or_replaces_one_without_a_canary_is_not_warned_of() -> None:
    assert change_warnings.warnings(adapter("a"), adapter("b", "a"), CONTEXT) == ()
    assert change_warnings.warnings(adapter("a"), adapter("b", canary=False), CONTEXT) == ()
    assert change_warnings.warnings({"kind": "Adapter"}, adapter("b"), CONTEXT) == ()
