"""Values of an issuer's claim that two tenants share: a token with one would belong to both."""

from collections.abc import Iterator

from fairlead.fleet.findings import SpecRefusal
from fairlead.fleet.gateways import DeploymentRouter, DesiredDeployment, RoutingSettings
from fairlead.fleet.token_issuer import shared_claims
from fairlead.review.result import AdmissionReason


def of_deployment(deployment: DesiredDeployment) -> Iterator[SpecRefusal]:
    """Yield the refusals for a deployment's own router."""
    if isinstance(deployment.router, DeploymentRouter):
        yield from refusals(deployment.router.routing, "spec.router")


def refusals(routing: RoutingSettings, place: str) -> Iterator[SpecRefusal]:
    """Refuse each value that a second tenant has; without an issuer, names mean no claims."""
    for one in shared_claims(routing.tenants) if routing.oidc else ():
        yield SpecRefusal(
            field=f"{place}.tenants[{one.place}].claims",
            value=one.value,
            reason=AdmissionReason.REPEATED,
            because=f"tenant {one.first} has this value too, and a token with it would belong to both",
            remedy="give it to one of them; a tenant without claims has its own name",
        )
