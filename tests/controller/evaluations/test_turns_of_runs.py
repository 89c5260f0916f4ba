"""Many evaluations at once: each has its turn, whatever the engines, judges and programs of others do."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.controller.evaluations import quality_runs
from fairlead.controller.evaluations.quality_runs import QualityQuestion
from fairlead.controller.evaluations.run_reports import MAX_RUNS, MAX_RUNS_OF_NAMESPACE
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.gate_verdicts import Verdict
from tests.cluster.fake_objects import Objects
from tests.controller.evaluations.test_quality_runs import passed, until
from tests.controller.pretend_environment import PretendPodClient
from tests.controller.quality_trials import EVALUATION, KEY, QualityWorld, lines
from tests.controller.recording_runs import of_another

ITEMS = 120


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pauses of seconds."""
    monkeypatch.setattr(quality_runs, "PAUSE_S", 0.001)
    monkeypatch.setattr(quality_runs, "FAILED_S", 0.001)


class OthersEngines(PretendPodClient):
    """The engines of other deployments do as a story says when a run first asks them for their model."""

    def __init__(self, objects: Objects) -> None:
        super().__init__(objects)
        self.first: Callable[[str], Awaitable[str | None]] | None = None
        """From the name of a run's deployment to what its engines reply."""

    async def models(self, pod: Manifest, kind: EngineKind) -> str | None:
        """The page of models."""
        whose = pod["metadata"]["name"].partition("-")[0]
        if self.first is None or whose == "chat":
            return await super().models(pod, kind)
        return await self.first(whose)


def evaluated() -> tuple[QualityWorld, OthersEngines]:
    """A canary whose evaluation begins, beside engines of others."""
    world = QualityWorld(lines(ITEMS))
    world.pod_client = engines = OthersEngines(world.objects)
    world.restart()
    while not world.gate:
        world.steps()
    return world, engines


def write_in(world: QualityWorld, namespace: str) -> None:
    """Write the same evaluation in another namespace."""
    items = world.objects.found((kinds.CONFIG_MAP.title, "default", "questions"))
    head = {"name": "questions", "namespace": namespace}
    world.objects.put(kinds.CONFIG_MAP, {"metadata": head, "data": {KEY: items["data"][KEY]}})
    written = world.objects.found((kinds.EVALUATION.title, "default", EVALUATION.name))
    about = written["metadata"] | {"namespace": namespace}
    world.run(world.sets.read(EVALUATION._replace(namespace=namespace), written | {"metadata": about}))


def test_only_so_many_run_at_a_time() -> None:
    world, engines = evaluated()
    most, now = 0, 0

    async def slow(_: str) -> None:
        nonlocal most, now
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1

    engines.first = slow
    for namespace in ("a", "b", "c"):
        write_in(world, namespace)
    every = [of_another(world.question, f"run{number}", "abc"[number % 3]) for number in range(3 * MAX_RUNS)]
    asyncio.run(until(lambda: all(world.runs.gate_verdict(one).verdict is Verdict.ERROR for one in every), world.runs))
    assert most == MAX_RUNS
    assert world.twice() == []


def test_slow_evaluations_of_one_namespace_leave_others_their_turns() -> None:
    world, engines = evaluated()
    waiting: list[str] = []

    async def endless(whose: str) -> None:
        waiting.append(whose)
        await asyncio.Event().wait()

    engines.first = endless
    write_in(world, "evil")
    last(world, *(of_another(world.question, f"slow{number}", "evil") for number in range(2 * MAX_RUNS)))
    asyncio.run(until(lambda: passed(world), world.runs))
    assert len(waiting) == MAX_RUNS_OF_NAMESPACE


def test_a_run_whose_turn_has_not_come_says_so() -> None:
    world, engines = evaluated()

    async def endless(_: str) -> None:
        await asyncio.Event().wait()

    engines.first = endless
    slow = [of_another(world.question, f"slow{number}") for number in range(MAX_RUNS_OF_NAMESPACE)]
    last(world, *slow)
    asyncio.run(until(lambda: "it waits until" in world.verdict.message, world.runs))
    world.rounds()
    assert "it waits until another evaluation ends" in world.gate["message"]
    for one in slow:
        world.runs.forget(one.uid)
    asyncio.run(until(lambda: passed(world), world.runs))
    world.rounds()
    assert world.gate["verdict"] == "Passed"


@pytest.mark.parametrize("trouble", [False, True], ids=["waits", "raises"])
def test_runs_that_cannot_go_on_let_others_have_their_turn(*, trouble: bool) -> None:
    """A judge or a program that fails for hours is its own canary's matter."""
    world, engines = evaluated()
    tried: Counter[str] = Counter()

    async def stuck(whose: str) -> None:
        tried[whose] += 1
        if trouble:
            raise KeyError("of ours")

    engines.first = stuck
    last(world, *(of_another(world.question, f"stuck{number}") for number in range(MAX_RUNS_OF_NAMESPACE)))
    asyncio.run(until(lambda: passed(world), world.runs))
    assert len(tried) == MAX_RUNS_OF_NAMESPACE
    assert min(tried.values()) > 1, "they are tried again"


def last(world: QualityWorld, *others: QualityQuestion) -> None:
    """Let the canary's run begin after those of others."""
    world.runs.forget(world.question.uid)
    for one in (*others, world.question):
        world.runs.verdict(one)
