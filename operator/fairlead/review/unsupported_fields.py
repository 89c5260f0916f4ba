"""Fields that this release reads and does not act on: refused where serving depends on them, else warned of. Pure.

A field that is accepted silently is a promise; until a release keeps it, the finding says what to write instead.
"""

from collections.abc import Iterator
from typing import Final

from fairlead.fleet.desired_state import RolloutStrategy
from fairlead.fleet.findings import SpecRefusal, SpecWarning
from fairlead.fleet.gateways import DeploymentRouter, DesiredDeployment
from fairlead.review.result import AdmissionReason

NO_GATEWAYS: Final = "this release does not run InferenceGateways"
INSTEAD: Final = "set tenants, limits, lanes and cache in spec.router of each InferenceDeployment"


def refusals(deployment: DesiredDeployment) -> Iterator[SpecRefusal]:
    """Refusals of canary rollouts and of gateways, which this release does not run."""
    if deployment.rollout.strategy is RolloutStrategy.CANARY:
        yield SpecRefusal(
            field="spec.rollout.strategy",
            value=RolloutStrategy.CANARY,
            reason=AdmissionReason.NOT_AVAILABLE,
            because="this release does not split traffic between revisions, so no canary step would be held",
            remedy="use Replace, or Surge if there are spare GPUs, and remove spec.rollout.canary",
        )
    if not isinstance(deployment.door, DeploymentRouter):
        yield SpecRefusal(
            field="spec.gateway.name",
            value=deployment.door,
            reason=AdmissionReason.NOT_AVAILABLE,
            because=f"{NO_GATEWAYS}, so clients could not reach the model",
            remedy="remove spec.gateway: the deployment then has a router of its own, set up in spec.router",
        )


def of_gateway(name: str) -> Iterator[SpecWarning]:
    """A warning for every gateway: it is checked and stored, and nothing is started for it."""
    yield SpecWarning(
        field="kind",
        value="InferenceGateway",
        reason=AdmissionReason.NOT_AVAILABLE,
        because=f"{NO_GATEWAYS}: {name or 'this one'} is checked and stored, and nothing is started for it",
        remedy=INSTEAD,
    )
