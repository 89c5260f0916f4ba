"""Warnings about an httpRoute that is allowed and may not do what was meant."""

from typing import Any

from tests.review.table import deployment, gateway
from tests.review.test_gateways import warned

PUBLIC: dict[str, Any] = {"parentRefs": [{"name": "public"}]}
KEYED: dict[str, Any] = {"tenants": [{"name": "shop", "keys": [{"name": "chat-keys", "key": "shop"}]}]}


def test_a_route_that_waits_longer_than_the_routers_gets_no_warning() -> None:
    for timeout in ({}, {"requestTimeout": "0s"}, {"requestTimeout": "15m"}):
        assert warned(gateway(httpRoute=PUBLIC | timeout, **KEYED)) == []


def test_a_route_that_cuts_streams_is_warned_of() -> None:
    (answer,) = warned(gateway(httpRoute=PUBLIC | {"requestTimeout": "1m"}, **KEYED))
    assert answer == (
        "spec.httpRoute.requestTimeout: 60s: Gateways end a request after 60 s, streams included, and routers after "
        "900 s; leave it out, or write at least 900s"
    )
    own = warned(deployment(router={"httpRoute": PUBLIC | {"requestTimeout": "1m"}}))
    assert [one for one in own if one.startswith("spec.router.httpRoute.requestTimeout: 60s")]


def test_a_route_to_routers_that_take_tls_alone_is_warned_of() -> None:
    (answer,) = warned(gateway(httpRoute=PUBLIC, connections={"tls": {"secretName": "certificate"}}, **KEYED))
    assert answer.startswith("spec.httpRoute: connections.tls certificate: routers take TLS only")
    assert "BackendTLSPolicy" in answer
