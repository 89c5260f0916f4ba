"""Engines going to sleep or waking, whatever happens meanwhile: none is lost, none is switched twice at once."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from fairlead.cluster.kinds import Manifest
from fairlead.controller import snapshot
from fairlead.controller.children import sleep_switch
from fairlead.controller.children.applier import Applier
from fairlead.controller.children.sleep_switch import SleepSwitch
from fairlead.controller.pods.pod_facts import MergedRouterReport
from fairlead.fleet.desired_state import EngineKind
from fairlead.planning.sleep_plan import SleepPlan
from tests.cluster.fake_objects import Objects
from tests.cluster.worlds import run
from tests.controller import points
from tests.controller.pretend import Pretend, deployment
from tests.controller.pretend_environment import PretendPodClient
from tests.controller.warm import BOUNDS, MOST, SLEEPS, counts, fleet, marks, warm


class SlowPodClient(PretendPodClient):
    """Engines sleep and wake only when they may."""

    def __init__(self, objects: Objects) -> None:
        super().__init__(objects)
        self.may = asyncio.Event()
        self.acts: list[str] = []

    async def sleep(self, pod: Manifest, kind: EngineKind) -> bool:
        """Sleep once allowed."""
        self.acts.append("sleep")
        await self.may.wait()
        return await super().sleep(pod, kind)

    async def wake(self, pod: Manifest, kind: EngineKind) -> bool:
        """Wake at once."""
        self.acts.append("wake")
        return await super().wake(pod, kind)


TWISTS = st.sampled_from(["restart", "silent", "heard", "stubborn", "willing", "busy", "idle", "other context"])
COUNTS = st.tuples(st.integers(0, 4), st.integers(0, 3))


@points.DEAR
@given(story=st.lists(st.one_of(TWISTS, COUNTS), max_size=8), last=COUNTS)
def test_only_a_marked_pod_ever_sleeps_and_in_the_end_as_many_sleep_as_requested(
    story: list[str | tuple[int, int]], last: tuple[int, int]
) -> None:
    """A request to one that sleeps and is not marked would hang."""
    world, context = fleet(awake=1, asleep=0), 8192
    for one in story:
        if isinstance(one, tuple):
            warm(world, awake=one[0], asleep=one[1])
        elif one == "restart":
            world.restart()
        elif one == "other context":
            context = 12288 - context
            world.apply(deployment(replicas=None, scaling=BOUNDS, engine=SLEEPS | {"context": {"maxTokens": context}}))
        else:
            twist(world, one)
        for _ in range(2):
            world.rounds()
            assert world.pod_client.asleep & alive(world) <= marks(world).keys()
    for calm in ("heard", "willing", "idle"):
        twist(world, calm)
    warm(world, awake=last[0], asleep=last[1])
    world.settle(most=200)
    awake, asleep = last[0], min(last[1], MOST - last[0])
    assert counts(world) == (awake + asleep, awake, asleep or None)
    assert world.pod_client.asleep & alive(world) == marks(world).keys()


def twist(world: Pretend, word: str) -> None:
    """Change what routers and engines do from now on."""
    match word:
        case "silent" | "heard":
            world.pod_client.silent = word == "silent"
        case "stubborn" | "willing":
            world.pod_client.stubborn = word == "stubborn"
        case _:
            world.pod_client.busy = dict.fromkeys(alive(world), 1) if word == "busy" else {}


def alive(world: Pretend) -> set[str]:
    """Pods that exist and are not terminating."""
    return {pod["metadata"]["name"] for pod in world.engine_pods() if "deletionTimestamp" not in pod["metadata"]}


def test_a_slow_sleep_or_wake_is_awaited_by_later_reconciles_and_never_started_twice() -> None:
    """One of the other kind ends first; a terminating pod takes its act along."""

    world = fleet(awake=1, asleep=0)
    (pod,) = world.engine_pods()
    one = (pod["metadata"]["name"],)
    pods = SlowPodClient(world.objects)

    async def story() -> None:
        switch = SleepSwitch(pods, Applier(world.server, world.world), at_once_s=0.01)

        async def is_done(plan: SleepPlan) -> bool:
            world.world.receive()
            observed = snapshot.observe(world.world, world.key())
            assert observed is not None
            reporting = len(observed.serving_routers)
            dropped = MergedRouterReport(reporting=reporting, routable={one[0]: False}, busy={}, reasons={})
            return not await switch.carry_out(observed, plan, dropped, EngineKind.SIMULATED)

        assert not await is_done(SleepPlan(fall=one))
        assert [await is_done(SleepPlan(stay=one)), await is_done(SleepPlan(stay=one))] == [False, False]
        pods.may.set()
        assert [await is_done(SleepPlan(wake=one)), await is_done(SleepPlan(wake=one))] == [False, True]
        assert (pods.acts, marks(world)) == (["sleep", "wake"], {})
        pods.may.clear()
        assert [await is_done(SleepPlan(fall=one)), await is_done(SleepPlan(stay=one))] == [False, False]
        for _ in range(2):
            switch.forget(pod["metadata"]["uid"])
        assert await is_done(SleepPlan(wake=one))
        assert pods.acts == ["sleep", "wake"] * 2

    run(story())


def test_a_container_without_an_id_gets_a_placeholder() -> None:
    assert sleep_switch.container({"status": {"containerStatuses": [{"name": "engine"}]}}) == "asleep"
