"""The routers' children with what changes apart from the spec: their replica count and a canary's share. Pure."""

from collections.abc import Sequence

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.controller import snapshot
from fairlead.controller.snapshot import DeploymentSnapshot
from fairlead.fleet.adapters import AdapterVersions
from fairlead.fleet.traffic_shares import TrafficShare
from fairlead.objects import applied_hash, router_config, router_deployment


def at_this_moment(
    static: tuple[Manifest, ...], observed: DeploymentSnapshot, share: TrafficShare | None
) -> tuple[Manifest, ...]:
    """Return the children with both."""
    return _divided(_counted(static, observed), share)


def while_refused(
    observed: DeploymentSnapshot,
    share: TrafficShare | None,
    named: Sequence[AdapterVersions],
    operator_key: str | None,
) -> tuple[Manifest, ...]:
    """Return the live configuration with these shares, if it has others; of a refused spec nothing else changes.

    `named`: the adapters' versions. One that was rejected must lose its users, whatever else waits for a correction.
    The operator's key is no part of the spec: with an old one, nothing could be read from the routers.
    """
    live = observed.configuration
    made = router_config.renewed(live, observed.owner, share, named, operator_key) if live is not None else None
    return () if made is None else (applied_hash.with_applied_hash(made),)


def with_kept_key(static: Sequence[Manifest], live: Manifest | None) -> tuple[Manifest, ...]:
    """Return the children with the operator's key that the live ConfigMap of the routers holds.

    For a new leader that has not read its key yet: without it, routers would refuse to report to the operator.
    """
    return tuple(
        applied_hash.with_applied_hash(router_config.with_kept_key(one, live))
        if router_config.is_configuration(one)
        else one
        for one in static
    )


def _counted(static: tuple[Manifest, ...], observed: DeploymentSnapshot) -> tuple[Manifest, ...]:
    """Keep the live count of routers that an HPA or a person scales, and write it into their configuration.

    The applied hash on their Deployment leaves the count out, as it is not ours.
    """
    if not any(_is_uncounted(one) for one in static):
        return static
    number = (
        snapshot.requested_replicas(observed.router) if observed.router is not None else router_config.DEFAULT_REPLICAS
    )
    return tuple(_with_count(one, number) for one in static)


def _divided(static: tuple[Manifest, ...], share: TrafficShare | None) -> tuple[Manifest, ...]:
    """Write a new revision's share of the traffic into the routers' configuration."""
    if share is None:
        return static
    return tuple(
        applied_hash.with_applied_hash(router_config.with_share(one, share))
        if router_config.is_configuration(one)
        else one
        for one in static
    )


def _is_uncounted(child: Manifest) -> bool:
    return bool(child["kind"] == kinds.DEPLOYMENT.kind and "replicas" not in child["spec"])


def _with_count(child: Manifest, number: int) -> Manifest:
    if _is_uncounted(child):
        return router_deployment.with_router_count(child, number)
    if router_config.is_configuration(child):
        return applied_hash.with_applied_hash(router_config.with_router_count(child, number))
    return child
