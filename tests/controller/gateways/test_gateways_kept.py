"""A gateway's children stay as they are to be, whoever else is at work, and go with it."""

from fairlead.cluster import kinds
from tests.controller.gateways.gateway_world import GatewayWorld, served


def test_what_others_change_is_put_back_and_what_they_delete_comes_again() -> None:
    world = served()
    whole = world.fingerprint()
    where = (kinds.SERVICE.title, "default", "front-gateway")
    live = world.objects.held[where]
    world.objects.put(kinds.SERVICE, live | {"spec": live["spec"] | {"type": "NodePort"}})
    world.objects.remove((kinds.CONFIG_MAP.title, "default", "front-gateway"), {})
    world.settle()
    assert world.fingerprint() == whole
    assert any(one.startswith("PutBack ") for one in world.event_sink.published)


def test_a_child_of_an_earlier_release_goes() -> None:
    world = served()
    service = world.objects.held[(kinds.SERVICE.title, "default", "front-gateway")]
    stale = service | {"metadata": service["metadata"] | {"name": "front-old", "uid": "s-1"}}
    world.objects.put(kinds.SERVICE, stale)
    world.settle()
    assert (kinds.SERVICE.title, "default", "front-old") not in world.objects.held


def test_a_name_that_somebody_else_has_is_left_alone_and_said() -> None:
    world = GatewayWorld()
    head = {"name": "front-gateway", "namespace": "default"}
    world.objects.put(kinds.SERVICE, {"metadata": head, "spec": {"type": "ClusterIP"}})
    world.put_gateway()
    world.settle()
    assert world.children("front") == {"services/front-gateway"}
    assert world.gateway_condition("Accepted") == ("False", "NameTaken")
    assert "Service front-gateway exists already and is not Fairlead's" in world.gateway_message("Accepted")


def test_a_deployment_and_a_gateway_of_one_name_do_not_get_in_each_others_way() -> None:
    world = GatewayWorld()
    world.put_gateway("chat")
    world.join(gateway=None)
    world.settle()
    assert world.condition("Ready") == ("True", "Serving")
    assert world.gateway_condition("Ready", "chat") == ("True", "Serving")


def test_a_gateway_that_goes_is_left_to_the_garbage_collection() -> None:
    world = served()
    where = (kinds.INFERENCE_GATEWAY.title, "default", "front")
    live = world.objects.held[where]
    going = live["metadata"] | {"deletionTimestamp": "2026-11-20T12:00:00Z"}
    world.objects.put(kinds.INFERENCE_GATEWAY, live | {"metadata": going})
    assert world.gateway_tick().gone
    world.fronts.forget(live["metadata"]["uid"])
    world.objects.remove(where, {})
    assert world.gateway_tick().gone
