"""Who counts as the operator where a network policy admits it."""

from dataclasses import replace
from typing import Any, Final

import pytest

from fairlead.objects import children, labels, network_policies
from fairlead.objects.labels import ChildRole
from tests.objects.specs import LEAST, OWNER, PLATFORM, wanted

WITH_LOADERS: Final[dict[str, Any]] = LEAST | {"engine": {"lora": {"slots": 4, "claimName": "adapters"}}}


def test_engines_and_routers_in_the_operators_namespace_are_not_admitted_as_the_operator() -> None:
    """All pods have the operator's name, and users choose what runs in theirs."""
    built = children.all_children(OWNER, wanted(WITH_LOADERS), PLATFORM)
    rules = [rule for one in built if one["kind"] == "NetworkPolicy" for rule in one["spec"]["ingress"]]
    peers = [peer for rule in rules for peer in rule.get("from", ())]
    component = "app.kubernetes.io/component"
    operator = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "fairlead-system"}},
        "podSelector": {
            "matchLabels": {"app.kubernetes.io/name": "fairlead"},
            "matchExpressions": [{"key": component, "operator": "In", "values": ["operator", "autoscaler"]}],
        },
    }
    elsewhere = [one for one in peers if {"namespaceSelector", "podSelector"} <= one.keys()]
    assert elsewhere == [operator] * 3, "for engines, for the loaders beside them, and for routers"
    ours = [labels.child("chat", role)[component] for role in ChildRole]
    assert ours == ["engine", "router", "check", "evaluation", "prepull"]


def test_every_policy_says_which_operator_it_admits() -> None:
    built = children.all_children(OWNER, wanted(LEAST), replace(PLATFORM, operator_namespace="ops"))
    policies = [one for one in built if one["kind"] == "NetworkPolicy"]
    assert [network_policies.operator_namespace(one) for one in policies] == ["ops", "ops"]


OPERATOR: Final = {"app.kubernetes.io/name": "fairlead"}


@pytest.mark.parametrize(
    "ingress",
    [
        None,
        [{}],
        [{"from": None}, {"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}],
        [{"from": [{"namespaceSelector": None, "podSelector": {"matchLabels": OPERATOR}}]}],
    ],
)
def test_a_policy_without_peers_admits_no_operator(ingress: object) -> None:
    assert network_policies.operator_namespace({"spec": {"ingress": ingress}}) == ""
