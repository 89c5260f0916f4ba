"""What the autoscaler cannot rely on or cannot have: it ends in a sane state each time, and says why."""

from typing import Any, Final

import pytest

from tests.node.operator_stage import OF, ROLE
from tests.node.serving.claims import Record, unharmed
from tests.node.serving.scaling.fleets import LEARNS, NAME, ROUTER, TIMEOUT_S, Fleet
from tests.node.serving.scaling.trails import Trail
from tests.node.stories import Stage
from tests.node.streams import Traffic
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("operated")

STANDS_STILL: Final = "has requests, but none of its counters moves"
CROWD: Final = 28
"""Enough for the maximum number of replicas."""
FEW: Final = 10
ENOUGH: Final = 5
"""Replicas for these few: the first serves four of them and six wait; two waiting for each are fine, and so is headroom
above that. Clients that repeat late requests lead to six, the maximum."""
SLOW_START_S: Final = 20
APART: Final[dict[str, Any]] = {
    "affinity": {
        "podAntiAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": [
                {"labelSelector": {"matchLabels": {OF: NAME, ROLE: "engine"}}, "topologyKey": "kubernetes.io/hostname"}
            ]
        }
    }
}
"""One replica a node; there are two nodes of the product, and their GPUs alone have room for more."""

LONG_MEMORY: Final = {"coldStart": {"assume": "60s", "learn": False}}
"""What found no node is retried one cold start later, then after two: with the shortest, a test would see many."""


def test_cold_starts_that_take_longer_than_learned_are_waited_for(stage: Stage, record_property: Record) -> None:
    """The first start taught how long it takes; the others take twenty seconds, and no more are added for that.

    Once a slow one serves, the same clients send faster; the effect of that is not tested here.
    """
    chat = Fleet(stage, most=6, policy=LEARNS).apply()
    chat.comes_to(1)
    chat.starts_in(SLOW_START_S)
    with Trail(stage) as trail, Traffic(chat.address(), clients=FEW) as traffic:
        eventually(lambda: chat.observe().ready > 1, "a slow one serves", TIMEOUT_S)
        slow_ready = chat.observe().ready_since[1]
        explained = chat.explained()
        traffic.goes_on()

    unharmed(traffic.report, record_property)
    while_starting = trail.counts_before(slow_ready)
    assert 1 < max(while_starting) <= ENOUGH, trail.counts
    assert while_starting == sorted(while_starting), trail.counts
    assert "coldStart.seconds" in explained


def test_a_replica_that_cannot_be_scheduled_is_not_requested_again_and_again(
    stage: Stage, record_property: Record
) -> None:
    chat = Fleet(stage, policy=LONG_MEMORY).apply(placement=APART)
    chat.comes_to(1)
    with Trail(stage) as trail, Traffic(chat.address(), clients=CROWD) as traffic:
        chat.comes_to(2)
        explained = chat.explained()
        settled = len(trail.counts)
        traffic.goes_on(40)

    unharmed(traffic.report, record_property)
    scaled_again = [count for count in trail.counts[settled:] if count > 2]
    assert len(scaled_again) <= 1, trail.counts
    assert "NoRoom" in explained


def test_no_replica_is_removed_while_an_engine_or_a_router_reports_no_valid_samples(stage: Stage) -> None:
    """Clients of the killed router notice, of course; the count does not."""
    chat = Fleet(stage).apply(router={"replicas": 2})
    chat.comes_to(1)
    address = chat.address()
    with Trail(stage) as trail:
        with Traffic(address, clients=CROWD):
            (frozen, *_) = eventually(lambda: chat.observe().ready > 2 and chat.observe().engines, "three serve") or {}
            chat.disturb(frozen, "metrics-frozen")
            eventually(lambda: is_doubted(chat, frozen), f"{frozen} is doubted")
        peak = trail.counts[-1]
        eventually(lambda: chat.scaling().get("reason") == "FiguresMissing", "it is held, and says so")
        explained = chat.explained()
        routers_die(stage)
        held = trail.counts[-1]
        chat.disturb(frozen, "")
        chat.comes_to(1)

    assert held == peak, trail.counts
    assert frozen in explained
    assert trail.reversals == 1, trail.counts


def is_doubted(chat: Fleet, pod: str) -> bool:
    """Because its figures stand still; on a busy machine any pod is late once and named for that."""
    return any(pod in line and STANDS_STILL in line for line in chat.explained().splitlines())


def routers_die(stage: Stage) -> None:
    """Kill all at once; wait until as many others are there."""
    before = {pod["metadata"]["name"] for pod in stage.objects("pods", ROUTER)}
    stage.kubectl("delete", "pods", "-l", ROUTER, "--grace-period=0", "--force")
    stage.kubectl("rollout", "status", f"deployment/{NAME}-router", "--timeout=90s")
    after = {pod["metadata"]["name"] for pod in stage.objects("pods", ROUTER)}
    assert before.isdisjoint(after)
