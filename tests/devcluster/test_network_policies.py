"""NetworkPolicy enforcement in the development cluster: as Kubernetes specifies, packet by packet."""

from typing import Any

import pytest

from devcluster.members import network_policies

SPACES: dict[str, dict[str, str]] = {"team": {"name": "team"}, "system": {"name": "system"}}
SERVER, ROUTER, OPERATOR = "10.0.0.1", "10.0.0.2", "10.0.0.3"


def pod(namespace: str, app: str, address: str, **spec: object) -> dict[str, Any]:
    ports = [{"name": "metrics", "containerPort": 9090}]
    return {
        "metadata": {"namespace": namespace, "labels": {"app": app}},
        "spec": {"containers": [{"ports": ports}], **spec},
        "status": {"podIP": address},
    }


PODS = [pod("team", "server", SERVER), pod("team", "router", ROUTER), pod("system", "operator", OPERATOR)]


def policy(*rules: dict[str, Any], selector: dict[str, Any] | None = None) -> dict[str, Any]:
    chosen = {"matchLabels": {"app": "server"}} if selector is None else selector
    spec = {"podSelector": chosen, "policyTypes": ["Ingress"], "ingress": list(rules)}
    return {"metadata": {"namespace": "team"}, "spec": spec}


def chain(*policies: dict[str, Any], pods: list[dict[str, Any]] | None = None) -> list[str]:
    """The rules for packets to the server; none where they pass unchecked."""
    table = network_policies.ruleset(policies, PODS if pods is None else pods, SPACES)
    if f"{SERVER} : goto " not in table:
        return []
    name = table.split(f"{SERVER} : goto ")[1].split()[0].strip(",")
    body = table.split(f"chain {name} {{\n")[1].split("\n  }")[0]
    return [line.strip() for line in body.splitlines()]


def test_a_pod_that_no_policy_selects_is_open() -> None:
    assert chain() == []
    assert chain(policy(selector={"matchLabels": {"app": "other"}})) == []


def test_a_pod_that_a_policy_selects_is_closed_but_for_its_rules() -> None:
    assert chain(policy()) == ["drop"]
    assert chain(policy({})) == ["accept", "drop"]
    assert chain(policy({"ports": [{"port": 8000}]})) == ["tcp dport 8000 accept", "drop"]


def test_several_policies_allow_together() -> None:
    first, second = policy({"ports": [{"port": 1, "endPort": 9}]}), policy({"ports": [{"protocol": "UDP"}]})
    assert chain(first, second) == ["tcp dport 1-9 accept", "meta l4proto udp accept", "drop"]


@pytest.mark.parametrize(
    ("peer", "source"),
    [
        ({"podSelector": {"matchLabels": {"app": "router"}}}, f"ip saddr {{ {ROUTER} }} accept"),
        ({"podSelector": {"matchLabels": {"app": "operator"}}}, None),
        ({"namespaceSelector": {"matchLabels": {"name": "system"}}}, f"ip saddr {{ {OPERATOR} }} accept"),
        ({"namespaceSelector": {}}, f"ip saddr {{ {SERVER}, {ROUTER}, {OPERATOR} }} accept"),
        ({"ipBlock": {"cidr": "10.0.0.0/8"}}, "ip saddr 10.0.0.0/8 accept"),
        (
            {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}},
            "ip saddr 10.0.0.0/8 ip saddr != { 10.1.0.0/16 } accept",
        ),
    ],
)
def test_senders_are_chosen_by_labels_namespace_or_address(peer: dict[str, Any], source: str | None) -> None:
    assert chain(policy({"from": [peer]})) == [*([source] if source else []), "drop"]


@pytest.mark.parametrize(
    ("operator", "values", "found"),
    [("In", ["router"], [ROUTER]), ("NotIn", ["router"], [SERVER]), ("Exists", None, [SERVER, ROUTER])],
)
def test_expressions_choose_too(operator: str, values: list[str] | None, found: list[str]) -> None:
    peer = {"podSelector": {"matchExpressions": [{"key": "app", "operator": operator, "values": values}]}}
    assert chain(policy({"from": [peer]}))[0] == f"ip saddr {{ {', '.join(found)} }} accept"
    without = {"podSelector": {"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}}
    assert chain(policy({"from": [without]})) == ["drop"]


def test_a_port_may_be_named_by_the_pod_that_has_it() -> None:
    named = policy({"ports": [{"port": "metrics"}, {"port": "other"}]})
    assert chain(named) == ["tcp dport 9090 accept", "drop"]


def test_egress_policies_pods_that_ended_and_pods_of_the_node_s_network_are_left_alone() -> None:
    egress = policy() | {"spec": {"podSelector": {}, "policyTypes": ["Egress"]}}
    ended = pod("team", "server", SERVER) | {"status": {"podIP": SERVER, "phase": "Succeeded"}}
    assert chain(egress) == chain(policy(), pods=[ended]) == []
    assert chain(policy(), pods=[pod("team", "server", SERVER, hostNetwork=True)]) == []
