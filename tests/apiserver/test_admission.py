"""Who owns a field that a policy sets at admission, on a real API server: whoever wrote the object, not the policy."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import pytest

from devcluster.door import Embedded
from fairlead.controller.children import admitted_fields
from fairlead.objects import applied_hash, drift
from fairlead.objects.manifest import Manifest
from tests.objects.specs import LEAST, OWNER, everything
from tests.waiting import eventually

NAMESPACE: Final = "mirrored"
IMAGE: Final = "object.spec.template.spec.containers[0].image"
MIRRORED: Final = f'{IMAGE}.startsWith("mirror.example/") ? {IMAGE} : "mirror.example/" + {IMAGE}'
PATCH: Final = f"""[
  JSONPatch{{op: "add", path: "/spec/template/spec/containers/0/image", value: {MIRRORED}}},
  JSONPatch{{op: "add", path: "/spec/template/spec/nodeSelector/pool", value: "gpu"}},
  JSONPatch{{op: "add", path: "/spec/template/spec/tolerations", value: [{{"key": "team", "operator": "Exists"}}]}}
]"""
NAMES: Final = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": "mirror"}}
POLICY: Final[Manifest] = NAMES | {
    "kind": "MutatingAdmissionPolicy",
    "spec": {
        "matchConstraints": {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": NAMESPACE}},
            "resourceRules": [
                {
                    "apiGroups": ["apps"],
                    "apiVersions": ["v1"],
                    "operations": ["CREATE", "UPDATE"],
                    "resources": ["deployments"],
                }
            ],
        },
        "failurePolicy": "Fail",
        "reinvocationPolicy": "Never",
        "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": PATCH}}],
    },
}
BINDING: Final[Manifest] = NAMES | {"kind": "MutatingAdmissionPolicyBinding", "spec": {"policyName": "mirror"}}
TOLERANT: Final[dict[str, Any]] = {
    "placement": {"nodeSelector": {"zone": "a"}, "tolerations": [{"operator": "Exists"}]}
}


def intent() -> Manifest:
    """The Deployment of one revision."""
    made = everything(LEAST | TOLERANT, replace(OWNER, namespace=NAMESPACE))
    engines = (one for one in made if one["kind"] == "Deployment" and one["metadata"]["name"] != "chat-router")
    return applied_hash.with_applied_hash(next(engines))


def live(door: Embedded) -> Manifest:
    """It as stored, with the owners of its fields."""
    words = ("get", "deployment", intent()["metadata"]["name"], "-n", NAMESPACE, "-o", "json", "--show-managed-fields")
    return dict(json.loads(door.kubectl(*words)))


def apply(door: Embedded, manifest: Manifest) -> None:
    """Write it as the operator does."""
    words = ("apply", "--server-side", "--force-conflicts", "--field-manager=fairlead-controller")
    door.kubectl(*words, "-f", "-", text=json.dumps(manifest))


@pytest.fixture
def admitted(api_server: Embedded) -> Iterator[Embedded]:
    """One Deployment that was written under the policy."""
    for one in ({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}, POLICY, BINDING):
        api_server.kubectl("apply", "-f", "-", text=json.dumps(one))
    eventually(lambda: _is_in_force(api_server), "the policy is in force")
    apply(api_server, intent())
    yield api_server
    for kind in ("mutatingadmissionpolicybinding", "mutatingadmissionpolicy"):
        api_server.kubectl("delete", kind, "mirror", "--ignore-not-found")
    api_server.kubectl("delete", "deployments", "--all", "-n", NAMESPACE)


def _is_in_force(door: Embedded) -> bool:
    tried = intent()
    tried["metadata"]["name"] = "tried"
    words = ("create", "--dry-run=server", "-o", "json", "-f", "-")
    return "mirror.example/" in door.kubectl(*words, text=json.dumps(tried))


def test_only_what_a_person_changed_is_found_beside_what_a_policy_set(admitted: Embedded) -> None:
    set_by_policy = {drift.spelt(path) for path in drift.differences(intent(), live(admitted))}
    pod = "spec.template.spec"
    assert {f"{pod}.containers[engine].image", f"{pod}.nodeSelector", f"{pod}.tolerations"} == set_by_policy
    assert admitted_fields.changed_otherwise(intent(), live(admitted)) is None
    name = f"deployment/{intent()['metadata']['name']}"
    admitted.kubectl("set", "image", name, "engine=theirs:1", "-n", NAMESPACE)
    assert drift.spelt(admitted_fields.changed_otherwise(intent(), live(admitted))).endswith("[engine].image")
    apply(admitted, intent())
    assert admitted_fields.changed_otherwise(intent(), live(admitted)) is None
    admitted.kubectl("scale", name, "--replicas=7", "-n", NAMESPACE)
    assert admitted_fields.changed_otherwise(intent(), live(admitted)) == ("spec", "replicas")
    apply(admitted, intent())
    bare = json.dumps([{"op": "remove", "path": "/spec/template/spec/tolerations"}])
    admitted.kubectl("patch", name, "--type=json", "-p", bare, "-n", NAMESPACE)
    assert drift.spelt(admitted_fields.changed_otherwise(intent(), live(admitted))).endswith("tolerations")


def test_without_the_policy_a_new_count_leaves_the_pods_as_it_made_them(admitted: Embedded) -> None:
    before = live(admitted)
    admitted.kubectl("delete", "mutatingadmissionpolicybinding", "mirror")
    eventually(lambda: not _is_in_force(admitted), "the policy is gone")
    more = intent()
    more["spec"]["replicas"] += 1
    apply(admitted, admitted_fields.with_admitted_template(more, before))
    after = live(admitted)
    assert after["spec"]["replicas"] == before["spec"]["replicas"] + 1
    assert after["spec"]["template"] == before["spec"]["template"]
    assert admitted_fields.changed_otherwise(more, after) is None
