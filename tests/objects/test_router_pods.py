"""Where routers run, what they request and which labels they carry: of a deployment's own and of a gateway's."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import pytest

from fairlead.api import gateway_conversion
from fairlead.api.kinds import GATEWAY
from fairlead.api.object_reader import read_strict
from fairlead.fleet.gateways import DeploymentRouter
from fairlead.objects import drift, gateway_children, router_deployment
from fairlead.objects.manifest import Manifest
from tests.api.objects import written
from tests.objects.specs import LEAST, OWNER, PLATFORM, wanted

Pods = Callable[[dict[str, Any]], Manifest]

DEFAULTS: Final = {"requests": {"cpu": "100m", "memory": "128Mi"}}
PLACED: Final[dict[str, Any]] = {
    "placement": {
        "nodeSelector": {"pool": "web"},
        "tolerations": [{"key": "reserved", "operator": "Exists"}],
        "topologySpreadConstraints": [{"topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}],
        "affinity": {"nodeAffinity": {}},
        "priorityClassName": "serving",
        "schedulerName": "own",
    },
    "resources": {"requests": {"cpu": 1}, "limits": {"memory": "1Gi"}},
    "podMetadata": {
        "labels": {"cost-center": "42", "kueue.x-k8s.io/queue-name": "web"},
        "annotations": {"sidecar.istio.io/inject": "false"},
    },
}


def own(router: dict[str, Any]) -> Manifest:
    """The pods of a deployment's own routers."""
    deployment_router = wanted(LEAST | {"router": router}).router
    assert isinstance(deployment_router, DeploymentRouter)
    return dict(router_deployment.manifest(OWNER, deployment_router, PLATFORM)["spec"]["template"])


def gateways(router: dict[str, Any]) -> Manifest:
    """The pods of a gateway's routers."""
    reading = read_strict(written(router, kind=GATEWAY), GATEWAY)
    assert reading.value is not None
    made = gateway_children.all_children(
        replace(OWNER, kind=GATEWAY.name), gateway_conversion.gateway(reading.value), {}, PLATFORM
    )
    (found,) = (one for one in made if one["kind"] == "Deployment")
    return dict(found["spec"]["template"])


BOTH: Final = pytest.mark.parametrize("pods", [own, gateways])


@BOTH
def test_routers_are_placed_as_their_spec_says(pods: Pods) -> None:
    spec = pods(PLACED)["spec"]

    assert spec["nodeSelector"] == {"pool": "web"}
    assert spec["tolerations"] == [{"key": "reserved", "operator": "Exists"}]
    assert spec["affinity"] == {"nodeAffinity": {}}
    assert (spec["priorityClassName"], spec["schedulerName"]) == ("serving", "own")
    (spread,) = spec["topologySpreadConstraints"]
    assert (spread["topologyKey"], spread["whenUnsatisfiable"]) == ("zone", "DoNotSchedule")
    assert spread["labelSelector"]["matchLabels"]["fairlead.dev/role"] == "router"
    assert spec["serviceAccountName"].startswith("chat-")


@BOTH
def test_they_carry_the_users_labels_beside_those_they_are_selected_by(pods: Pods) -> None:
    metadata = pods(PLACED)["metadata"]

    assert metadata["annotations"] == {"sidecar.istio.io/inject": "false"}
    assert metadata["labels"]["kueue.x-k8s.io/queue-name"] == "web"
    assert metadata["labels"]["fairlead.dev/role"] == "router"
    assert metadata["labels"].items() >= pods({})["metadata"]["labels"].items()


@BOTH
def test_without_them_nothing_is_added(pods: Pods) -> None:
    """An upgrade must not replace routers for fields that nobody set."""
    template = pods({})

    assert set(template["metadata"]) == {"labels"}
    assert not {"nodeSelector", "tolerations", "affinity", "priorityClassName"} & set(template["spec"])
    assert template["spec"]["containers"][0]["resources"] == DEFAULTS


@pytest.mark.parametrize(
    ("stated", "resources"),
    [
        ({"requests": {"cpu": 1}}, {"requests": {"cpu": "1", "memory": "128Mi"}}),
        ({"limits": {"memory": "1Gi"}}, DEFAULTS | {"limits": {"memory": "1Gi"}}),
        ({"limits": {"cpu": "50m"}}, {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"cpu": "50m"}}),
        (
            {"requests": {"ephemeral-storage": "1Gi"}},
            {"requests": DEFAULTS["requests"] | {"ephemeral-storage": "1Gi"}},
        ),
    ],
    ids=["requests", "a limit", "a limit below the usual request", "disk"],
)
def test_what_is_stated_replaces_the_usual_and_no_request_exceeds_its_limit(
    stated: Manifest, resources: Manifest
) -> None:
    assert own({"resources": stated})["spec"]["containers"][0]["resources"] == resources


def test_cached_answers_are_requested_unless_another_amount_is() -> None:
    cached: Manifest = {"cache": {"enabled": True, "maxSize": "1Gi"}}
    stated = cached | {"resources": {"requests": {"memory": "2Gi"}}}

    found = [own(one)["spec"]["containers"][0]["resources"]["requests"]["memory"] for one in (cached, stated)]
    assert found == ["1152Mi", "2Gi"]


def test_labels_that_a_webhook_adds_are_left_and_ours_are_put_back() -> None:
    intent = own(PLACED)
    added = {"metadata": intent["metadata"] | {"labels": intent["metadata"]["labels"] | {"istio.io/rev": "x"}}}
    edited = {"metadata": intent["metadata"] | {"labels": intent["metadata"]["labels"] | {"cost-center": "7"}}}

    assert drift.differs(intent, intent | added) is None
    assert drift.spelt(drift.differs(intent, intent | edited)) == "metadata.labels.cost-center"
