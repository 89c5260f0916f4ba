"""Effects of a Gateway API route on requests that may not be intended. Pure."""

from collections.abc import Iterator

from fairlead.fleet.findings import SpecWarning
from fairlead.fleet.gateways import RouterPods, RoutingSettings
from fairlead.review.result import AdmissionReason


def warnings(routing: RoutingSettings, pods: RouterPods, field: str) -> Iterator[SpecWarning]:
    """Warn if Gateways send plain HTTP to routers that expect TLS, and if they cut streams."""
    route, total = pods.route, routing.timeouts.total_seconds
    if route is None:
        return
    if routing.connections.tls_secret:
        yield SpecWarning(
            field=f"{field}.httpRoute",
            value=f"connections.tls {routing.connections.tls_secret}",
            reason=AdmissionReason.PLAIN_HTTP,
            because="routers take TLS only, and a Gateway sends plain HTTP to a Service unless configured otherwise",
            remedy="add a BackendTLSPolicy for their Service, or remove connections.tls and put the certificate "
            "on the listener",
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
