"""How many pods node drains may evict at once; a budget limits evictions only, never our own rollouts."""

from fairlead.objects import labels, names
from fairlead.objects.labels import ChildRole
from fairlead.objects.manifest import Manifest
from fairlead.objects.owner import Owner


def engines(owner: Owner) -> Manifest:
    """Build one budget over all revisions together: to users it is one model, whichever revision answers."""
    head = owner.metadata(names.engines(owner.name), owner.child_labels(ChildRole.ENGINE))
    return _one_at_a_time(head, labels.engines(owner.name))


def routers(owner: Owner) -> Manifest:
    """Build it for a single router too: a budget that never allows its eviction would block every drain of its node."""
    return _one_at_a_time(owner.router_metadata(), owner.router_selector)


def _one_at_a_time(head: Manifest, selector: dict[str, str]) -> Manifest:
    """Always allow unhealthy pods to be evicted, or one in a crash loop blocks its node's drain forever."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": head,
        "spec": {
            "maxUnavailable": 1,
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": {"matchLabels": selector},
        },
    }
