"""The Gateway API HTTPRoute by which Gateways of the cluster send requests to the routers' Service.

The API server's defaults are written out, so that another client's change to them is a difference.
"""

from typing import Final

from fairlead.fleet.gateways import DeploymentRouter, RouteParent
from fairlead.objects import ports
from fairlead.objects.manifest import Manifest
from fairlead.objects.owner import Owner

API_VERSION: Final = "gateway.networking.k8s.io/v1"
_GROUP: Final = "gateway.networking.k8s.io"

MARGIN_S: Final = 5.0
"""How much longer the Gateway waits than the router, whose own answer says more."""

_UNITS: Final = (("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1))
_MAX_HOURS: Final = 99_999
"""The Gateway API accepts only five digits; eleven years."""


def manifest(owner: Owner, router: DeploymentRouter) -> Manifest | None:
    """Build the route, named as the Service that it leads to; None if the spec has none."""
    route = router.pods.route
    if route is None:
        return None
    seconds = route.request_seconds
    if seconds is None:
        batch = router.routing.batch_lane
        waits = 0.0 if batch is None else batch.max_queue_seconds
        seconds = waits + router.routing.timeouts.total_seconds + MARGIN_S
    port = ports.SERVICE_TLS if router.routing.connections.tls_secret else ports.SERVICE
    backend = {"group": "", "kind": "Service", "name": owner.router_name, "port": port, "weight": 1, "filters": []}
    rule = {
        "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
        "filters": [],
        "backendRefs": [backend],
        "timeouts": {"request": duration(seconds)},
    }
    return {
        "apiVersion": API_VERSION,
        "kind": "HTTPRoute",
        "metadata": owner.router_metadata(),
        "spec": {
            "parentRefs": [_parent(one) for one in route.parents],
            "hostnames": list(route.hostnames),
            "rules": [rule],
        },
    }


def duration(seconds: float) -> str:
    """Format a duration for the Gateway API, without fractions; what is above zero stays above zero."""
    left = min(_MAX_HOURS * 3_600_000, max(round(seconds * 1000), int(seconds > 0)))
    words = []
    for unit, worth in _UNITS:
        count, left = divmod(left, worth)
        words += [f"{count}{unit}"] if count else []
    return "".join(words) or "0s"


def _parent(parent: RouteParent) -> Manifest:
    named = {"namespace": parent.namespace, "sectionName": parent.section_name, "port": parent.port}
    head = {"group": _GROUP, "kind": "Gateway", "name": parent.name}
    return head | {field: value for field, value in named.items() if value is not None}
