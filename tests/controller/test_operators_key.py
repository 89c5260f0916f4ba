"""The operator's key in the routers' configuration, across failovers of the operator."""

import json
from collections.abc import Iterator

import pytest

from fairlead.cluster import kinds, operator_key
from fairlead.controller import process
from tests.controller.gateways.gateway_world import GatewayWorld
from tests.controller.gateways.test_gateways_kept import RULED
from tests.controller.pretend import PLATFORM

KEYS = PLATFORM.router_keys
SECRET = b"s" * 32


@pytest.fixture(autouse=True)
def _no_key_afterwards() -> Iterator[None]:
    yield
    KEYS.secret = None


def served() -> GatewayWorld:
    """A deployment with routers of its own, one behind a gateway, and an operator that knows its key."""
    KEYS.secret = SECRET
    world = GatewayWorld()
    world.put_gateway()
    world.join("code")
    world.join("chat", gateway=None)
    world.settle()
    return world


def keys_of(world: GatewayWorld) -> list[object]:
    """The keys by which the routers of the deployment and of the gateway know the operator."""
    names = ("chat-router", "front-gateway")
    found = (world.objects.held[kinds.CONFIG_MAP.title, "default", name]["data"]["router.json"] for name in names)
    return [json.loads(one).get("metricsKeys") for one in found]


def test_routers_know_the_operator_while_a_new_leader_cannot_read_its_key_yet() -> None:
    world = served()
    before = keys_of(world)
    assert before == [[KEYS.sha256("default", "chat")], [KEYS.sha256("default", "gateway/front")]]
    writes = len(world.server.writes)
    KEYS.secret = None
    world.restart()
    world.rounds(3)
    assert (keys_of(world), len(world.server.writes)) == (before, writes)


def test_a_key_that_the_operator_reads_late_reaches_all_routers() -> None:
    world = served()
    KEYS.secret = None
    world.restart()
    world.rounds()
    KEYS.secret = b"n" * 32
    world.rounds()
    assert keys_of(world) == [[KEYS.sha256("default", "chat")], [KEYS.sha256("default", "gateway/front")]]


def test_routers_that_start_before_the_operator_has_its_key_get_it_later() -> None:
    world = GatewayWorld()
    world.put_gateway()
    world.join("chat", gateway=None)
    world.settle()
    assert keys_of(world) == [None, None]
    KEYS.secret = SECRET
    world.rounds()
    assert keys_of(world) == [[KEYS.sha256("default", "chat")], [KEYS.sha256("default", "gateway/front")]]


def test_a_new_leader_requests_a_key_that_is_refused_again_before_it_stops_waiting_for_it() -> None:
    """The API server throttles when leaders change, so that more than one request may be refused."""
    assert operator_key.AGAIN_S * (1 + 2 + 4) < process.KEY_WAITED_FOR_S


def test_another_key_reaches_the_routers_of_a_refused_deployment_and_of_a_refused_gateway() -> None:
    world = served()
    live = world.document("chat")
    world.objects.put(kinds.INFERENCE_DEPLOYMENT, live | {"spec": live["spec"] | {"parallelism": {"tensor": 3}}})
    world.put_gateway(models=[RULED])
    world.settle()
    assert (world.condition("Accepted")[0], world.gateway_condition("Accepted")[0]) == ("False", "False")
    before = keys_of(world)
    KEYS.secret = None
    world.restart()
    world.rounds(2)
    assert keys_of(world) == before, "until the key is read"
    KEYS.secret = b"n" * 32
    world.rounds(2)
    assert keys_of(world) == [[KEYS.sha256("default", "chat")], [KEYS.sha256("default", "gateway/front")]] != before
    writes = len(world.server.writes)
    world.rounds(3)
    assert len(world.server.writes) == writes, "at rest"
