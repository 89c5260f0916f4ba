"""An object's HTTPRoute to its routers: created, repaired and deleted, and never an obstacle to serving."""

import copy
from typing import Any, Final

import pytest

from fairlead.cluster import kinds, package_data
from fairlead.cluster.api_errors import Unreachable
from fairlead.cluster.availability import KindAvailability
from fairlead.cluster.kinds import Manifest
from fairlead.review import diagnosis, remedies
from tests.controller.gateways.gateway_world import GatewayWorld, served
from tests.controller.pretend import Pretend, deployment
from tests.controller.server import Faults

PUBLIC: Final = {"parentRefs": [{"name": "public", "namespace": "infra"}], "hostnames": ["chat.example.com"]}
TITLE: Final = kinds.HTTP_ROUTE.title
REMEDIES: Final = remedies.read(package_data.remedies())
OF_CHAT: Final = (TITLE, "default", "chat-router")
OF_FRONT: Final = (TITLE, "default", "front-gateway")


def routed(**spec: Any) -> Manifest:  # noqa: ANN401  # any field of a deployment
    return deployment(**({"router": {"httpRoute": PUBLIC}} | spec))


def at_rest(**spec: Any) -> Pretend:  # noqa: ANN401  # any field of a deployment
    world = Pretend()
    world.apply(routed(**spec))
    world.settle()
    return world


def answers(world: Pretend, status: str, words: str = "", where: tuple[str, str, str] = OF_CHAT) -> None:
    """As the controller of the Gateway does."""
    live = copy.deepcopy(world.objects.found(where))
    condition = {"type": "Accepted", "status": status, "reason": "Because", "message": words}
    entry = {"parentRef": {"name": "public", "namespace": "infra"}, "conditions": [condition]}
    world.objects.put(kinds.HTTP_ROUTE, live | {"status": {"parents": [entry]}})
    world.settle()


def test_a_deployments_route_leads_to_its_routers_and_its_gateway_answers() -> None:
    world = at_rest()
    route = world.objects.found(OF_CHAT)
    (backend,) = route["spec"]["rules"][0]["backendRefs"]
    assert (backend["name"], backend["port"]) == ("chat-router", 80)
    assert route["metadata"]["ownerReferences"] == [world.objects.found(("services", *OF_CHAT[1:]))["metadata"][
        "ownerReferences"
    ][0]]  # fmt: skip
    assert world.condition("Ready") == ("True", "Serving")
    answers(world, "True")
    assert world.condition("RouteAccepted") == ("True", "RouteAccepted")
    answers(world, "False", "no listener allows this namespace")
    assert world.condition("RouteAccepted") == ("False", "RouteRefused")
    assert "Gateway infra/public: Accepted False, Because: no listener allows" in world.message("RouteAccepted")
    assert world.condition("Ready") == ("True", "Serving")


def test_a_gateway_that_says_nothing_is_named_after_a_minute() -> None:
    world = at_rest()
    assert world.condition("RouteAccepted")[1] in ("RoutePending", "ParentSilent")
    world.rounds(13)
    assert world.condition("RouteAccepted") == ("Unknown", "ParentSilent")
    assert "Gateway infra/public has not answered for a minute" in world.message("RouteAccepted")


def test_without_the_gateway_api_routers_serve_and_the_route_comes_with_it() -> None:
    world = Pretend()
    world.world.gateway_api = KindAvailability.ABSENT
    world.apply(routed())
    world.settle()
    assert world.condition("Ready") == ("True", "Serving")
    assert world.condition("RouteAccepted") == ("False", "GatewayApiAbsent")
    assert not [one for one in world.server.writes if TITLE in one]
    assert world.tick().after_s == 15.0
    world.world.gateway_api = KindAvailability.SERVED
    world.settle()
    assert OF_CHAT in world.objects.held


def test_an_operator_without_the_right_never_requests_routes() -> None:
    world = Pretend()
    world.world.gateway_api = KindAvailability.UNWATCHED
    world.apply(routed())
    world.settle()
    assert world.condition("RouteAccepted") == ("False", "GatewayApiOff")
    assert not [one for one in world.server.writes if TITLE in one]


def test_a_kind_that_is_removed_between_read_and_write_counts_as_absent() -> None:
    world = at_rest(router={})
    world.server.faults = Faults(answers={len(world.server.writes): 404})
    world.apply(routed())
    world.tick()
    assert world.condition("RouteAccepted") == ("False", "GatewayApiAbsent")
    world.settle()
    assert OF_CHAT in world.objects.held


def test_a_definition_that_is_too_old_is_named_and_stops_nothing_else() -> None:
    world = at_rest(router={})
    world.server.faults = Faults(answers={len(world.server.writes): 500})
    world.apply(routed())
    world.tick()
    assert world.condition("RouteAccepted") == ("False", "ClusterRefuses")
    assert world.message("RouteAccepted") == (
        "httpRoute: the API server failed: by script; where a field is not declared, install the CRDs of the Gateway "
        "API, v1.2 or later"
    )
    world.settle()
    assert OF_CHAT in world.objects.held


def test_an_api_server_that_is_away_is_no_word_about_the_route() -> None:
    world = at_rest(router={})
    world.server.faults = Faults(answers={len(world.server.writes): 503})
    world.apply(routed())
    with pytest.raises(Unreachable):
        world.tick()


def test_an_edited_or_deleted_route_is_restored_and_reported() -> None:
    world = at_rest()
    whole = world.objects.found(OF_CHAT)["spec"]
    edited = copy.deepcopy(world.objects.found(OF_CHAT))
    edited["spec"]["hostnames"] = ["evil.example.com"]
    world.objects.put(kinds.HTTP_ROUTE, edited)
    world.settle()
    assert world.objects.found(OF_CHAT)["spec"] == whole
    world.objects.remove(OF_CHAT, {})
    world.settle()
    assert world.objects.found(OF_CHAT)["spec"] == whole
    notes = [one for one in world.event_sink.published if one.startswith("PutBack ") and "HTTPRoute" in one]
    assert ["spec.hostnames" in one for one in notes] == [True, False]


def test_the_route_goes_with_its_field_and_a_foreign_one_of_its_name_does_not() -> None:
    world = at_rest()
    world.apply(deployment())
    world.settle()
    assert OF_CHAT not in world.objects.held
    assert "RouteAccepted" not in str(world.document()["status"])
    theirs = {"metadata": {"name": "chat-router", "namespace": "default"}, "spec": {"parentRefs": []}}
    world.objects.put(kinds.HTTP_ROUTE, theirs)
    world.settle()
    assert OF_CHAT in world.objects.held


def test_a_foreign_route_of_this_name_is_not_taken_over_and_routers_serve() -> None:
    world = Pretend()
    theirs = {"metadata": {"name": "chat-router", "namespace": "default"}, "spec": {"parentRefs": [{"name": "own"}]}}
    world.objects.put(kinds.HTTP_ROUTE, theirs)
    world.apply(routed())
    world.settle()
    assert world.objects.found(OF_CHAT)["spec"] == {"parentRefs": [{"name": "own"}]}
    assert world.condition("RouteAccepted") == ("False", "NameTaken")
    assert "HTTPRoute chat-router exists already and is not Fairlead's" in world.message("RouteAccepted")
    assert world.condition("Ready") == ("True", "Serving")
    world.objects.remove(OF_CHAT, {})
    world.settle()
    assert world.objects.found(OF_CHAT)["spec"]["hostnames"] == ["chat.example.com"]


def test_a_deleted_namesakes_route_is_awaited_as_one_that_is_going_while_routers_serve() -> None:
    """The condition had said for hours that the route does not exist yet, and `fairlead why` that all is well."""
    world = at_rest()
    answers(world, "True")
    route = copy.deepcopy(world.objects.found(OF_CHAT))
    route["metadata"]["ownerReferences"][0]["uid"] = "of-a-deleted-one"
    world.objects.put(kinds.HTTP_ROUTE, route)
    assert world.tick().after_s == 15.0
    assert world.condition("RouteAccepted") == ("Unknown", "ChildTerminating")
    assert world.message("RouteAccepted").startswith(
        "HTTPRoute chat-router belongs to a deleted InferenceDeployment chat; all else goes on"
    )
    (found,) = diagnosis.diagnose(world.document(), REMEDIES).found
    assert (found.type, found.reason) == ("RouteAccepted", "ChildTerminating")
    assert world.condition("Ready") == ("True", "Serving")
    assert world.objects.found(OF_CHAT)["metadata"]["ownerReferences"][0]["uid"] == "of-a-deleted-one"
    world.objects.remove(OF_CHAT, {})
    world.settle()
    assert world.objects.found(OF_CHAT)["metadata"]["ownerReferences"][0]["uid"] != "of-a-deleted-one"


def test_a_gateway_made_again_has_no_route_while_its_service_is_that_of_the_deleted_one() -> None:
    world = served()
    world.objects.remove((kinds.INFERENCE_GATEWAY.title, "default", "front"), {})
    world.put_gateway(models=[{"name": "talk", "deployment": "chat"}], httpRoute=PUBLIC)
    world.gateway_tick()
    assert "belongs to a deleted InferenceGateway front" in world.gateway_message("Accepted")
    assert OF_FRONT not in world.objects.held
    world.kube.round(world.now)
    world.settle()
    assert OF_FRONT in world.objects.held


def test_a_refused_spec_leaves_the_route_and_its_condition_unchanged() -> None:
    world = at_rest()
    answers(world, "True")
    world.apply(routed(context=10_000_000, router={}))
    world.settle()
    assert world.condition("Accepted")[0] == "False"
    assert OF_CHAT in world.objects.held
    assert world.condition("RouteAccepted") == ("True", "RouteAccepted")
    world.world.gateway_api = KindAvailability.ABSENT
    world.settle()
    assert "RouteAccepted" not in str(world.document()["status"])


def test_no_route_leads_to_a_foreign_service() -> None:
    world = Pretend()
    world.objects.put(kinds.SERVICE, {"metadata": {"name": "chat-router", "namespace": "default"}, "spec": {}})
    world.apply(routed())
    world.settle()
    assert world.condition("Accepted") == ("False", "NameTaken")
    assert OF_CHAT not in world.objects.held


def test_a_route_on_its_way_out_is_waited_for_and_missing_rights_are_named() -> None:
    world = at_rest()
    going = copy.deepcopy(world.objects.found(OF_CHAT))
    going["metadata"]["deletionTimestamp"] = world.objects.moment
    world.objects.put(kinds.HTTP_ROUTE, going)
    world.rounds(2)
    assert world.condition("RouteAccepted") == ("Unknown", "ChildTerminating")
    assert world.message("RouteAccepted").startswith("HTTPRoute chat-router is being removed")
    assert world.condition("Ready") == ("True", "Serving")
    world.apply(deployment())
    world.settle()
    assert OF_CHAT in world.objects.held, "nothing is deleted twice"
    world.objects.remove(OF_CHAT, {})
    world.apply(routed())
    world.settle()
    world.server.faults = Faults(forbidden=frozenset({("delete", TITLE)}))
    world.apply(deployment())
    world.settle()
    assert world.condition("RouteAccepted") == ("False", "NoRight")
    assert f"Fairlead is not permitted to delete {TITLE} chat-router" in world.message("RouteAccepted")
    world.server.faults = Faults()
    world.settle()
    assert OF_CHAT not in world.objects.held


def test_a_gateways_route_lives_as_its_routers_do() -> None:
    world = served(httpRoute=PUBLIC)
    assert world.objects.found(OF_FRONT)["metadata"]["labels"]["fairlead.dev/gateway"] == "front"
    answers(world, "True", where=OF_FRONT)
    assert world.gateway_condition("RouteAccepted") == ("True", "RouteAccepted")
    world.put_gateway(httpRoute=PUBLIC, models=[{"name": "m", "deployment": "elsewhere/chat"}])
    world.settle()
    assert world.gateway_condition("Accepted") == ("False", "Refused")
    assert world.gateway_condition("RouteAccepted") == ("True", "RouteAccepted")
    world.put_gateway()
    world.settle()
    assert OF_FRONT not in world.objects.held
    assert "RouteAccepted" not in str(world.gateway()["status"])


def test_a_gateway_whose_service_has_another_owner_gets_no_route() -> None:
    world = GatewayWorld()
    world.objects.put(kinds.SERVICE, {"metadata": {"name": "front-gateway", "namespace": "default"}, "spec": {}})
    world.put_gateway(httpRoute=PUBLIC)
    world.settle()
    assert OF_FRONT not in world.objects.held


def test_a_deployment_that_moves_keeps_its_route_until_the_gateway_serves_it() -> None:
    world = GatewayWorld()
    world.put_gateway()
    world.apply(routed())
    world.settle()
    assert OF_CHAT in world.objects.held
    world.pod_client.gateways_silent = True
    world.join()
    world.rounds(6)
    assert OF_CHAT in world.objects.held
    world.pod_client.gateways_silent = False
    world.settle()
    assert OF_CHAT not in world.objects.held
