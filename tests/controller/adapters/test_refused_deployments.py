"""Adapters of a deployment whose spec is refused: a rejected version loses its users, and nothing else moves."""

from typing import Final

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from tests.comparing.requests_of_users import Traffic
from tests.controller.adapters.adapter_world import FIRST, SECOND, SLOTS, AdapterWorld, version
from tests.controller.adapters.test_adapter_canaries import NEW, OLD, VersionWorld, edition
from tests.controller.gateways.test_gateways_kept import RULED
from tests.controller.pretend import deployment

IMPOSSIBLE: Final[Manifest] = {"parallelism": {"tensor": 3}}
"""Three GPUs cannot share the model's attention heads."""
THIRD: Final = f"sha256:{'c' * 64}"


def edit(world: AdapterWorld, **spec: object) -> None:
    """Edit the deployment; a field that is None is removed."""
    live = world.document()
    wanted = {name: value for name, value in (live["spec"] | spec).items() if value is not None}
    world.objects.put(kinds.INFERENCE_DEPLOYMENT, live | {"spec": wanted})


def on_trial_and_refused() -> VersionWorld:
    """The new version has a tenth of the conversations when the deployment gets a spec that cannot work."""
    world = VersionWorld().begun()
    assert world.shares == {OLD: 90, NEW: 10}
    edit(world, **IMPOSSIBLE)
    world.turn(2)
    assert world.condition("Accepted") == ("False", "Refused")
    return world


def message(world: AdapterWorld, kind: str) -> str:
    return str(next(one for one in world.status()["conditions"] if one["type"] == kind)["message"])


@pytest.mark.parametrize("order", [None, "pause", "promote"])
def test_a_slower_version_loses_its_users_although_the_spec_of_its_deployment_is_refused(order: str | None) -> None:
    world = on_trial_and_refused()
    if order is not None:
        world.order(order)
        world.turn(2)
    before = world.router_file()
    world.report(Traffic(minutes=30, slower=(1.6, 1.0)).samples())
    world.turn(2)
    assert world.canary["phase"] == "Rejected"
    assert world.shares == {OLD: 100, NEW: 0}
    assert {key for key, value in world.router_file().items() if value != before[key]} == {"adapterVersions"}


def test_a_person_aborts_a_trial_although_the_spec_of_its_deployment_is_refused() -> None:
    world = on_trial_and_refused()
    world.order("abort")
    world.turn(2)
    assert world.shares == {OLD: 100, NEW: 0}
    world.restart()
    world.turn(3)
    assert world.shares == {OLD: 100, NEW: 0}


def test_a_trial_takes_no_step_before_the_spec_of_its_deployment_is_accepted_and_says_so() -> None:
    world = on_trial_and_refused()
    world.report(Traffic(minutes=30).samples())
    world.turn(5, seconds=61)
    assert (world.canary["phase"], world.shares) == ("Stepping", {OLD: 90, NEW: 10})
    assert world.reason("Progressing") == ("Unknown", "CanaryHeld")
    assert message(world, "Progressing") == (
        f"{NEW} against {OLD}: the spec of InferenceDeployment chat is not accepted: replicas get no new list, and a "
        "version on trial takes no step; correct what its condition Accepted says"
    )
    edit(world, parallelism=None)
    world.turn(6, seconds=61)
    assert world.shares == {OLD: 0, NEW: 100}
    assert world.reason("Progressing") == ("True", "Complete")


def test_a_trial_takes_no_step_while_its_deployment_names_a_claim_that_is_missing() -> None:
    world = VersionWorld().begun()
    edit(world, engine=SLOTS["engine"] | {"lora": {"slots": 4, "claimName": "gone"}})
    world.turn(2)
    assert world.condition("Accepted") == ("False", "NotFound")
    world.report(Traffic(minutes=30).samples())
    world.turn(5, seconds=61)
    assert (world.canary["phase"], world.reason("Progressing")) == ("Stepping", ("Unknown", "CanaryHeld"))


def test_a_version_that_is_added_meanwhile_goes_on_trial_later_wherever_it_is_listed() -> None:
    world = AdapterWorld()
    canary = {"steps": [{"traffic": 10, "hold": "1m"}]}
    world.put_adapter("sql", edition(FIRST), canary=canary)
    world.settle()
    world.load()
    world.reconcile_adapter()
    world.settle()
    edit(world, **IMPOSSIBLE)
    world.settle()
    world.put_adapter("sql", edition(SECOND), edition(FIRST), canary=canary)
    for _ in range(4):
        world.reconcile_adapter()
        world.settle()
    assert world.router_file()["adapterVersions"][0]["versions"] == [{"name": OLD, "percent": 100}]
    assert "the spec of InferenceDeployment chat is not accepted: replicas get no new list" in world.words()
    edit(world, parallelism=None)
    for _ in range(3):
        world.settle()
        world.load()
        world.reconcile_adapter()
    assert world.router_file()["adapterVersions"][0]["versions"] == [
        {"name": NEW, "percent": 10},
        {"name": OLD, "percent": 90},
    ]


@pytest.mark.parametrize(
    ("versions", "shares"),
    [
        ((version(FIRST, 100), version(SECOND, 0)), {OLD: 100, NEW: 0}),
        ((version(FIRST, 100),), {OLD: 100}),
        ((version(FIRST, 40), version(THIRD, 60)), {OLD: 95, NEW: 5}),
    ],
)
def test_users_change_only_between_versions_that_replicas_have(
    versions: tuple[Manifest, ...], shares: dict[str, int]
) -> None:
    world = AdapterWorld()
    world.put_adapter("sql", version(FIRST, 95), version(SECOND, 5))
    world.put_adapter("law")
    world.settle()
    edit(world, **IMPOSSIBLE)
    world.settle()
    listed = world.listed
    world.put_adapter("sql", *versions)
    world.put_adapter("new")
    world.remove_adapter("law")
    world.settle()
    law, sql = world.router_file()["adapterVersions"]
    assert {one["name"]: one["percent"] for one in sql["versions"]} == shares
    assert (law["name"], world.listed) == ("law", listed)


def test_a_rejected_version_loses_its_users_behind_a_gateway_too() -> None:
    world = VersionWorld()
    world.put_gateway()
    world.apply(deployment(gateway={"name": "front"}, **SLOTS))
    world.settle()
    world.begun()

    def shares() -> dict[str, int]:
        (target,) = world.router_file("front-gateway")["targets"]
        return {one["name"]: one["percent"] for one in target["adapterVersions"][0]["versions"]}

    assert shares() == {OLD: 90, NEW: 10}
    edit(world, **IMPOSSIBLE)
    world.turn(2)
    world.order("abort")
    world.turn(2)
    assert shares() == {OLD: 100, NEW: 0}


def test_a_gateway_that_is_reconciled_before_its_deployment_waits_for_what_that_says() -> None:
    world = VersionWorld()
    world.put_gateway()
    world.put_adapter("sql", version(FIRST, 100))
    world.apply(deployment(gateway={"name": "front"}, **SLOTS))
    world.settle()
    before, listed = world.router_file("front-gateway"), world.listed
    edit(world, engine=SLOTS["engine"] | {"lora": {"slots": 4, "claimName": "gone"}})
    world.put_adapter("sql", version(SECOND, 100))
    world.gateway_tick()
    world.settle()
    assert world.condition("Accepted") == ("False", "NotFound")
    assert (world.router_file("front-gateway"), world.listed) == (before, listed)


@pytest.mark.parametrize("gateway_too", [False, True])
def test_behind_a_gateway_users_do_not_move_to_a_version_that_engines_do_not_get(*, gateway_too: bool) -> None:
    """Only the deployment's own reconcile looks a claim up; to the gateway its spec looked as if it could work."""
    world = VersionWorld()
    world.put_gateway()
    world.put_adapter("sql", version(FIRST, 100))
    world.apply(deployment(gateway={"name": "front"}, **SLOTS))
    world.settle()
    edit(world, engine=SLOTS["engine"] | {"lora": {"slots": 4, "claimName": "gone"}})
    world.settle()
    assert world.condition("Accepted") == ("False", "NotFound")
    if gateway_too:
        world.put_gateway(models=[RULED])
        world.settle()
    before, listed = world.router_file("front-gateway"), world.listed
    world.put_adapter("sql", version(SECOND, 100))
    world.put_adapter("new")
    world.settle()
    assert (world.router_file("front-gateway"), world.listed) == (before, listed)
    edit(world, **SLOTS)
    world.put_gateway()
    world.settle()
    (target,) = world.router_file("front-gateway")["targets"]
    assert {one["name"]: one["versions"] for one in target["adapterVersions"]} == {
        "new": [{"name": "new@aaaaaaaa", "percent": 100}],
        "sql": [{"name": NEW, "percent": 100}],
    }
