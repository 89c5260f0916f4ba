"""A gateway's children keep their desired state, whoever else writes, and are deleted with it."""

import json
from datetime import timedelta
from typing import Final

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.controller.gateways import members
from fairlead.controller.gateways.gateway_reader import MAX_KEPT, GatewayReader
from fairlead.controller.work_queue import ReconcileOutcome
from fairlead.fleet.endpoints import GatewayReport, TenantUse
from fairlead.review import deployment_review
from tests.controller.gateways.gateway_world import GatewayWorld, served
from tests.controller.server import Faults

RULED: Final = {
    "name": "n",
    "strategy": "Rules",
    "deployment": "chat",
    "rules": [{"name": "r", "deployment": "chat", "when": {"expression": "true"}}],
}
"""A rule that names no fact of the request is refused."""


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


def test_a_foreign_object_with_a_childs_name_is_left_alone_and_reported() -> None:
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
    assert world.gateway_condition("Ready", "chat") == ("True", "NoModels")


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


def test_a_corrupted_configuration_is_rewritten() -> None:
    world = served()
    where = (kinds.CONFIG_MAP.title, "default", "front-gateway")
    whole = world.objects.held[where]["data"]
    for broken in ({"router.json": "{"}, {"router.json": '{"targets": [7, {"target": 8}]}'}, {}):
        world.objects.put(kinds.CONFIG_MAP, world.objects.held[where] | {"data": broken})
        world.gateway_tick()
        assert world.objects.held[where]["data"] == whole


def test_a_malformed_configuration_names_no_target() -> None:
    broken: tuple[object, ...] = (None, 7, [], {}, {"targets": 7}, {"targets": [7, {}, {"target": 8}]})
    for odd in broken:
        assert dict(members.entries(odd)) == {}
    entry = {"target": "default/chat"}
    assert dict(members.entries({"targets": [entry]})) == {"default/chat": entry}


def test_a_missing_right_is_reported_and_retried() -> None:
    world = GatewayWorld()
    world.put_gateway()
    world.server.faults = Faults(forbidden=frozenset({("patch", kinds.ROLE.title)}))
    assert "Fairlead is not permitted to" in world.gateway_tick().failed
    assert world.gateway_condition("Accepted") == ("False", "NoRight")
    assert "run `helm upgrade`" in world.gateway_message("Ready")
    world.server.faults = Faults()
    world.settle()
    assert world.gateway_condition("Ready") == ("True", "NoModels")


def test_children_that_are_still_being_removed_are_waited_for() -> None:
    world = served()
    where = (kinds.SERVICE.title, "default", "front-gateway")
    live = world.objects.held[where]
    ending = live["metadata"] | {"deletionTimestamp": "2026-11-20T12:00:00Z"}
    world.objects.put(kinds.SERVICE, live | {"metadata": ending, "spec": live["spec"] | {"type": "NodePort"}})
    world.put_gateway(service={"annotations": {"a": "b"}})
    assert world.gateway_tick().after_s == 1.0
    world.objects.remove(where, {})
    world.settle()
    assert world.objects.held[where]["metadata"]["annotations"]["a"] == "b"


def test_a_gateway_deleted_between_read_and_status_write_is_no_failure() -> None:
    world = served()
    world.put_gateway(replicas=3)
    world.server.faults = Faults(answers={len(world.server.writes) + 2: 404})
    before = list(world.event_sink.published)
    assert world.gateway_tick() == ReconcileOutcome(), "its informer reports the next one of that name"
    assert world.event_sink.published == before


def test_a_deployment_whose_engines_do_not_admit_it_yet_is_about_to_join() -> None:
    world = GatewayWorld()
    world.put_gateway(models=[{"name": "talk", "deployment": "chat"}])
    world.join()
    world.gateway_tick()
    assert "default/chat: this deployment has not joined yet; if this lasts" in world.gateway_message("Accepted")
    assert world.configuration()["targets"] == []


def test_a_member_whose_spec_raises_when_it_is_read_keeps_its_entry_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world = served()
    entry = world.objects.held[(kinds.CONFIG_MAP.title, "default", "front-gateway")]["data"]

    def raises(*_: object) -> None:
        raise KeyError("intermediate")

    monkeypatch.setattr(deployment_review, "read", raises)
    world.fronts.forget(world.document()["metadata"]["uid"])
    world.put_gateway(tenants=[{"name": "shop"}])
    world.settle()
    after = world.objects.held[(kinds.CONFIG_MAP.title, "default", "front-gateway")]["data"]
    assert "shop" in after["router.json"]
    assert json.loads(after["router.json"])["targets"] == json.loads(entry["router.json"])["targets"]
    assert "the gateway keeps its entry of default/chat" in caplog.text


def test_members_in_a_namespace_that_a_new_leader_may_not_list_keep_their_targets_until_it_may() -> None:
    """Their engines run on, and the store looks as if they were deleted."""
    world = GatewayWorld()
    world.put_gateway(namespace="platform", allowedNamespaces=["default"])
    for name in ("chat", "code"):
        world.join(name, gateway={"name": "front", "namespace": "platform"})
    world.settle()
    before = world.configuration("front", "platform")
    assert [one["target"] for one in before["targets"]] == ["default/chat", "default/code"]

    world.restart()
    world.world.left_out = frozenset({"default"})
    world.gateway_tick("front", "platform")
    assert world.configuration("front", "platform") == before
    (chat, _) = world.gateway("front", "platform")["status"]["models"]
    assert chat == {"name": "chat", "ready": True, "targets": [{"name": "default/chat", "routable": 2}]}

    world.objects.remove((kinds.INFERENCE_DEPLOYMENT.title, "default", "code"), {})
    world.world.left_out = frozenset()
    world.world.forget()
    world.gateway_tick("front", "platform")
    assert [one["target"] for one in world.configuration("front", "platform")["targets"]] == ["default/chat"]


def test_a_gateway_that_no_longer_admits_a_namespace_drops_its_members_also_while_it_may_not_be_listed() -> None:
    world = GatewayWorld()
    world.put_gateway(namespace="platform", allowedNamespaces=["default"])
    world.join(gateway={"name": "front", "namespace": "platform"})
    world.settle()
    world.restart()
    world.world.left_out = frozenset({"default"})
    world.put_gateway(namespace="platform")
    world.gateway_tick("front", "platform")
    assert world.configuration("front", "platform")["targets"] == []


def test_what_was_read_is_forgotten_with_its_object_and_when_others_are_read() -> None:
    world = served()
    reader, live = GatewayReader(), world.gateway()
    for number in range(MAX_KEPT + 1):
        reader.of(live | {"metadata": live["metadata"] | {"uid": f"u-{number}"}})
    again = reader.of(live | {"metadata": live["metadata"] | {"uid": "u-0"}})
    assert again.gateway is not None
    reader.forget("u-0")
    world.fronts.forget(world.document()["metadata"]["uid"])
    world.settle()
    assert world.gateway_condition("Ready") == ("True", "Serving")


BUDGETED: Final = {"name": "shop", "budget": {"maxCost": "25", "period": "Day"}, "requestsPerMinute": 60}
USED: Final = {"running": 4, "waiting": 0, "requests": 60, "tokens": 1800, "spent": "12.5000"}
SPENT: Final = {"name": "shop", **USED, "requestsPerMinute": 60, "budget": "25", "budgetPeriod": "Day"}


def spending() -> GatewayWorld:
    """Two routers share the account of a tenant that has spent half of its budget."""
    world = served(tenants=[BUDGETED])
    use = TenantUse(running=2, waiting=0, requests=30, tokens=900, spent=12.5, shared=True)
    world.pod_client.tenants = {"shop": use}
    minutes_later(world)
    assert world.gateway()["status"]["tenants"] == [SPENT]
    return world


def minutes_later(world: GatewayWorld) -> None:
    """Reconcile when use may be written again."""
    world.now += timedelta(minutes=2)
    world.gateway_tick()


def test_a_budget_does_not_look_refilled_while_routers_do_not_answer() -> None:
    world = spending()
    world.pod_client.gateways_silent = True
    minutes_later(world)
    assert world.gateway()["status"]["tenants"] == [SPENT]
    world.restart()
    world.put_gateway(tenants=[BUDGETED | {"requestsPerMinute": 90}, {"name": "new"}])
    minutes_later(world)
    unused = {"running": 0, "waiting": 0, "requests": 0, "tokens": 0}
    assert world.gateway()["status"]["tenants"] == [SPENT | {"requestsPerMinute": 90}, {"name": "new", **unused}]
    world.pod_client.gateways_silent = False
    world.pod_client.tenants = {}
    minutes_later(world)
    assert world.gateway()["status"]["tenants"][0]["spent"] == "0.0000"


def test_a_budget_does_not_shrink_while_one_of_two_routers_does_not_answer() -> None:
    world = spending()
    every, polled = world.pod_client.gateway_report, list[str]()

    async def some(router: Manifest) -> GatewayReport | None:
        polled.append(router["metadata"]["name"])
        return None if len(polled) == 1 else await every(router)

    world.pod_client.gateway_report = some  # type: ignore[method-assign]  # one router does not answer
    minutes_later(world)
    assert len(polled) == 2
    assert world.gateway()["status"]["tenants"] == [SPENT]


@pytest.mark.parametrize(
    ("models", "reason"),
    [
        ([{"name": "m", "strategy": "Weighted", "weighted": [{"deployment": "chat", "weight": 0}]}], "Unreadable"),
        ([{"name": "m", "deployment": "chat"}, RULED], "Refused"),
    ],
)
def test_while_the_spec_is_not_accepted_the_status_has_the_limits_that_routers_enforce(
    models: list[Manifest], reason: str
) -> None:
    world = spending()
    other = BUDGETED | {"budget": {"maxCost": "99", "period": "Month"}, "requestsPerMinute": 600}
    world.put_gateway(tenants=[other], models=models)
    minutes_later(world)
    assert world.gateway_condition("Accepted") == ("False", reason)
    assert world.gateway()["status"]["tenants"] == [SPENT]
    world.put_gateway(tenants=[other])
    minutes_later(world)
    changed = {"requestsPerMinute": 600, "budget": "99", "budgetPeriod": "Month"}
    assert world.gateway()["status"]["tenants"] == [SPENT | changed]
