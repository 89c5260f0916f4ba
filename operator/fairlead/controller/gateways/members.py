"""The deployments that joined a gateway, as listed in its routers' file; each is read once per generation."""

import logging
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from fairlead.api import canary_status
from fairlead.cluster import kinds
from fairlead.cluster.interfaces import ClusterState
from fairlead.cluster.kinds import Manifest
from fairlead.controller.adapters import deployment_adapters, load_lists, served_adapters
from fairlead.controller.interfaces import ControllerClusterState
from fairlead.controller.status import zero_replicas
from fairlead.fleet.desired_state import DesiredRevision
from fairlead.fleet.gateways import DesiredGateway
from fairlead.objects import gateway_config, names, network_policies, revisions, router_config
from fairlead.objects.gateway_config import RoutedDeployment
from fairlead.planning import canary
from fairlead.review import deployment_review, gateway_membership, policies, replica_facts, speculation_switch
from fairlead.review.context import ReviewContext
from fairlead.review.deployment_review import DeploymentReview
from fairlead.review.gateway_members import GatewayMembers

log = logging.getLogger(__name__)

LEAVING: Final[Manifest] = {"leaving": True}
"""Its engines still admit the gateway, which its spec no longer names."""
MAX_KEPT: Final = 2048
"""An entry takes a kilobyte, reading it again a millisecond."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadMember:
    """A deployment whose spec can be read."""

    entry: Manifest | None
    """In the routers' file; None while its spec is refused by itself, whatever it names."""
    revision: DesiredRevision


class MemberReader:
    """Finds the members of gateways."""

    def __init__(self, context: ReviewContext) -> None:
        self._context = context
        self._entries: OrderedDict[str, tuple[object, ReadMember | None]] = OrderedDict()

    def members(
        self, cluster: ControllerClusterState, gateway: DesiredGateway, before: Mapping[str, Manifest]
    ) -> GatewayMembers:
        """Return who joined: its engines admit the gateway, and the gateway admits its namespace.

        The entry of a refused spec stays, but for shares, since its engines do, too; so does that of a namespace that
        is left out, as its engines run on.
        """
        joined = {name: one for name, one in before.items() if _is_out_of_sight(name, cluster, gateway)}
        named, present, waking, ready, since = set(joined), set(joined), set(), {}, {}
        for document in cluster.of(kinds.INFERENCE_DEPLOYMENT).all():
            name = name_of(document)
            if name in joined:
                continue
            present.add(name)
            if gateway.reference in gateway_membership.named(document):
                named.add(name)
            if not gateway.allows(document["metadata"]["namespace"]) or not _admits(cluster, document, gateway):
                continue
            entry = self._now(cluster, document, before.get(name))
            if entry is not None:
                joined[name] = entry if name in named else entry | LEAVING
                ready[name] = _ready(document)
                if zero_replicas.wakes(document):
                    waking.add(name)
                since[name] = str(document["metadata"].get("creationTimestamp", ""))
        ordered = dict(sorted(joined.items(), key=lambda one: one[0].split("/")))
        return GatewayMembers(
            joined=ordered,
            named_by=frozenset(named),
            present=frozenset(present),
            ready=ready,
            waking=frozenset(waking),
            since=since,
        )

    def with_shares(self, cluster: ClusterState, configuration: Manifest) -> Manifest:
        """Return the file of a refused gateway with the shares that canaries have now; all else of it stays."""
        written = configuration.get("targets")
        if not isinstance(written, list):
            return configuration
        found = {name_of(one): one for one in cluster.of(kinds.INFERENCE_DEPLOYMENT).all()}
        targets = [
            self._renewed(cluster, one, found[one["target"]]) if _is_entry(one) and one["target"] in found else one
            for one in written
        ]
        return configuration | {"targets": targets}

    def _renewed(self, cluster: ClusterState, entry: Manifest, document: Manifest) -> Manifest:
        """Renew the shares of one entry; replicas have all versions of an accepted deployment, or will get them."""
        kept = self._entry(cluster, document)
        if kept is None or kept.entry is None:
            return self._now(cluster, document, entry) or entry
        named = load_lists.shares(served_adapters.of(cluster, kept.revision).served)
        rest = {name: value for name, value in entry.items() if name != "share"}
        adds = deployment_adapters.is_accepted(document)
        return _divided(router_config.target_with_shares(rest, named, adds=adds), document)

    def forget(self, uid: str) -> None:
        """Drop a deleted deployment."""
        self._entries.pop(uid, None)

    def _now(self, cluster: ClusterState, document: Manifest, before: Manifest | None) -> Manifest | None:
        """Return its entry, with the adapters that it serves now and all shares; None if it never had one."""
        kept = self._entry(cluster, document)
        named = load_lists.shares(served_adapters.of(cluster, kept.revision).served) if kept is not None else ()
        stays = before is not None and not deployment_adapters.is_accepted(document)
        if kept is None or kept.entry is None or stays:
            return None if before is None else _divided(router_config.target_with_shares(before, named), document)
        return _divided(router_config.target_with_adapters(kept.entry, named) if named else kept.entry, document)

    def _entry(self, cluster: ClusterState, document: Manifest) -> ReadMember | None:
        metadata = document["metadata"]
        policy = _policy_of(cluster, document)
        off = speculation_switch.is_off(document.get("status") or {}, policy)
        edition = (metadata["generation"], off, policies.objective_of(policy))
        kept = self._entries.get(metadata["uid"])
        if kept is None or kept[0] != edition:
            kept = self._entries[metadata["uid"]] = (edition, self._read(document, edition[2], off=off))
        self._entries.move_to_end(metadata["uid"])
        if len(self._entries) > MAX_KEPT:
            self._entries.popitem(last=False)
        return kept[1]

    def _read(self, document: Manifest, first_token_seconds: float | None, *, off: bool) -> ReadMember | None:
        """Read a spec; None if it cannot be read, or if a bug keeps it from that: other members go on."""
        try:
            review = deployment_review.read(document, self._context)
            if off:
                review = deployment_review.without_speculation(review, document, self._context)
            return _target(review, first_token_seconds)
        except Exception:
            log.exception("internal error; the gateway keeps its entry of %s; please report it", name_of(document))
            return None


def name_of(document: Manifest) -> str:
    """Return a deployment's name as a target."""
    return f"{document['metadata']['namespace']}/{document['metadata']['name']}"


def entries(configuration: object) -> Iterator[tuple[str, Manifest]]:
    """Yield the entries of an earlier file; none if it is not as we write it."""
    for one in _listed(configuration, "targets"):
        yield one["target"], one


def held(configuration: object) -> dict[str, str]:
    """Return the names of an earlier file that lead to one target; none if it is not as we write it."""
    return {name: one["target"] for one in _listed(configuration, "routes") if isinstance(name := one.get("name"), str)}


def _listed(configuration: object, of: str) -> Iterator[Manifest]:
    found = configuration.get(of) if isinstance(configuration, dict) else None
    yield from (one for one in found if _is_entry(one)) if isinstance(found, list) else ()


def _is_entry(one: object) -> bool:
    return isinstance(one, dict) and isinstance(one.get("target"), str)


def _is_out_of_sight(target: str, cluster: ControllerClusterState, gateway: DesiredGateway) -> bool:
    """Whether the stores may lack a target that the gateway may serve, or its engines' NetworkPolicy."""
    namespace = target.partition("/")[0]
    return gateway.allows(namespace) and cluster.is_left_out(namespace)


def _admits(cluster: ClusterState, document: Manifest, gateway: DesiredGateway) -> bool:
    metadata = document["metadata"]
    policy = cluster.of(kinds.NETWORK_POLICY).find(metadata["namespace"], names.engines(metadata["name"]))
    return policy is not None and gateway.reference in network_policies.admitted(policy)


def _divided(entry: Manifest, document: Manifest) -> Manifest:
    """Add the new revision's share of the traffic, by the stored state of the canary."""
    state = canary_status.of(document)
    share = canary.share(state) if state is not None else None
    return entry if share is None else router_config.target_with_share(entry, share)


def _ready(document: Manifest) -> int:
    found = (document.get("status") or {}).get("readyReplicas")
    return found if isinstance(found, int) else 0


def _policy_of(cluster: ClusterState, document: Manifest) -> Manifest | None:
    name = speculation_switch.policy_of(document)
    return cluster.of(kinds.AUTOSCALING_POLICY).find(document["metadata"]["namespace"], name) if name else None


def _target(review: DeploymentReview, first_token_seconds: float | None) -> ReadMember | None:
    if review.deployment is None or review.review is None or review.spec is None:
        return None
    revision = review.deployment.revision
    if not review.may_start:
        return ReadMember(entry=None, revision=revision)
    replica = replica_facts.replica(review.review, revisions.of(review.spec), first_token_seconds)
    return ReadMember(
        entry=gateway_config.target(RoutedDeployment(revision=revision, replica=replica)), revision=revision
    )
