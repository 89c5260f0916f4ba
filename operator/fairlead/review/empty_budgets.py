"""Tenants whose budget pays for nothing. Pure."""

from collections.abc import Iterator

from fairlead.fleet.findings import SpecWarning
from fairlead.fleet.gateways import DeploymentRouter, DesiredDeployment, RoutingSettings
from fairlead.review.result import AdmissionReason


def of_deployment(deployment: DesiredDeployment) -> Iterator[SpecWarning]:
    """Yield the warnings for a deployment's own router."""
    if isinstance(deployment.router, DeploymentRouter):
        yield from warnings(deployment.router.routing, "spec.router")


def warnings(routing: RoutingSettings, above: str) -> Iterator[SpecWarning]:
    """Warn of each budget of 0: people write it for no limit; in shadow mode it refuses nothing."""
    for number, tenant in enumerate(routing.tenants):
        if tenant.budget is not None and not tenant.budget.max_cost and not tenant.shadow:
            yield SpecWarning(
                field=f"{above}.tenants[{number}].budget.maxCost",
                value=f"{tenant.budget.max_cost}",
                reason=AdmissionReason.NOTHING_TO_SPEND,
                because=f"it pays for nothing: each request of tenant {tenant.name} that has a price gets 429",
                remedy="write what it may spend in a period, or remove budget for no limit",
            )
