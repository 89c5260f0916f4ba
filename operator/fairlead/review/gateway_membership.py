"""A deployment and the gateway it names: whether both sides agree. Pure.

The two may be created in any order, so what is missing is a warning and a condition, never a refusal.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from fairlead.api.kinds import GATEWAY
from fairlead.fleet.findings import SpecRefusal, SpecWarning
from fairlead.fleet.gateways import DesiredDeployment, DesiredGateway, GatewayReference
from fairlead.fleet.model_routes import EXTERNAL
from fairlead.review.context import ObjectKey, ReviewContext
from fairlead.review.result import AdmissionReason

FIELD = "spec.gateway.name"


def key_of(gateway: GatewayReference) -> ObjectKey:
    """Return the key of a gateway, as of other references."""
    return ObjectKey(GATEWAY.name, gateway.namespace, gateway.name)


def named(document: Mapping[str, Any]) -> tuple[GatewayReference, ...]:
    """Return the gateway that a stored deployment names, if any, whatever else is in it."""
    spec, namespace = document.get("spec"), document["metadata"]["namespace"]
    found = spec.get("gateway") if isinstance(spec, dict) else None
    name = found.get("name") if isinstance(found, dict) else None
    if not isinstance(name, str) or not isinstance(found, dict):
        return ()
    return (GatewayReference(namespace=str(found.get("namespace") or namespace), name=name),)


def refusals(deployment: DesiredDeployment) -> Iterator[SpecRefusal]:
    """Refuse a namespace whose name means other APIs in a gateway's routes."""
    namespace = deployment.revision.namespace
    if isinstance(deployment.router, GatewayReference) and f"{namespace}/" == EXTERNAL:
        yield SpecRefusal(
            field=FIELD,
            value=deployment.router.name,
            reason=AdmissionReason.NOT_ALLOWED,
            because=f"in a gateway's routes {EXTERNAL} is the prefix of other APIs, so no deployment of "
            f"namespace {namespace} can be named",
            remedy="move it to another namespace, or remove spec.gateway",
        )


def warnings(deployment: DesiredDeployment, context: ReviewContext) -> Iterator[SpecWarning]:
    """Warn if the gateway is known and does not let this namespace join."""
    router = deployment.router
    if not isinstance(router, GatewayReference):
        return
    gateway = context.gateways.get(key_of(router))
    if gateway is not None and not gateway.allows(deployment.revision.namespace):
        because, remedy = not_allowed(gateway, deployment.revision.namespace)
        yield SpecWarning(
            field=FIELD, value=router.name, reason=AdmissionReason.NOT_ALLOWED, because=because, remedy=remedy
        )


def not_allowed(gateway: DesiredGateway, namespace: str) -> tuple[str, str]:
    """Return why, and what to do."""
    title = gateway.reference.title
    return (
        f"gateway {title} does not let deployments of namespace {namespace} join, so its routers send no requests here",
        f"add {namespace} to spec.allowedNamespaces of InferenceGateway {title}",
    )
