"""The operator is killed before and after each of its writes, and errors answer each of them (P1, P5, P12)."""

from collections.abc import Callable
from typing import Final

import pytest

from fairlead.cluster import kinds
from tests.controller import points
from tests.controller.pretend import Pretend, deployment
from tests.controller.server import Crashed, Faults

Story = Callable[[Pretend], None]
Run = Callable[[Pretend], None]


def first_apply(world: Pretend, settle: Run) -> None:
    """A new deployment."""
    world.apply(deployment())
    settle(world)


def change_of_model(world: Pretend, settle: Run) -> None:
    """A rollout on full GPUs."""
    world.apply(deployment())
    settle(world)
    world.apply(deployment(context=4096))
    settle(world)


def change_of_mind(world: Pretend, settle: Run) -> None:
    """An edit, another one in the middle, another count."""
    world.apply(deployment(replicas=3))
    settle(world)
    world.apply(deployment(replicas=3, context=4096))
    guarded(world, lambda: world.rounds(3))
    world.apply(deployment(replicas=2, context=2048))
    settle(world)


def sleep_and_waking(world: Pretend, settle: Run) -> None:
    """One more is started and put to sleep, and woken when needed."""
    bounds = {"minReplicas": 0, "maxReplicas": 3, "policy": {"name": "warm"}}
    engine = {"kind": "Simulated", "context": {"maxTokens": 8192}, "sleep": {"enabled": True}}
    world.apply(deployment(replicas=None, scaling=bounds, engine=engine))
    for awake in (1, 2):
        live = world.document()
        document = {"scaling": {"recommended": awake, "asleep": 1}}
        world.objects.put(kinds.INFERENCE_DEPLOYMENT, live | {"status": (live.get("status") or {}) | document})
        settle(world)
    assert len(world.pod_client.asleep) == 1


def images_in_advance(world: Pretend, settle: Run) -> None:
    """They are pulled in advance, then others, then none."""
    for image, pulled in (("engine:1", True), ("engine:2", True), ("engine:2", False)):
        engine = {"kind": "Simulated", "image": image, "context": {"maxTokens": 8192}}
        world.apply(deployment(engine=engine, prePull=pulled))
        settle(world)
        assert bool(world.kube.of(kinds.DAEMON_SET)) is pulled


STORIES: Final[tuple[Callable[[Pretend, Run], None], ...]] = (
    first_apply,
    change_of_model,
    change_of_mind,
    sleep_and_waking,
    images_in_advance,
)
IDS: Final = tuple(one.__name__ for one in STORIES)


def clean(world: Pretend) -> None:
    """Settle without faults."""
    world.settle()


def guarded(world: Pretend, act: Callable[[], None]) -> None:
    """Run; the operator is killed when the script says so, and restarted."""
    try:
        act()
    except Crashed:
        world.server.faults = Faults()
        world.restart()
        act()


def crashing(world: Pretend) -> None:
    """Kill it once on the way."""
    guarded(world, world.settle)


@pytest.fixture(scope="module", params=STORIES, ids=IDS)
def undisturbed(request: pytest.FixtureRequest) -> tuple[Callable[[Pretend, Run], None], Pretend]:
    """A scenario, and the world after it ran without faults."""
    world = Pretend(gpus=3)
    request.param(world, clean)
    return request.param, world


def test_a_crash_before_or_after_any_write_heals(undisturbed: tuple[Callable[[Pretend, Run], None], Pretend]) -> None:
    """P1, P5: the same end, and as many creates and deletes as without the crash."""
    story, clean_world = undisturbed
    for number in points.of(len(clean_world.server.writes), few=2):
        for faults in (Faults(before=number), Faults(after=number)):
            world = Pretend(gpus=3)
            world.server.faults = faults
            story(world, crashing)
            assert world.fingerprint() == clean_world.fingerprint(), faults
            assert (+world.server.made, +world.server.removed) == (
                +clean_world.server.made,
                +clean_world.server.removed,
            ), faults


@pytest.mark.parametrize("code", [409, 422, 429, 500, 503])
def test_an_error_at_any_write_heals(undisturbed: tuple[Callable[[Pretend, Run], None], Pretend], code: int) -> None:
    """P12: whatever the server answers once, the end is the same."""
    story, clean_world = undisturbed
    for number in points.of(len(clean_world.server.writes), few=1):
        world = Pretend(gpus=3)
        world.server.faults = Faults(answers={number: code})
        story(world, clean)
        assert world.fingerprint() == clean_world.fingerprint(), (number, code)


def test_a_write_whose_answer_is_lost_heals(undisturbed: tuple[Callable[[Pretend, Run], None], Pretend]) -> None:
    """P12: carried out, and the operator does not know it."""
    story, clean_world = undisturbed
    for number in points.of(len(clean_world.server.writes), few=2):
        world = Pretend(gpus=3)
        world.server.faults = Faults(lost=frozenset({number}))
        story(world, clean)
        assert world.fingerprint() == clean_world.fingerprint(), number
        assert +world.server.made == +clean_world.server.made
