"""What the status of a deployment with its own router says of its tenants: use, limits and budgets."""

from datetime import timedelta
from typing import Final

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.fleet.endpoints import TenantUse
from tests.controller.pretend import Pretend, deployment

SHOP: Final[Manifest] = {
    "name": "shop",
    "keys": [{"name": "shop", "key": "key"}],
    "budget": {"maxCost": "25", "period": "Day"},
    "requestsPerMinute": 60,
}
USED: Final = {"running": 4, "waiting": 0, "requests": 60, "tokens": 1800, "spent": "12.5000"}
SPENT: Final = {"name": "shop", **USED, "requestsPerMinute": 60, "budget": "25", "budgetPeriod": "Day"}
HALF: Final = TenantUse(running=2, requests=30, tokens=900, spent=12.5, shared=True)


def spending() -> Pretend:
    """Two routers share the counter of a tenant that has spent half of its budget."""
    world = Pretend()
    world.objects.put(kinds.SECRET, {"metadata": {"name": "shop", "namespace": "default"}, "data": {"key": ""}})
    world.apply(deployment(router={"tenants": [SHOP]}))
    world.settle()
    world.pod_client.tenants = {"shop": HALF}
    minutes_later(world)
    assert world.document()["status"]["tenants"] == [SPENT]
    return world


def minutes_later(world: Pretend) -> None:
    """Reconcile when use may be written again."""
    world.now += timedelta(minutes=2)
    world.reconcile_now()


def test_use_is_written_once_a_minute_and_a_limit_at_once() -> None:
    world = spending()
    world.pod_client.tenants = {"shop": TenantUse(spent=20.0, shared=True)}
    world.reconcile_now()
    assert world.document()["status"]["tenants"] == [SPENT]
    world.apply(deployment(router={"tenants": [SHOP | {"budget": {"maxCost": "50", "period": "Day"}}]}))
    world.reconcile_now()
    (shop,) = world.document()["status"]["tenants"]
    assert (shop["spent"], shop["budget"], shop["running"]) == ("20.0000", "50", 0)


def test_a_budget_does_not_look_refilled_while_routers_do_not_answer() -> None:
    world = spending()
    world.pod_client.own_mute = True
    minutes_later(world)
    assert world.document()["status"]["tenants"] == [SPENT]


def test_limits_of_a_refused_spec_are_not_shown_since_routers_keep_the_previous_ones() -> None:
    world = spending()
    world.apply(deployment(context=10_000_000, router={"tenants": [SHOP | {"requestsPerMinute": 1}]}))
    minutes_later(world)
    assert world.condition("Accepted")[0] == "False" or world.condition("Fits")[0] == "False"
    assert world.document()["status"]["tenants"] == [SPENT]


def test_without_tenants_or_an_own_router_there_is_nothing_of_them() -> None:
    world = spending()
    world.apply(deployment())
    minutes_later(world)
    assert "tenants" not in world.document()["status"]
    world = spending()
    world.apply(deployment(gateway={"name": "front"}))
    minutes_later(world)
    assert "tenants" not in world.document()["status"]


def test_what_was_written_is_forgotten_with_the_deployment() -> None:
    world = spending()
    world.pod_client.tenants = {"shop": TenantUse(spent=20.0, shared=True)}
    world.operator.forget(world.document()["metadata"]["uid"])
    world.reconcile_now()
    assert world.document()["status"]["tenants"][0]["spent"] == "20.0000"
