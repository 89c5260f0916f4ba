"""Which routers a deployment's engines accept connections of, by their NetworkPolicy."""

from fairlead.cluster.kinds import Manifest
from fairlead.objects import labels


def admits_own(policy: Manifest, deployment: str) -> bool:
    """Whether the deployment's own routers are among them."""
    return _admits(policy, labels.routers(deployment))


def admits_gateway(policy: Manifest, gateway: str) -> bool:
    """Whether the routers of this gateway are among them."""
    return _admits(policy, labels.gateway_routers(gateway))


def _admits(policy: Manifest, pods: dict[str, str]) -> bool:
    sources = [one for rule in policy["spec"]["ingress"] for one in rule.get("from", ())]
    return any(one.get("podSelector", {}).get("matchLabels") == pods for one in sources)
