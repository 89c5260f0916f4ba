"""A gateway gets its routers, configures them for the deployments that joined, and reports the state of all."""

from datetime import timedelta
from typing import Any

import pytest

from fairlead.cluster import kinds
from fairlead.fleet.endpoints import TenantUse
from tests.controller.gateways.gateway_world import GatewayWorld, served

ALIAS = {"name": "talk", "deployment": "chat"}
OUTSIDE = {"shadow": {"deployment": "external/big", "share": "0.1"}}
"""A copy to an external API, which is refused."""


def routes(world: GatewayWorld) -> dict[str, str]:
    """The target of each model."""
    return {one["name"]: one["target"] for one in world.configuration()["routes"]}


def test_a_gateway_and_a_deployment_of_it_serve_under_the_gateways_address() -> None:
    world = served(models=[ALIAS])
    assert world.children("front") == {
        *("serviceaccounts/front-gateway", "roles/front-gateway", "rolebindings/front-gateway"),
        *("networkpolicies/front-gateway", "poddisruptionbudgets/front-gateway"),
        *("configmaps/front-gateway", "services/front-gateway", "deployments/front-gateway"),
    }
    assert not any("chat-router" in one for one in world.children("chat"))
    status = world.gateway()["status"]
    assert status | {"conditions": []} == {
        "replicas": 2,
        "readyReplicas": 2,
        "selector": "fairlead.dev/gateway=front,fairlead.dev/role=router",
        "deployments": 1,
        "endpoint": "http://front-gateway.default.svc/v1",
        "models": [{"name": "talk", "ready": True, "targets": [{"name": "default/chat", "ready": 2, "routable": 2}]}],
        "observedGeneration": 1,
        "conditions": [],
    }
    assert world.gateway_condition("Ready") == ("True", "Serving")
    assert world.gateway_message("Ready") == "1 of 1 model can serve requests"
    assert world.document()["status"]["endpoint"] == status["endpoint"]
    assert world.condition("Ready") == ("True", "Serving")
    assert world.message("Routable") == "2 of 2 ready replicas get requests"


def test_nothing_is_written_in_steady_state_even_by_an_operator_that_just_restarted() -> None:
    world = served(models=[ALIAS], tenants=[{"name": "shop", "requestsPerMinute": 60}])
    before = world.objects.version
    for _ in range(3):
        world.now += timedelta(seconds=90)
        world.restart()
        world.reconcile_now()
    assert world.objects.version == before


def test_a_deployment_in_no_route_is_served_under_its_own_name() -> None:
    assert routes(served()) == {"chat": "default/chat"}


def test_a_deployment_in_a_route_is_served_by_that_name_alone_and_its_adapters_by_theirs() -> None:
    world = GatewayWorld()
    world.put_gateway(models=[ALIAS])
    adapters = [{"name": name, "source": f"hf://somebody/{name}"} for name in ("tone", "talk")]
    world.join(engine={"kind": "Simulated", "context": {"maxTokens": 8192}, "adapters": adapters})
    world.settle()
    assert routes(world) == {"talk": "default/chat", "tone": "default/chat"}


def test_a_route_that_leads_nowhere_is_reported_with_what_is_missing() -> None:
    world = GatewayWorld()
    strays = [{"name": name, "deployment": name} for name in ("nobody", "alone")]
    world.put_gateway(models=[ALIAS, *strays])
    world.join()
    world.join("alone", gateway=None)
    world.settle()
    message = world.gateway_message("Accepted")
    assert (
        "spec.models[1].deployment: default/nobody: there is no such InferenceDeployment; create it, or correct the "
        "name"
    ) in message
    assert (
        "spec.models[2].deployment: default/alone: this deployment has not joined the gateway; set its spec.gateway "
        "to name front, namespace default"
    ) in message
    models = {one["name"]: one for one in world.gateway()["status"]["models"]}
    assert models["nobody"]["message"].startswith("default/nobody has not joined this gateway")
    assert world.gateway_condition("Routable") == ("True", "Routable")
    assert world.gateway_message("Routable").startswith(
        "1 of 3 models can serve requests; alone: default/alone has not"
    )


def test_many_such_warnings_are_counted_and_not_all_listed() -> None:
    world = GatewayWorld()
    world.put_gateway(models=[{"name": f"m{number}", "deployment": f"d{number}"} for number in range(12)])
    world.settle()
    assert world.gateway_message("Accepted").endswith(" | and 4 more")


def test_a_gateway_without_a_model_runs_and_says_how_to_get_one() -> None:
    world = GatewayWorld()
    world.put_gateway()
    world.settle()
    assert world.gateway_condition("Ready") == ("True", "NoModels")
    assert world.gateway_condition("Routable") == ("False", "NoModels")
    assert "name this gateway in spec.gateway of a deployment" in world.gateway_message("Routable")


def test_without_a_router_the_gateway_is_not_ready_and_says_why() -> None:
    world = GatewayWorld()
    world.put_gateway(replicas=0)
    world.settle()
    assert world.gateway_condition("Ready") == ("False", "RoutersNotReady")
    assert world.gateway_message("Routable") == "0 of 0 routers are ready"


def test_routers_that_report_nothing_leave_it_open_whether_they_serve() -> None:
    world = served()
    world.pod_client.gateways_silent = True
    world.reconcile_now()
    assert world.gateway_condition("Ready") == ("Unknown", "RoutersSilent")
    assert world.gateway_message("Ready").startswith("2 routers are ready but do not report targets")


def test_a_model_without_replicas_is_reported_and_another_api_may_answer_for_it() -> None:
    big = {"name": "big", "url": "https://api.example.com/v1", "model": "b-1"}
    helped = {"name": "helped", "deployment": "chat", "fallback": {"deployments": ["external/big"]}}
    late = {"deployments": ["external/big"], "reasons": ["Timeout"]}
    world = served(models=[ALIAS, helped, ALIAS | {"name": "late", "fallback": late}], external=[big])
    world.join(replicas=0)
    world.settle()
    models = {one["name"]: one for one in world.gateway()["status"]["models"]}
    assert [name for name, one in models.items() if one["ready"]] == ["helped"]
    assert models["helped"]["targets"] == [
        {"name": "default/chat", "ready": 0, "routable": 0},
        {"name": "external/big"},
    ]
    assert models["talk"]["message"] == "no replica of default/chat gets requests; kubectl describe infd shows why"
    assert world.gateway_condition("Routable") == ("True", "Routable")
    world.put_gateway(models=[ALIAS])
    world.settle()
    assert world.gateway_condition("Routable") == ("False", "NoneReady")
    assert world.condition("Routable") == ("True", "ScaledToZero")
    assert "requests wait for hold.maxTime of the gateway, then get 503" in world.message("Routable")


def test_a_team_may_begin_with_an_api_alone_and_a_weight_of_0_for_it_answers_no_request() -> None:
    big = {"name": "big", "url": "https://api.example.com/v1", "model": "b-1"}
    world = GatewayWorld()
    world.put_gateway(models=[{"name": "talk", "deployment": "external/big"}], external=[big])
    world.settle()
    assert routes(world) == {"talk": "external/big"}
    status = world.gateway()["status"]
    assert status["models"] == [{"name": "talk", "ready": True, "targets": [{"name": "external/big"}]}]
    assert (status["deployments"], world.gateway_message("Routable")) == (0, "1 of 1 model can serve requests")
    assert world.gateway_condition("Ready") == ("True", "Serving")

    parts = [{"deployment": "chat", "weight": 1}, {"deployment": "external/big", "weight": 1}]
    world.put_gateway(models=[{"name": "talk", "strategy": "Weighted", "weighted": parts}], external=[big])
    world.join(replicas=0)
    world.settle()
    (model,) = world.gateway()["status"]["models"]
    assert (model["ready"], {one["name"] for one in model["targets"]}) == (True, {"default/chat", "external/big"})

    parts[1] |= {"weight": 0}
    world.put_gateway(models=[{"name": "talk", "strategy": "Weighted", "weighted": parts}], external=[big])
    world.settle()
    (model,) = world.gateway()["status"]["models"]
    assert model["message"] == "no replica of default/chat gets requests; kubectl describe infd shows why"


def test_what_tenants_use_is_added_over_routers_and_written_once_a_minute() -> None:
    world = served(tenants=[{"name": "shop", "maxConcurrency": 8}, {"name": "rest", "tokensPerMinute": 9}])
    quiet = {"running": 0, "waiting": 0, "requests": 0, "tokens": 0}
    assert world.gateway()["status"]["tenants"] == [
        {"name": "shop", **quiet, "maxConcurrency": 8},
        {"name": "rest", **quiet, "tokensPerMinute": 9},
    ]
    world.pod_client.tenants = {"shop": TenantUse(running=1, waiting=2, requests=3, tokens=4)}
    world.gateway_tick()
    world.now += timedelta(seconds=61)
    world.gateway_tick()
    used = {"running": 2, "waiting": 4, "requests": 6, "tokens": 8}
    assert world.gateway()["status"]["tenants"][0] == {"name": "shop", **used, "maxConcurrency": 8}
    world.pod_client.tenants = {}
    world.now += timedelta(seconds=30)
    before = world.objects.version
    world.gateway_tick()
    assert world.objects.version == before
    world.put_gateway(tenants=[{"name": "shop", "maxConcurrency": 9}])
    world.gateway_tick()
    assert world.gateway()["status"]["tenants"] == [{"name": "shop", **quiet, "maxConcurrency": 9}]


def test_what_tenants_spent_is_written_beside_their_budget_once_a_minute_and_not_added_where_routers_share_it() -> None:
    budget = {"maxCost": "25", "period": "Day"}
    world = served(tenants=[{"name": "shop", "budget": budget}, {"name": "rest", "budget": {"maxCost": "0.5"}}])
    world.pod_client.tenants = {"shop": TenantUse(spent=1.25), "rest": TenantUse(spent=0.4, shared=True)}
    world.now += timedelta(seconds=61)
    world.gateway_tick()
    money = [
        {name: one[name] for name in ("spent", "budget", "budgetPeriod")}
        for one in world.gateway()["status"]["tenants"]
    ]
    assert money == [
        {"spent": "2.5000", "budget": "25", "budgetPeriod": "Day"},
        {"spent": "0.4000", "budget": "0.5", "budgetPeriod": "Month"},
    ]
    world.pod_client.tenants = {}
    world.now += timedelta(seconds=30)
    before = world.objects.version
    world.gateway_tick()
    assert world.objects.version == before


def test_a_change_of_routes_or_tenants_changes_the_configuration_and_no_router() -> None:
    world = served(models=[ALIAS])
    routers = list(world.objects.listed("pods", "default", "fairlead.dev/gateway=front"))
    world.put_gateway(models=[ALIAS, ALIAS | {"name": "chat"}], tenants=[{"name": "shop", "models": ["talk"]}])
    world.settle()
    assert routes(world) == {"talk": "default/chat", "chat": "default/chat"}
    assert [one["name"] for one in world.configuration()["routing"]["tenants"]] == ["shop"]
    after = world.objects.listed("pods", "default", "fairlead.dev/gateway=front")
    assert [one["metadata"]["uid"] for one in after] == [one["metadata"]["uid"] for one in routers]


def test_routers_are_as_many_as_the_object_says() -> None:
    world = served(replicas=3)
    assert world.gateway()["status"]["readyReplicas"] == 3
    world.put_gateway(replicas=1)
    world.settle()
    assert world.gateway()["status"]["readyReplicas"] == 1
    assert world.configuration()["routers"] == 1


@pytest.mark.parametrize(
    ("spec", "reason", "words"),
    [
        ({"models": 7}, "Unreadable", "spec.models"),
        (None, "Unreadable", "spec"),
        ({"models": [ALIAS | OUTSIDE]}, "Refused", "name a deployment here"),
    ],
    ids=["unreadable", "nothing", "refused"],
)
def test_a_spec_that_cannot_be_brought_about_changes_nothing_that_serves(
    spec: dict[str, Any] | None, reason: str, words: str
) -> None:
    world = served(models=[ALIAS])
    before = world.configuration()
    live = world.gateway()
    world.objects.put(kinds.INFERENCE_GATEWAY, live | {"spec": spec} if spec is not None else live | {"spec": 7})
    world.settle()
    assert world.gateway_condition("Accepted") == ("False", reason)
    assert world.gateway_condition("Stalled") == ("True", reason)
    assert words in world.gateway_message("Accepted")
    assert world.gateway_message("Ready").endswith("; 2 routers serve as before")
    assert world.configuration() == before
    assert world.gateway_condition("Routable") == ("True", "Routable")
    assert [one["ready"] for one in world.gateway()["status"]["models"]] == [True]
    world.pod_client.gateways_silent = True
    world.gateway_tick()
    assert world.gateway_condition("Routable") == ("Unknown", "RoutersSilent")


def test_a_gateway_that_is_refused_from_the_start_gets_no_child() -> None:
    world = GatewayWorld()
    world.put_gateway(models=[ALIAS | OUTSIDE])
    world.settle()
    assert world.children("front") == set()
    assert world.gateway_condition("Ready") == ("False", "Refused")
    assert world.gateway_condition("Routable") == ("False", "RoutersNotReady")


def test_a_deployment_that_is_refused_later_stays_as_its_routers_know_it() -> None:
    world = served()
    (target,) = world.configuration()["targets"]
    world.join(rollout={"strategy": "Canary", "canary": {"steps": [{"gates": ["Quality"]}]}})
    world.restart()
    world.settle()
    assert world.condition("Accepted") == ("False", "Refused")
    assert world.configuration()["targets"] == [target]
    assert world.condition("Routable") == ("True", "Routable")


def test_a_change_of_an_engine_reaches_the_routers_of_its_gateway() -> None:
    world = served()
    (before,) = world.configuration()["targets"]
    world.join(engine={"kind": "Simulated", "context": {"maxTokens": 4096}})
    world.settle()
    (after,) = world.configuration()["targets"]
    assert (before["maxContextTokens"], after["maxContextTokens"]) == (8192, 4096)
    assert before["revision"] != after["revision"]
