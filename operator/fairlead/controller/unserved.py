"""Limits of tenants that would never do anything: they look like safety, so they are refused, or told aloud."""

import difflib
from collections.abc import Iterator

from fairlead.controller.review import AdmissionReason
from fairlead.fleet.gateways import OwnRouter, WantedDeployment
from fairlead.fleet.refusals import Caution, Refusal


def refusals(deployment: WantedDeployment) -> Iterator[Refusal]:
    """One for each model that a tenant of the own router may use and that this deployment does not have."""
    if not isinstance(deployment.door, OwnRouter):
        return
    served = [deployment.wanted.model.served_name, *(one.name for one in deployment.wanted.engine.adapters)]
    for number, tenant in enumerate(deployment.door.routing.tenants):
        for model in sorted(tenant.models - set(served)):
            near = difflib.get_close_matches(model, served, n=1)
            yield Refusal(
                field=f"spec.router.tenants[{number}].models",
                value=model,
                reason=AdmissionReason.NOT_SERVED,
                because=f"this deployment serves {', '.join(served)}",
                remedy=f"did you mean {near[0]}?" if near else "remove it, or leave models out to allow all of them",
            )


def cautions(deployment: WantedDeployment) -> Iterator[Caution]:
    """One for each tenant with a budget: routers know no prices yet."""
    if not isinstance(deployment.door, OwnRouter):
        return
    for number, tenant in enumerate(deployment.door.routing.tenants):
        if tenant.budget is not None:
            yield Caution(
                field=f"spec.router.tenants[{number}].budget",
                value=f"maxCost {tenant.budget.max_cost}",
                reason=AdmissionReason.NOT_ENFORCED,
                because="routers of this release count tokens and not cost, so this budget refuses nothing",
                remedy="set tokensPerMinute instead",
            )
