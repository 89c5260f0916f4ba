"""What lanes have in common in every world: children, stranger, and what must not be found in them."""

import asyncio
from typing import Any, Final

from campaign import specs
from campaign.kube import Eye, Kube
from campaign.observer import facts as seen
from campaign.observer.facts import GPU
from campaign.world import Lane

Manifest = dict[str, Any]
CHILDREN: Final = (
    "/apis/apps/v1/namespaces/{}/deployments",
    "/api/v1/namespaces/{}/services",
    "/api/v1/namespaces/{}/configmaps",
    "/api/v1/namespaces/{}/serviceaccounts",
    "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/roles",
    "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings",
    "/apis/policy/v1/namespaces/{}/poddisruptionbudgets",
    "/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies",
)
STRANGER: Final = "stranger"


def of(namespace: str, name: str, number: int) -> Lane:
    """A lane with two nodes of its own."""
    nodes = tuple(f"{namespace}-{letter}" for letter in "ab")
    return Lane(number=number, namespace=namespace, name=name, nodes=nodes)


async def children(kube: Kube, lane: Lane) -> list[Manifest]:
    """Everything of all kinds that a deployment owns."""
    selector = f"{seen.OF}={lane.name}"
    found = await asyncio.gather(*(kube.listed(one.format(lane.namespace), selector) for one in CHILDREN))
    return [
        {"kind": path.rpartition("/")[2]} | one
        for path, some in zip(CHILDREN, found, strict=True)
        for one in some
        if not one["metadata"]["name"].endswith("-autoscaler-memory")
    ]


def orphans(pods: Eye, lane: Lane) -> list[Manifest]:
    """Pods without a label that names their owner, except the stranger."""
    mine = (one for one in pods.of(lane.namespace) if one["metadata"]["name"] != STRANGER)
    return [one for one in mine if seen.OF not in (one["metadata"].get("labels") or {})]


def complaints(pods: Eye, lane: Lane) -> list[str]:
    """A complaint if the stranger no longer holds its GPU."""
    stranger = pods.named(lane.namespace, STRANGER)
    well = stranger is not None and stranger["metadata"]["uid"] == lane.stranger
    return [] if well else ["the pod of somebody else is gone, and its GPU with it"]


async def settle_stranger(kube: Kube, lane: Lane, image: str) -> None:
    """Place a pod of another owner on a GPU of the lane."""
    sleeps = ["python3", "-c", "import time; time.sleep(86400)"]
    main = {"name": "main", "image": image, "imagePullPolicy": "IfNotPresent", "command": sleeps}
    spec = {
        "nodeSelector": {specs.LANE: lane.namespace},
        "terminationGracePeriodSeconds": 0,
        "containers": [main | {"resources": {"limits": {GPU: "1"}}}],
    }
    made = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": STRANGER}, "spec": spec}
    await kube.post(f"/api/v1/namespaces/{lane.namespace}/pods", made)
    found = await kube.get(f"/api/v1/namespaces/{lane.namespace}/pods/{STRANGER}") or {}
    lane.stranger = str(found["metadata"]["uid"])
