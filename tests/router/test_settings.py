"""The file of a router: what the operator writes is understood whole, what nobody can act on is named."""

import json
from dataclasses import replace
from typing import Any, Final

import pytest

from fairlead.fleet.gateways import Hold, Limits, ResponseCache, Retries, Routing, Timeouts
from fairlead.objects import router_config
from fairlead.router import settings
from fairlead.router.settings import Misconfigured, Settings
from tests.engines.asks import asks

PLACE: Final[dict[str, Any]] = {"endpoints": ["127.0.0.1:8000"]}
ROUTING: Final = Routing(
    limits=Limits(max_prompt_tokens=100, max_queue_seconds=2.5, max_request_bytes=5000, shadow=True),
    timeouts=Timeouts(connect_seconds=1.5, total_seconds=60.0),
    hold=Hold(max_requests=7, max_seconds=3.0),
    retries=Retries(max_attempts=4, budget=0.25),
)


@pytest.mark.parametrize("routing", [Routing(), ROUTING, replace(ROUTING, cache=ResponseCache(enabled=True))])
def test_what_the_operator_writes_is_what_the_router_reads(routing: Routing) -> None:
    wish = asks().wanted
    text = json.dumps(router_config.document(wish, routing))

    assert settings.read(text) == Settings(
        namespace=wish.namespace,
        selector=router_config.document(wish, routing)["selector"],
        engine_port=8000,
        models=(wish.model.served_name,),
        routing=replace(routing, cache=ResponseCache()),
    )


def test_a_list_of_engines_is_enough_and_all_else_has_defaults() -> None:
    assert settings.read(json.dumps(PLACE)) == Settings(endpoints=("127.0.0.1:8000",), routing=Routing())


def test_keys_of_a_newer_operator_are_passed_over() -> None:
    text = json.dumps(PLACE | {"tenants": [], "routing": {"hold": {"maxRequests": 5.0, "maxBytes": 1}, "lanes": {}}})

    assert settings.read(text).routing == Routing(hold=Hold(max_requests=5))


def test_only_another_place_means_another_source() -> None:
    first = settings.read(json.dumps(PLACE))

    assert replace(first, models=("chat",), routing=ROUTING).place == first.place
    assert replace(first, endpoints=("127.0.0.1:8001",)).place != first.place


REFUSED: Final[dict[str, str]] = {
    "{": "not JSON: ",
    "[]": "list: must be one JSON object",
    "{}": "selector, endpoints: neither is set",
    '{"endpoints": ["a:1"], "selector": "a=b"}': "selector, endpoints: both are set",
    '{"selector": "a=b"}': "namespace: empty: a selector finds pods in one namespace; name it",
    '{"endpoints": "a:1"}': "endpoints: 'a:1': must be a list of texts, none of them empty",
    '{"endpoints": ["http://a:1"]}': "endpoints: http://a:1: must be host:port without a scheme",
    '{"endpoints": ["a"]}': "endpoints: a: must be host:port without a scheme",
    '{"selector": 5}': "selector: 5: must be text",
    '{"endpoints": ["a:1"], "enginePort": "http"}': "enginePort: 'http': must be a whole number from 1 up",
    '{"endpoints": ["a:1"], "routing": 7}': "routing: 7: must be an object",
    '{"endpoints": ["a:1"], "routing": {"hold": 7}}': "routing.hold: 7: must be an object",
    '{"endpoints": ["a:1"], "routing": {"retries": {"maxAttempts": 1.5}}}': "routing.retries.maxAttempts: 1.5: must be",
    '{"endpoints": ["a:1"], "routing": {"timeouts": {"totalSeconds": 0}}}': "write seconds above 0",
    '{"endpoints": ["a:1"], "routing": {"limits": {"shadow": 1}}}': "routing.limits.shadow: 1: must be true or false",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_nobody_can_act_on_is_named_with_its_key(text: str) -> None:
    with pytest.raises(Misconfigured) as refusal:
        settings.read(text)

    assert REFUSED[text] in str(refusal.value)
