"""TLS to engines, which no engine that Fairlead starts can serve. Pure."""

from collections.abc import Iterator

from fairlead.fleet.findings import SpecWarning
from fairlead.fleet.gateways import DeploymentRouter, DesiredDeployment, RoutingSettings
from fairlead.review.result import AdmissionReason


def of_deployment(deployment: DesiredDeployment) -> Iterator[SpecWarning]:
    """Yield the warning for a deployment's own router."""
    if isinstance(deployment.router, DeploymentRouter):
        yield from warnings(deployment.router.routing, "spec.router")


def warnings(routing: RoutingSettings, field: str) -> Iterator[SpecWarning]:
    """Warn of a setting that works only where something else than the engine terminates TLS on its port."""
    authority = routing.connections.engine_ca
    if authority is not None:
        yield SpecWarning(
            field=f"{field}.connections.engineTls",
            value=f"caSecret {authority.name}",
            reason=AdmissionReason.PLAIN_HTTP,
            because="engines are started without TLS, so routers would reach none of them",
            remedy="remove it, unless a sidecar that you add to their pods terminates TLS on their port; a network "
            "plugin that encrypts between nodes needs no such setting",
        )
