"""The HTTPRoute of routers: written in full, so that changes by others are found, and defaults are not."""

import copy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet.gateways import (
    DeploymentRouter,
    RouteParent,
    RouterConnections,
    RouterPods,
    RoutingSettings,
    ServiceRoute,
    Timeouts,
)
from fairlead.fleet.tenants import BatchLaneLimits
from fairlead.objects import drift, http_routes
from fairlead.objects.manifest import Manifest
from tests.objects.specs import OWNER
from tests.objects.test_gateway_children import FRONT_OWNER

PUBLIC = RouteParent(name="public")


def routed(route: ServiceRoute, **settings: Any) -> Manifest:  # noqa: ANN401  # any setting of routers
    router = DeploymentRouter(routing=RoutingSettings(**settings), pods=RouterPods(route=route))
    made = http_routes.manifest(FRONT_OWNER, router)
    assert made is not None
    return made


def test_without_a_route_in_the_spec_there_is_none() -> None:
    assert http_routes.manifest(OWNER, DeploymentRouter()) is None


def test_the_route_leads_everything_to_the_routers_service_and_waits_longer_than_they_do() -> None:
    made = routed(ServiceRoute(parents=(PUBLIC,)))
    assert (made["apiVersion"], made["kind"]) == ("gateway.networking.k8s.io/v1", "HTTPRoute")
    assert made["metadata"] == FRONT_OWNER.router_metadata()
    backend = {"group": "", "kind": "Service", "name": "front-gateway", "port": 80, "weight": 1, "filters": []}
    assert made["spec"] == {
        "parentRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "public"}],
        "hostnames": [],
        "rules": [
            {
                "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
                "filters": [],
                "backendRefs": [backend],
                "timeouts": {"request": "15m5s"},
            }
        ],
    }


def test_a_gateway_waits_as_long_as_batch_work_may_wait_in_routers() -> None:
    made = routed(ServiceRoute(parents=(PUBLIC,)), batch_lane=BatchLaneLimits(max_queue_seconds=3600))
    assert made["spec"]["rules"][0]["timeouts"] == {"request": "1h15m5s"}


def test_the_http_route_contains_everything_that_the_spec_states() -> None:
    parents = (RouteParent(name="public", namespace="infra", section_name="https", port=443), RouteParent(name="other"))
    route = ServiceRoute(parents=parents, hostnames=("chat.example.com",), request_seconds=0.0)
    made = routed(route, connections=RouterConnections(tls_secret="certificate"), timeouts=Timeouts(total_seconds=9))
    group = {"group": "gateway.networking.k8s.io", "kind": "Gateway"}
    assert made["spec"]["parentRefs"] == [
        group | {"name": "public", "namespace": "infra", "sectionName": "https", "port": 443},
        group | {"name": "other"},
    ]
    assert made["spec"]["hostnames"] == ["chat.example.com"]
    (rule,) = made["spec"]["rules"]
    assert (rule["timeouts"]["request"], rule["backendRefs"][0]["port"]) == ("0s", 443)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (0.0001, "1ms"), (1.5, "1s500ms"), (905, "15m5s"), (90_061, "25h1m1s"), (1e12, "99999h")],
)
def test_durations_are_written_as_the_gateway_api_reads_them(seconds: float, text: str) -> None:
    assert http_routes.duration(seconds) == text


@given(seconds=st.floats(min_value=1e-9, max_value=1e15))
def test_a_limit_above_zero_never_becomes_none(seconds: float) -> None:
    """0s would make a Gateway wait forever."""
    assert http_routes.duration(seconds) != "0s"


def test_defaults_of_a_later_schema_are_no_drift() -> None:
    made = routed(ServiceRoute(parents=(PUBLIC,)))
    live = copy.deepcopy(made)
    live["spec"]["rules"][0] |= {"name": "all", "retry": {"attempts": 1}}
    del live["spec"]["rules"][0]["filters"], live["spec"]["hostnames"]
    assert drift.differs(made, live) is None


@pytest.mark.parametrize(
    ("path", "value", "found"),
    [
        (("hostnames",), ["other.example.com"], "spec.hostnames"),
        (("parentRefs", 0, "sectionName"), "http", "spec.parentRefs"),
        (("rules", 0, "matches", 0, "headers"), [{"name": "a", "value": "b"}], "spec.rules[0].matches"),
        (("rules", 0, "filters"), [{"type": "RequestMirror"}], "spec.rules[0].filters"),
        (("rules", 0, "backendRefs", 0, "weight"), 0, "spec.rules[0].backendRefs[0].weight"),
        (("rules", 0, "backendRefs", 0, "filters"), [{"type": "URLRewrite"}], "spec.rules[0].backendRefs[0].filters"),
        (("rules", 0, "timeouts", "request"), "5s", "spec.rules[0].timeouts.request"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_an_edited_field_of_the_route_is_detected(path: tuple[str | int, ...], value: object, found: str) -> None:
    made = routed(ServiceRoute(parents=(PUBLIC,)))
    live = copy.deepcopy(made)
    node: Any = live["spec"]
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = value
    assert drift.spelt(drift.differs(made, live)) == found


def test_a_rule_added_to_the_route_is_detected() -> None:
    made = routed(replace(ServiceRoute(parents=(PUBLIC,)), hostnames=("a.example.com",)))
    live = copy.deepcopy(made)
    live["spec"]["rules"] *= 2
    assert drift.spelt(drift.differs(made, live)) == "spec.rules"
