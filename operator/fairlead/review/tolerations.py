"""Tolerations that Kubernetes would refuse in every pod, so that no engine or router could be created. Pure."""

from collections.abc import Iterator
from typing import Final

from fairlead.fleet.desired_state import DesiredPlacement, Toleration
from fairlead.fleet.findings import SpecRefusal
from fairlead.fleet.gateways import DeploymentRouter, DesiredDeployment
from fairlead.review.result import AdmissionReason

_NO_EXECUTE: Final = "NoExecute"


def of_deployment(deployment: DesiredDeployment) -> Iterator[SpecRefusal]:
    """Refuse those of its engines, and of its own routers."""
    yield from refusals(deployment.revision.placement, "spec")
    if isinstance(deployment.router, DeploymentRouter):
        yield from refusals(deployment.router.pods.placement, "spec.router")


def refusals(placement: DesiredPlacement, above: str) -> Iterator[SpecRefusal]:
    """Mirror what `ValidateTolerations` of Kubernetes requires beyond the schema."""
    for number, one in enumerate(placement.tolerations):
        field = f"{above}.placement.tolerations[{number}]"
        if one.operator == "Equal" and not one.key:
            yield _refusal(
                f"{field}.key",
                "(empty)",
                "without a key Kubernetes takes only operator Exists",
                "set key, or write operator: Exists to tolerate every taint",
            )
        if one.seconds is not None and one.effect != _NO_EXECUTE:
            yield _refusal(
                f"{field}.tolerationSeconds",
                _seconds(one),
                f"Kubernetes takes seconds only with effect {_NO_EXECUTE}, which alone evicts pods",
                f"write effect: {_NO_EXECUTE}, or remove tolerationSeconds",
            )


def _seconds(one: Toleration) -> str:
    return f"{one.seconds}, with {f'effect {one.effect}' if one.effect else 'every effect'}"


def _refusal(field: str, value: str, because: str, remedy: str) -> SpecRefusal:
    return SpecRefusal(
        field=field, value=value, reason=AdmissionReason.REFUSED_BY_KUBERNETES, because=because, remedy=remedy
    )
