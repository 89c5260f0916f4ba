"""Which routers a deployment's engines accept connections of, by their NetworkPolicy."""

from fairlead.cluster.kinds import Manifest
from fairlead.objects import labels


def admits_own(policy: Manifest, deployment: str) -> bool:
    """Whether the deployment's own routers are among them."""
    sources = [one for rule in policy["spec"]["ingress"] for one in rule.get("from", ())]
    return any(one.get("podSelector", {}).get("matchLabels") == labels.routers(deployment) for one in sources)
