"""Warnings about what an update of an object costs; it is allowed, and people should know. Pure."""

from collections.abc import Iterator
from typing import Any, Final

from fairlead.api import deployment_conversion, object_reader
from fairlead.api.adapter import AdapterSpec
from fairlead.api.kinds import ADAPTER, DEPLOYMENT, GATEWAY
from fairlead.fleet.gateways import DesiredDeployment, DesiredGateway
from fairlead.fleet.plurals import count as counted
from fairlead.fleet.policies import ReplicaBounds
from fairlead.objects import gateway_children, names, revisions, router_secrets
from fairlead.review import gateway_review
from fairlead.review.context import ReviewContext

_DIGEST_SHOWN: Final = len("sha256:") + 8
"""Characters of a digest that names in engines have too."""


def warnings(before: dict[str, Any], after: dict[str, Any], context: ReviewContext) -> tuple[str, ...]:
    """Return a sentence for each effect that may not be intended; none if either object cannot be read."""
    if after.get("kind") == GATEWAY.name:
        return tuple(_of_gateway(before, after))
    if after.get("kind") == ADAPTER.name:
        return tuple(_of_adapter(before, after))
    old, new = object_reader.read_stored(before, DEPLOYMENT).value, object_reader.read_stored(after, DEPLOYMENT).value
    if old is None or new is None:
        return ()
    was, deployment = (deployment_conversion.deployment(one, context.releases) for one in (old, new))
    rolls = revisions.of(old.spec) != revisions.of(new.spec)
    uncounted = new.spec.replicas is None and new.spec.scaling is None
    left = uncounted and (old.spec.replicas is not None or old.spec.scaling is not None)
    return (*_renamed(was, deployment), *_uncounted(before, left=left), *_alone(deployment, rolls=rolls))


def _of_gateway(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    """Warn of new pods: a pod's volumes cannot change, so a Secret that no router has mounted yet needs them."""
    old, new = gateway_review.read(before), gateway_review.read(after)
    if old is None or new is None:
        return
    was, wanted = (_mounted(one) for _, one in (old, new))
    for name in sorted(wanted - was):
        yield (
            f"Secret {name}: the routers have not mounted it yet, so they are replaced one by one, each after its "
            f"requests; entries TENANT.ANYTHING of Secret {names.gateway_keys(new[1].reference.name)} need no restart"
        )


def _of_adapter(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    """Warn of a canary that has nothing to compare with, or tries what was there before."""
    old, new = object_reader.read_stored(before, ADAPTER).value, object_reader.read_stored(after, ADAPTER).value
    if old is None or new is None or new.spec.canary is None:
        return
    if not {one.digest for one in old.spec.versions} & {one.digest for one in new.spec.versions}:
        yield (
            "spec.versions: none of the versions so far is left, so the first one gets all traffic at once, without "
            "spec.canary; keep the one that serves in the list, and add the new one to it"
        )
    elif old.spec.canary is None:
        yield from _taking_over(old.spec, new.spec)


def _taking_over(before: AdapterSpec, after: AdapterSpec) -> Iterator[str]:
    """Warn of a canary that takes over from a person who moved traffic: the lesser version goes on trial."""
    so_far = {one.digest: one.share for one in before.versions}
    both = sorted((one.digest for one in after.versions if one.digest in so_far), key=lambda one: -so_far[one])
    if len(both) > 1:
        lesser = both[1]
        yield (
            f"spec.canary: {lesser[:_DIGEST_SHOWN]} had {so_far[lesser]} percent of the conversations and goes on "
            "trial; the other version gets all until then; remove the one that shall not be tried"
        )


def _mounted(gateway: DesiredGateway) -> frozenset[str]:
    return frozenset((*router_secrets.mounted_names(gateway.routing), *gateway_children.secrets(gateway)))


def _renamed(before: DesiredDeployment, deployment: DesiredDeployment) -> Iterator[str]:
    old, new = before.revision.model.served_name, deployment.revision.model.served_name
    if old != new:
        yield (
            f"spec.model.servedName: {new}: clients that ask for {old} get 404 from now on; "
            "keep the old name until they have changed, or serve both names from two deployments"
        )


def _uncounted(before: dict[str, Any], *, left: bool) -> Iterator[str]:
    """Warn of a count that falls to the default: people remove it to have an HPA set it, which has not done so yet."""
    desired = (before.get("status") or {}).get("desiredReplicas")
    if left and isinstance(desired, int) and desired > 1:
        yield (
            f"spec.replicas: neither it nor spec.scaling is left, which means 1 replica, and {desired} are desired "
            "now: all others are drained; to keep them until an HPA or KEDA decides, run kubectl scale "
            f"--replicas={desired}"
        )


def _alone(deployment: DesiredDeployment, *, rolls: bool) -> Iterator[str]:
    """Warn that all replicas are replaced at once: routers hold requests as long as spec.router.hold allows."""
    count = deployment.replicas.least if isinstance(deployment.replicas, ReplicaBounds) else deployment.replicas
    missing = deployment.rollout.max_unavailable
    if rolls and 0 < count <= missing:
        yield (
            f"spec.rollout.maxUnavailable: {missing}: of {counted(count, 'replica')} none serves while this change "
            "rolls out; requests are held; use strategy Surge with a spare GPU, or more replicas, if that is too long"
        )
