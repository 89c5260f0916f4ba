"""What a route of the Gateway API does to requests that nobody may have meant. Pure."""

from collections.abc import Iterator

from fairlead.fleet.findings import SpecWarning
from fairlead.fleet.gateways import RouterPods, RoutingSettings
from fairlead.review.result import AdmissionReason


def warnings(routing: RoutingSettings, pods: RouterPods, field: str) -> Iterator[SpecWarning]:
    """One where Gateways speak plain HTTP to routers that do not, and one where they cut streams."""
    route, total = pods.route, routing.timeouts.total_seconds
    if route is None:
        return
    if routing.door.tls_secret:
        yield SpecWarning(
            field=f"{field}.httpRoute",
            value=f"door.tls {routing.door.tls_secret}",
            reason=AdmissionReason.PLAIN_HTTP,
            because="routers take TLS only, and a Gateway sends plain HTTP to a Service unless it is told otherwise",
            remedy="add a BackendTLSPolicy for their Service, or remove door.tls and let the listener have the "
            "certificate",
        )
    seconds = route.request_seconds
    if seconds and seconds < total:
        yield SpecWarning(
            field=f"{field}.httpRoute.requestTimeout",
            value=f"{seconds:g}s",
            reason=AdmissionReason.CUTS_STREAMS,
            because=f"Gateways end a request after {seconds:g} s, streams included, and routers after {total:g} s",
            remedy=f"leave it out, or write at least {total:g}s",
        )
