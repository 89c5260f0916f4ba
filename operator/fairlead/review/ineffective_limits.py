"""Limits that would have no effect: people would rely on them, so they are refused or warned of."""

import difflib
from collections.abc import Iterator

from fairlead.fleet.findings import SpecRefusal, SpecWarning
from fairlead.fleet.gateways import DeploymentRouter, DesiredDeployment, LateAction
from fairlead.fleet.policies import ReplicaBounds
from fairlead.objects import engine_placement
from fairlead.review import policies
from fairlead.review.context import ReviewContext
from fairlead.review.result import AdmissionReason


def refusals(deployment: DesiredDeployment) -> Iterator[SpecRefusal]:
    """Refuse each model that a tenant of the deployment's router may use but the deployment can never serve."""
    if deployment.revision.engine.lora is not None:
        return
    served = _served(deployment)
    for field, model in _unserved(deployment):
        near = difflib.get_close_matches(model, served, n=1)
        yield SpecRefusal(
            field=field,
            value=model,
            reason=AdmissionReason.NOT_SERVED,
            because=f"this deployment serves {', '.join(served)}",
            remedy=f"did you mean {near[0]}?" if near else "remove it, or leave models out to allow all of them",
        )


def without_adapter(deployment: DesiredDeployment) -> Iterator[SpecWarning]:
    """Warn of each such model that only an Adapter can add: Adapters come and go, and are not known here."""
    if deployment.revision.engine.lora is None:
        return
    for field, model in _unserved(deployment):
        yield SpecWarning(
            field=field,
            value=model,
            reason=AdmissionReason.NOT_SERVED,
            because=f"this deployment itself serves {', '.join(_served(deployment))}; any other name is an Adapter's",
            remedy="unless there is one, create an Adapter of this name for this deployment, or remove it here",
        )


def _served(deployment: DesiredDeployment) -> list[str]:
    return [deployment.revision.model.served_name, *(one.name for one in deployment.revision.engine.adapters)]


def _unserved(deployment: DesiredDeployment) -> Iterator[tuple[str, str]]:
    """Yield each other model that a tenant of the deployment's own router may use, with its field."""
    if isinstance(deployment.router, DeploymentRouter):
        for number, tenant in enumerate(deployment.router.routing.tenants):
            for model in sorted(tenant.models.difference(_served(deployment))):
                yield f"spec.router.tenants[{number}].models", model


def warnings(deployment: DesiredDeployment, context: ReviewContext) -> Iterator[SpecWarning]:
    """Warn of each tenant with a budget, if the accelerator has no known price."""
    product, accelerator = engine_placement.gpu_product(deployment.revision), context.gpu_of(deployment.revision)
    if not isinstance(deployment.router, DeploymentRouter) or (accelerator and accelerator.price_an_hour is not None):
        return
    for number, tenant in enumerate(deployment.router.routing.tenants):
        if tenant.budget is not None:
            yield SpecWarning(
                field=f"spec.router.tenants[{number}].budget",
                value=f"maxCost {tenant.budget.max_cost}",
                reason=AdmissionReason.NOT_ENFORCED,
                because=f"no price is known for {product}, so requests cost nothing and this budget refuses none",
                remedy="set tokensPerMinute instead, or its price in the chart's value products (docs/install.md)",
            )


def without_objective(deployment: DesiredDeployment, context: ReviewContext) -> Iterator[SpecWarning]:
    """Warn if late requests are to be refused, but no objective defines late."""
    router, bounds = deployment.router, deployment.replicas
    if not isinstance(router, DeploymentRouter) or router.routing.limits.late is not LateAction.REFUSE:
        return
    unread = isinstance(bounds, ReplicaBounds) and bounds.policy is not None
    if unread and policies.named(deployment, context) is None:
        return
    if policies.first_token_seconds(deployment, context) is None:
        yield SpecWarning(
            field="spec.router.limits.late",
            value=LateAction.REFUSE,
            reason=AdmissionReason.NOT_ENFORCED,
            because="no objective defines when a first token is late, so no request is refused for it",
            remedy="name a policy with objectives.ttftP95 in spec.scaling.policy.name, or remove late",
        )
