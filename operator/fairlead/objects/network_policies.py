"""Who may connect to engines and routers. An engine knows no keys and no tenants, so only routers may send it requests.

Egress of the pods stays open: weights come from wherever users keep them.
"""

from typing import Final

from fairlead.engines import catalogue
from fairlead.fleet.desired_state import DesiredRevision
from fairlead.objects import labels, names, ports
from fairlead.objects.installation import Installation
from fairlead.objects.labels import ChildRole
from fairlead.objects.manifest import Manifest
from fairlead.objects.owner import Owner

NAMESPACE: Final = "kubernetes.io/metadata.name"


def engines(owner: Owner, wanted: DesiredRevision, gateway: str | None, platform: Installation) -> Manifest:
    """Requests from its routers; scrapes, which go to the same port, from the operator and from monitoring."""
    sources = labels.gateway_routers(gateway) if gateway else labels.routers(owner.name)
    rule = {"from": [_pods(sources), *_watchers(platform)], "ports": [_port(catalogue.api(wanted.engine.kind).port)]}
    return _policy(owner, names.engines(owner.name), ChildRole.ENGINE, labels.engines(owner.name), [rule])


def routers(owner: Owner, platform: Installation) -> Manifest:
    """Requests from everywhere; the metrics port only for the operator, monitoring, and routers, which share rates."""
    rules: list[Manifest] = [
        {"ports": [_port(ports.ROUTER)]},
        {"from": [_pods(labels.routers(owner.name)), *_watchers(platform)], "ports": [_port(ports.ROUTER_METRICS)]},
    ]
    return _policy(owner, names.router(owner.name), ChildRole.ROUTER, labels.routers(owner.name), rules)


def _watchers(platform: Installation) -> list[Manifest]:
    operator = _in_namespaces({NAMESPACE: platform.operator_namespace}) | _pods(dict(platform.operator_labels))
    return [operator, *([_in_namespaces(dict(platform.monitoring))] if platform.monitoring else [])]


def _policy(owner: Owner, name: str, role: ChildRole, selector: dict[str, str], rules: list[Manifest]) -> Manifest:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": owner.metadata(name, labels.child(owner.name, role)),
        "spec": {"podSelector": {"matchLabels": selector}, "policyTypes": ["Ingress"], "ingress": rules},
    }


def _pods(selector: dict[str, str]) -> Manifest:
    return {"podSelector": {"matchLabels": selector}}


def _in_namespaces(selector: dict[str, str]) -> Manifest:
    return {"namespaceSelector": {"matchLabels": selector}}


def _port(number: int) -> Manifest:
    return {"port": number, "protocol": "TCP"}
