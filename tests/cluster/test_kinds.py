"""The API path of each kind, and names that would lead elsewhere."""

import pytest

from fairlead.cluster.kinds import (
    DEPLOYMENT,
    INFERENCE_DEPLOYMENT,
    LAST_APPLIED,
    NODE,
    POD,
    REGISTERED,
    UnknownKind,
    of,
    trimmed,
)
from tests.cluster.worlds import note


def test_each_kind_is_found_by_what_its_manifests_say() -> None:
    assert [of({"apiVersion": one.api_version, "kind": one.kind}) for one in REGISTERED] == list(REGISTERED)
    with pytest.raises(UnknownKind, match="'v1' with kind 'Pot' is not known here"):
        of({"apiVersion": "v1", "kind": "Pot"})


def test_addresses_of_collections_objects_and_their_parts() -> None:
    assert POD.path() == "/api/v1/pods"
    assert NODE.path("ignored", "a.b") == "/api/v1/nodes/a.b"
    assert DEPLOYMENT.path("serving", "chat", "scale") == "/apis/apps/v1/namespaces/serving/deployments/chat/scale"
    assert INFERENCE_DEPLOYMENT.path("s") == "/apis/fairlead.dev/v1alpha1/namespaces/s/inferencedeployments"
    assert (POD.title, INFERENCE_DEPLOYMENT.title) == ("pods", "inferencedeployments.fairlead.dev")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "%2e"])
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be the name of an object"):
        POD.path("serving", name)


def test_what_only_fills_memory_is_left_out() -> None:
    plain = note("a", annotations={"kept": "1"})
    full = note("a", annotations={"kept": "1", LAST_APPLIED: "{}"}, managedFields=[{"manager": "kubectl"}])
    assert trimmed(full) == trimmed(plain) == plain
    assert LAST_APPLIED in full["metadata"]["annotations"], "the object that was given is not changed"
