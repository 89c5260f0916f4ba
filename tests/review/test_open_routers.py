"""Routers that clients outside the cluster reach: without tenants, whoever finds the address may use the GPUs."""

from typing import Any, Final

import pytest

from fairlead.review import admission
from fairlead.review.result import AdmissionReason
from tests.review.table import CONTEXT, Object, deployment, gateway

ROUTE: Final = {"httpRoute": {"parentRefs": [{"name": "public"}], "hostnames": ["chat.example.com"]}}
TENANTS: Final = {"tenants": [{"name": "shop", "keys": [{"name": "chat-keys", "key": "shop"}]}]}


def open_fields(given: Object) -> list[tuple[str, str]]:
    """Each field that is warned of, and its value."""
    every = admission.review(given, CONTEXT).warnings
    return [(one.field, one.value) for one in every if one.reason is AdmissionReason.OPEN_TO_ALL]


@pytest.mark.parametrize("kind", ["LoadBalancer", "NodePort"])
def test_a_service_for_clients_outside_without_tenants_is_warned_of(kind: str) -> None:
    service = {"service": {"type": kind}}
    assert open_fields(deployment(router=service)) == [("spec.router.service.type", kind)]
    assert open_fields(gateway(**service)) == [("spec.service.type", kind)]


def test_a_route_without_tenants_is_warned_of_with_its_host_names() -> None:
    assert open_fields(deployment(router=ROUTE)) == [("spec.router.httpRoute", "chat.example.com")]
    assert open_fields(gateway(**ROUTE)) == [("spec.httpRoute", "chat.example.com")]
    everywhere = {"httpRoute": {"parentRefs": [{"name": "public"}]}}
    assert open_fields(gateway(**everywhere)) == [("spec.httpRoute", "*")]


def test_the_warning_names_what_to_add() -> None:
    found = admission.review(deployment(router=ROUTE), CONTEXT).warnings
    (warning,) = (one for one in found if one.reason is AdmissionReason.OPEN_TO_ALL)
    assert warning.because.startswith("spec.router.tenants is empty, so whoever reaches this address")
    assert warning.remedy.startswith("add tenants with keys or with tokens of an issuer")


@pytest.mark.parametrize(
    "router",
    [{}, {"service": {"type": "ClusterIP"}}, ROUTE | TENANTS, {"service": {"type": "LoadBalancer"}} | TENANTS],
    ids=["neither", "inside", "route with tenants", "load balancer with tenants"],
)
def test_what_stays_inside_or_asks_for_keys_is_not_warned_of(router: dict[str, Any]) -> None:
    assert open_fields(deployment(router=router)) == []
    assert open_fields(gateway(**router)) == []


def test_a_deployment_of_a_gateway_has_no_routers_of_its_own() -> None:
    assert open_fields(deployment(gateway={"name": "company"})) == []
