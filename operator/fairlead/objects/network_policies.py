"""Who may connect to engines and routers. An engine checks no keys and no tenants, so only routers may send requests.

Egress of the pods stays open: weights come from wherever users keep them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from fairlead.engines import catalogue
from fairlead.fleet.desired_state import DesiredRevision
from fairlead.fleet.gateways import GatewayReference
from fairlead.objects import labels, names, ports
from fairlead.objects.installation import Installation
from fairlead.objects.labels import ChildRole
from fairlead.objects.manifest import Manifest
from fairlead.objects.owner import Owner

NAMESPACE: Final = "kubernetes.io/metadata.name"
_US: Final = {"app.kubernetes.io/name": "fairlead"}


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineAccess:
    """Whose routers may send requests to the engines of one deployment."""

    own: bool = True
    gateways: tuple[GatewayReference, ...] = ()
    left: tuple[GatewayReference, ...] = ()
    """Gateways that send no new requests, until their routers have ended the last ones."""
    taken_over_at: datetime | None = None
    """Kept for the next reconcile: since when others have served beside gateways that are being left."""

    @property
    def admitted(self) -> tuple[GatewayReference, ...]:
        """All gateways whose routers are admitted."""
        return (*self.gateways, *self.left)


def engines(owner: Owner, revision: DesiredRevision, access: EngineAccess, installation: Installation) -> Manifest:
    """Allow requests from routers and evaluation runners; scrapes, to the same port, from operator and monitoring."""
    own = [_pods(labels.routers(owner.name))] if access.own else []
    gateways = [_gateway(one, owner.namespace) for one in access.admitted]
    sources = [*own, *gateways, _pods(labels.runners(owner.name))]
    rule = {"from": [*sources, *_watchers(installation)], "ports": [_port(catalogue.api(revision.engine.kind).port)]}
    rules = [rule, *([_loaders(installation)] if revision.engine.lora is not None else [])]
    head = owner.metadata(names.engines(owner.name), owner.child_labels(ChildRole.ENGINE), _notes(access) or None)
    return _policy(head, labels.engines(owner.name), rules)


def with_ports(policy: Manifest, others: Iterable[int]) -> Manifest:
    """Open also these ports of the engines: another revision may be of another kind."""
    first, *rest = policy["spec"]["ingress"]
    more = [port for port in map(_port, sorted(others)) if port not in first["ports"]]
    if not more:
        return policy
    return policy | {"spec": policy["spec"] | {"ingress": [first | {"ports": [*first["ports"], *more]}, *rest]}}


def admitted(policy: Manifest) -> tuple[GatewayReference, ...]:
    """Return the gateways whose routers send requests, by a live policy; entries that cannot be read are skipped."""
    return _gateways(policy, labels.GATEWAYS)


def left(policy: Manifest) -> tuple[GatewayReference, ...]:
    """Return the gateways that a live policy admits until their routers have ended their last requests."""
    return _gateways(policy, labels.LEFT_GATEWAYS)


def taken_over_at(policy: Manifest) -> datetime | None:
    """Return since when others have served beside gateways that are being left; None if it does not say."""
    try:
        found = datetime.fromisoformat(_note(policy, labels.TAKEN_OVER_AT))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _notes(access: EngineAccess) -> dict[str, str]:
    """Return what a later reconcile reads back from a live policy."""
    lists = ((labels.GATEWAYS, access.gateways), (labels.LEFT_GATEWAYS, access.left))
    notes = {name: ",".join(one.title for one in some) for name, some in lists if some}
    at = access.taken_over_at
    return notes if at is None else notes | {labels.TAKEN_OVER_AT: at.isoformat()}


def _gateways(policy: Manifest, name: str) -> tuple[GatewayReference, ...]:
    parts = (one.partition("/") for one in _note(policy, name).split(","))
    return tuple(GatewayReference(namespace=space, name=name) for space, slash, name in parts if space and name)


def _note(policy: Manifest, name: str) -> str:
    return str((policy["metadata"].get("annotations") or {}).get(name) or "")


def operator_namespace(policy: Manifest) -> str:
    """Return the namespace of the operator that a policy admits; empty if it admits none."""
    rules = policy["spec"].get("ingress") or ()
    peers = (peer for rule in rules for peer in rule.get("from") or ())
    found = (_labels(peer, "namespaceSelector").get(NAMESPACE) for peer in peers if _labels(peer, "podSelector") == _US)
    return next((str(name) for name in found if name), "")


def _labels(peer: Manifest, selector: str) -> dict[str, Any]:
    return (peer.get(selector) or {}).get("matchLabels") or {}


def _gateway(one: GatewayReference, namespace: str) -> Manifest:
    pods = _pods(labels.gateway_routers(one.name))
    return pods if one.namespace == namespace else _in_namespaces({NAMESPACE: one.namespace}) | pods


def routers(owner: Owner, installation: Installation) -> Manifest:
    """Allow requests from everywhere; the metrics port only for operator, monitoring, and routers, which share rates.

    Reports between routers are accepted only from routers.
    """
    rules: list[Manifest] = [
        {"ports": [_port(ports.ROUTER)]},
        {"from": [_pods(owner.router_selector), *_watchers(installation)], "ports": [_port(ports.ROUTER_METRICS)]},
        {"from": [_pods(owner.router_selector)], "ports": [{"port": ports.ROUTER_PEERS, "protocol": "UDP"}]},
    ]
    return _policy(owner.router_metadata(), owner.router_selector, rules)


def _loaders(installation: Installation) -> Manifest:
    """Allow only the operator to read which adapters are loaded."""
    return {"from": [_operator(installation)], "ports": [_port(ports.LOADER)]}


def _operator(installation: Installation) -> Manifest:
    """Select by component too: in the operator's namespace there may be engines and routers, which have its name."""
    pods = {
        "matchLabels": dict(_US),
        "matchExpressions": [
            {"key": "app.kubernetes.io/component", "operator": "In", "values": ["operator", "autoscaler"]}
        ],
    }
    return _in_namespaces({NAMESPACE: installation.operator_namespace}) | {"podSelector": pods}


def _watchers(installation: Installation) -> list[Manifest]:
    operator = _operator(installation)
    return [operator, *([_in_namespaces(dict(installation.monitoring))] if installation.monitoring else [])]


def _policy(head: Manifest, selector: dict[str, str], rules: list[Manifest]) -> Manifest:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": head,
        "spec": {"podSelector": {"matchLabels": selector}, "policyTypes": ["Ingress"], "ingress": rules},
    }


def _pods(selector: dict[str, str]) -> Manifest:
    return {"podSelector": {"matchLabels": selector}}


def _in_namespaces(selector: dict[str, str]) -> Manifest:
    return {"namespaceSelector": {"matchLabels": selector}}


def _port(number: int) -> Manifest:
    return {"port": number, "protocol": "TCP"}
