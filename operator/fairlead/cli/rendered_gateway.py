"""The configuration that a gateway's routers would get if the deployments in the same files were all there are."""

from collections.abc import Iterable
from typing import Any

from fairlead.fleet.gateways import DesiredGateway
from fairlead.objects import gateway_config
from fairlead.objects.gateway_config import RoutedDeployment
from fairlead.review import replica_facts, routed_models
from fairlead.review.gateway_members import GatewayMembers
from fairlead.review.result import Review


def configuration(gateway: DesiredGateway, reviews: Iterable[Review]) -> dict[str, Any]:
    """Build the configuration file of its routers."""
    joined = {
        f"{one.namespace}/{one.name}": _target(one)
        for one in reviews
        if one.router == gateway.reference and gateway.allows(one.namespace)
    }
    models = routed_models.routed(gateway, GatewayMembers(joined=joined, named_by=frozenset(joined)))
    return gateway_config.document(gateway, list(joined.values()), models.routes)


def _target(review: Review) -> dict[str, Any]:
    assert review.setup is not None
    return gateway_config.target(
        RoutedDeployment(revision=review.setup.revision, replica=replica_facts.replica(review))
    )
