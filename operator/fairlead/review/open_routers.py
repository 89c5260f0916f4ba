"""Routers that clients outside the cluster reach, and that ask none of them for a key. Pure."""

from collections.abc import Iterator

from fairlead.fleet.findings import SpecWarning
from fairlead.fleet.gateways import DeploymentRouter, DesiredDeployment, RouterPods, RoutingSettings, ServiceType
from fairlead.review.result import AdmissionReason


def of_deployment(deployment: DesiredDeployment) -> Iterator[SpecWarning]:
    """Yield the warnings for a deployment's own router."""
    if isinstance(deployment.router, DeploymentRouter):
        yield from warnings(deployment.router.routing, deployment.router.pods, "spec.router")


def warnings(routing: RoutingSettings, pods: RouterPods, above: str) -> Iterator[SpecWarning]:
    """Warn of each way in from outside; an issuer of tokens is not accepted without tenants."""
    for field, value in () if routing.tenants else _ways_in(pods):
        yield SpecWarning(
            field=f"{above}.{field}",
            value=value,
            reason=AdmissionReason.OPEN_TO_ALL,
            because=f"{above}.tenants is empty, so whoever reaches this address may send requests, without a key",
            remedy="add tenants with keys or with tokens of an issuer, unless only clients that you trust reach it",
        )


def _ways_in(pods: RouterPods) -> Iterator[tuple[str, str]]:
    """Yield the field and the value of each; a Service of type ClusterIP is none."""
    if pods.service is not ServiceType.CLUSTER_IP:
        yield "service.type", pods.service.value
    if pods.route is not None:
        yield "httpRoute", ", ".join(pods.route.hostnames) or "*"
