"""While a gateway's spec is refused, canaries behind it go on, and what was rejected loses its users."""

import pytest

from fairlead.cluster import kinds
from fairlead.controller.gateways.members import MemberReader
from fairlead.review.context import ReviewContext
from tests.comparing.requests_of_users import Traffic
from tests.controller.adapters.adapter_world import SLOTS
from tests.controller.adapters.test_adapter_canaries import NEW, OLD, VersionWorld
from tests.controller.gateways.gateway_world import GatewayWorld
from tests.controller.gateways.test_gateway_canaries import SharedTrialWorld
from tests.controller.gateways.test_gateways_kept import RULED
from tests.controller.pretend import CATALOGUE, deployment
from tests.controller.server import Faults


def refuse(world: GatewayWorld) -> None:
    """Edit the gateway so that it cannot work."""
    world.put_gateway(models=[RULED])
    world.rounds()
    assert world.gateway_condition("Accepted") == ("False", "Refused")


def order(world: SharedTrialWorld, verb: str) -> None:
    """Issue a command as a user would; the deployment's spec stays as it is."""
    live = world.document()
    metadata = live["metadata"] | {"annotations": {"fairlead.dev/rollout": f"{verb} {world.now.isoformat()}"}}
    world.objects.put(kinds.INFERENCE_DEPLOYMENT, live | {"metadata": metadata})


def on_trial_and_refused() -> SharedTrialWorld:
    world = SharedTrialWorld()
    world.change()
    world.until_percent(5)
    refuse(world)
    return world


def test_a_revision_that_is_aborted_loses_its_users_and_nothing_else_changes() -> None:
    world = on_trial_and_refused()
    before = world.configuration()
    children = world.children("front")
    order(world, "abort")
    world.until_percent(0)
    (target,) = before["targets"]
    share = target["share"] | {"percent": 0, "step": 0}
    assert world.configuration() == before | {"targets": [target | {"share": share}]}
    world.settle()
    assert world.serving_of(4096) == frozenset()
    assert world.children("front") == children
    writes = len(world.server.writes)
    world.rounds(5)
    assert len(world.server.writes) == writes, "at rest"


def test_a_revision_that_passes_is_promoted_and_all_engines_are_equal_then() -> None:
    world = on_trial_and_refused()
    world.report(Traffic(minutes=30).samples())
    world.rounds(2)
    world.report([])
    world.until_percent(50)
    world.report(Traffic(minutes=30, seed=2).samples())
    world.rounds(1)
    for _ in range(20):
        world.rounds()
    world.settle()
    assert (world.canary["phase"], world.percent) == ("Promoted", None)
    assert len(world.serving_of(4096)) == 3


def adapters_shares(world: VersionWorld) -> dict[str, int]:
    (target,) = world.router_file("front-gateway")["targets"]
    return {one["name"]: one["percent"] for one in target["adapterVersions"][0]["versions"]}


@pytest.mark.parametrize("also_deployment", [False, True])
def test_a_version_of_an_adapter_that_is_aborted_loses_its_users(also_deployment: bool) -> None:
    world = VersionWorld()
    world.put_gateway()
    world.apply(deployment(gateway={"name": "front"}, **SLOTS))
    world.settle()
    world.begun()
    assert adapters_shares(world) == {OLD: 90, NEW: 10}
    refuse(world)
    if also_deployment:
        live = world.document()
        spec = live["spec"] | {"parallelism": {"tensor": 3}}
        world.objects.put(kinds.INFERENCE_DEPLOYMENT, live | {"spec": spec})
        world.turn(2)
    world.order("abort")
    world.turn(2)
    assert adapters_shares(world) == {OLD: 100, NEW: 0}


def test_a_version_that_is_added_meanwhile_is_tried_through_the_gateway_too() -> None:
    world = VersionWorld()
    world.put_gateway()
    world.put_adapter("sql", {"digest": f"sha256:{'a' * 64}", "source": "pvc://adapters/sql"}, canary=world.spec)
    world.apply(deployment(gateway={"name": "front"}, **SLOTS))
    world.settle()
    assert adapters_shares(world) == {OLD: 100}
    refuse(world)
    both = [{"digest": f"sha256:{letter * 64}", "source": "pvc://adapters/sql"} for letter in "ab"]
    world.put_adapter("sql", *both, canary=world.spec)
    world.settle()
    world.begun()
    assert adapters_shares(world) == {OLD: 90, NEW: 10}


@pytest.mark.parametrize("targets", [None, [], ["default/chat"], [{"target": "default/gone"}], [{"target": 1}]])
def test_what_is_not_an_entry_of_a_deployment_stays(targets: object) -> None:
    world = on_trial_and_refused()
    reader = MemberReader(ReviewContext(catalogue=CATALOGUE))
    written = {"targets": targets, "routes": []}
    assert reader.with_shares(world.world, written) == written


def test_a_share_that_may_not_be_written_is_tried_again() -> None:
    world = on_trial_and_refused()
    world.server.faults = Faults(forbidden=frozenset({("patch", kinds.CONFIG_MAP.title)}))
    order(world, "abort")
    world.rounds()
    assert "not permitted to patch configmaps front-gateway" in world.gateway_tick().failed
    assert world.gateway_condition("Accepted") == ("False", "Refused")
    world.server.faults = Faults()
    world.until_percent(0)
