"""Every child of every sample on a real API server: accepted without a warning, kept as sent, never rewritten.

The server adds its defaults here, so this tests how well the comparison of intent and object works.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import pytest

from devcluster.door import DoorClosed, Embedded
from fairlead.fleet.gateways import GatewayReference
from fairlead.objects import applied_hash, drift
from fairlead.objects.manifest import Manifest
from tests.objects.specs import FULL, OWNER, everything, samples
from tests.objects.test_gateway_children import FRONT_OWNER, gateway, made

NAMESPACE: Final = "children"
SPECS: Final = {**dict(samples()), "full": FULL, "n" * 63: FULL}
WORKLOADS: Final = frozenset({"Deployment", "DaemonSet"})
MANAGER: Final = "--field-manager=fairlead-controller"


def children_of(name: str) -> list[Manifest]:
    if name == "front":
        front = GatewayReference(namespace=NAMESPACE, name=name)
        built = made(gateway(reference=front), replace(FRONT_OWNER, namespace=NAMESPACE)).values()
        return [applied_hash.with_applied_hash(child) for child in built]
    owner = replace(OWNER, namespace=NAMESPACE, name=name)
    return [applied_hash.with_applied_hash(child) for child in everything(SPECS[name], owner)]


OWNERS: Final = (*SPECS, "front")
"""The last one is a gateway."""
ALL: Final = [child for name in OWNERS for child in children_of(name)]


@pytest.fixture(scope="module")
def there(api_server: Embedded) -> Embedded:
    """A namespace under the strictest admission, with what pods need from it."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    base: list[Manifest] = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}},
        *({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _named(name)} for name in ("default", "a")),
        *(
            {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}, "value": 1}
            for name in ("p", "serving")
        ),
    ]
    api_server.kubectl("apply", "--server-side", "-f", "-", text=_list(base))
    api_server.kubectl("apply", "--server-side", MANAGER, "-f", "-", text=_list(ALL))
    return api_server


def test_every_child_is_taken_as_it_is(there: Embedded) -> None:
    words = ("apply", "--server-side", "--dry-run=server", "--warnings-as-errors", MANAGER)
    output = there.kubectl(*words, "-f", "-", text=_list(ALL))
    assert output.count("serverside-applied (server dry run)") == len(ALL)


@pytest.mark.parametrize("name", OWNERS, ids=lambda name: name[:24])
def test_what_was_applied_is_no_drift(there: Embedded, name: str) -> None:
    wanted = children_of(name)
    live = _live(there, wanted)
    assert [drift.differs(*both) for both in zip(wanted, live, strict=True)] == [None] * len(wanted)


def test_applying_again_writes_nothing(there: Embedded) -> None:
    before = [one["metadata"]["resourceVersion"] for one in _live(there, ALL)]
    there.kubectl("apply", "--server-side", MANAGER, "-f", "-", text=_list(ALL))
    assert [one["metadata"]["resourceVersion"] for one in _live(there, ALL)] == before


@pytest.mark.parametrize("kind", sorted({child["kind"] for child in ALL}))
def test_what_a_person_changes_is_found(there: Embedded, kind: str) -> None:
    """One edit for each kind, as a dry run, so that the others see the objects untouched."""
    child = next(one for one in children_of("full") if one["kind"] == kind)
    edited = json.loads(json.dumps(child))
    EDITS[kind](edited)
    words = ("apply", "--server-side", "--force-conflicts", "--dry-run=server", "--field-manager=person", "-o", "json")
    live = json.loads(there.kubectl(*words, "-f", "-", text=json.dumps(edited)))
    assert drift.differs(child, live) is not None


@pytest.mark.parametrize("name", OWNERS, ids=lambda name: name[:24])
def test_its_pods_are_let_in_where_only_restricted_ones_are(there: Embedded, name: str) -> None:
    pods = [_pod(child) for child in children_of(name) if child["kind"] in WORKLOADS]
    output = there.kubectl("create", "--dry-run=server", "-f", "-", text=_list(pods))
    assert output.count("created (server dry run)") == len(pods)


def test_that_admission_is_at_work(there: Embedded) -> None:
    pod = _pod(children_of("full")[-1])
    del pod["spec"]["securityContext"]
    with pytest.raises(DoorClosed, match="violates PodSecurity"):
        there.kubectl("create", "--dry-run=server", "-f", "-", text=json.dumps(pod))


def _replicas(child: Manifest) -> None:
    child["spec"]["replicas"] += 1


def _ports(child: Manifest) -> None:
    child["spec"]["ports"][0]["targetPort"] = "metrics"


def _let_everybody_in(child: Manifest) -> None:
    child["spec"]["ingress"] = [{}]


def _budget(child: Manifest) -> None:
    child["spec"]["maxUnavailable"] = 2


def _data(child: Manifest) -> None:
    child["data"] = {"router.json": "{}"}


def _rules(child: Manifest) -> None:
    child["rules"][0]["verbs"].append("delete")


EDITS: Final[dict[str, Callable[[Manifest], None]]] = {
    "Deployment": _replicas,
    "DaemonSet": lambda child: child["spec"]["template"]["spec"].update(nodeSelector={"other": "yes"}),
    "Service": _ports,
    "NetworkPolicy": _let_everybody_in,
    "PodDisruptionBudget": _budget,
    "ConfigMap": _data,
    "Role": _rules,
    "RoleBinding": lambda child: child["subjects"].append(child["subjects"][0] | {"name": "other"}),
    "ServiceAccount": lambda child: child.update(automountServiceAccountToken=True),
}


def _named(name: str) -> Manifest:
    return {"name": name, "namespace": NAMESPACE}


def _list(objects: list[Manifest]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})


def _live(there: Embedded, wanted: list[Manifest]) -> list[dict[str, Any]]:
    return list(json.loads(there.kubectl("get", "-o", "json", "-f", "-", text=_list(wanted)))["items"])


def _pod(deployment: Manifest) -> Manifest:
    template = deployment["spec"]["template"]
    head = {"name": "pod-" + deployment["metadata"]["name"], "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": template["metadata"] | head, "spec": dict(template["spec"])}
