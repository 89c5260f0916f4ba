"""How many pods node drains may evict at once; a budget limits evictions only, never our own rollouts."""

from fairlead.objects import labels, names
from fairlead.objects.labels import ChildRole
from fairlead.objects.manifest import Manifest
from fairlead.objects.owner import Owner


def engines(owner: Owner) -> Manifest:
    """One budget over all revisions together: to users it is one model, whichever revision answers."""
    head = owner.metadata(names.engines(owner.name), owner.child_labels(ChildRole.ENGINE))
    return _one_at_a_time(head, labels.engines(owner.name))


def routers(owner: Owner) -> Manifest:
    """Also for a single router: a budget that never allows its eviction would hold up every drain of its node."""
    return _one_at_a_time(owner.router_metadata(), owner.router_selector)


def _one_at_a_time(head: Manifest, selector: dict[str, str]) -> Manifest:
    """Unhealthy pods may always be evicted, or one that crashes again and again blocks its node's drain for ever."""
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
