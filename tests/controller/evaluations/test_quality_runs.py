"""Runs beside the reconcile: limited in number, resumed after an error, and ended with their canary."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import count

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.controller.evaluations import quality_runs, run_reports
from fairlead.controller.evaluations.quality_run import QualityRun
from fairlead.controller.evaluations.quality_runs import QualityRuns
from fairlead.controller.evaluations.run_reports import MAX_RUNS, MAX_RUNS_OF_NAMESPACE
from fairlead.controller.evaluations.runner_run import RunnerRun
from fairlead.fleet.gate_verdicts import GateReason, Verdict
from tests.controller.evaluations.test_runners import Programs
from tests.controller.quality_trials import CONCURRENCY, QualityWorld, lines
from tests.controller.server import Faults


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pauses of seconds."""
    monkeypatch.setattr(quality_runs, "PAUSE_S", 0.001)
    monkeypatch.setattr(quality_runs, "FAILED_S", 0.001)


def evaluated() -> tuple[QualityWorld, QualityRuns]:
    """A canary whose evaluation begins."""
    world = QualityWorld(lines(120))
    while not world.gate:
        world.steps()
    return world, world.runs


async def until(holds: Callable[[], bool], runs: QualityRuns) -> None:
    """Wait while runs are reconciled."""
    task = asyncio.create_task(runs.follow())
    try:
        async with asyncio.timeout(20):
            while not holds():
                await asyncio.sleep(0.001)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def run_of(world: QualityWorld) -> QualityRun:
    """The canary's run."""
    run = world.runs._runs[world.document()["metadata"]["uid"]][1]
    assert isinstance(run, QualityRun)
    return run


def test_a_run_is_carried_on_in_the_background_to_its_end() -> None:
    world, runs = evaluated()
    run = run_of(world)
    asyncio.run(until(lambda: run.ended, runs))
    assert run.verdict is not None
    assert run.verdict.verdict == "Passed"
    assert world.twice() == []


def test_an_api_error_or_an_internal_error_is_retried(caplog: pytest.LogCaptureFixture) -> None:
    world, runs = evaluated()
    run, (new,) = run_of(world), world.pod_client.answers
    world.server.faults = Faults(answers={len(world.server.writes): 503})
    usual, troubles = world.pod_client.answers[new], ["of ours"]

    def answer(question: str) -> str:
        if troubles:
            raise KeyError(troubles.pop())
        return usual(question)

    world.pod_client.answers[new] = answer
    asyncio.run(until(lambda: run.ended, runs))
    assert "an evaluation waits: " in caplog.text
    assert "an internal error of Fairlead in an evaluation" in caplog.text
    assert len(world.twice()) <= CONCURRENCY, "what was in flight when we failed"


def test_answers_that_the_api_server_refuses_to_keep_are_shown_at_the_gate() -> None:
    world = QualityWorld(lines(120))
    while not world.gate:
        world.steps()
    refusal = "exceeded quota: objects: used: count/configmaps=10"
    world.server.faults = Faults(refused={kinds.CONFIG_MAP.title: refusal})
    run = run_of(world)
    world.run(world.runs.advance(world.document()["metadata"]["uid"]))
    assert run.verdict is not None
    assert (run.verdict.verdict, run.verdict.reason) == (Verdict.ERROR, GateReason.UNREACHABLE)
    assert run.verdict.message.startswith("the API server refused to patch configmaps chat-")
    assert run.verdict.message.endswith(f"{refusal}; Fairlead tries again")
    world.server.faults = Faults()
    assert world.until("Passed")["compared"] == 120


def test_a_run_ends_with_its_canary() -> None:
    world, runs = evaluated()
    runs.forget(world.document()["metadata"]["uid"])
    sent = world.pod_client.sent.total()

    async def story() -> None:
        task = asyncio.create_task(runs.follow())
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(story())
    assert world.pod_client.sent.total() == sent
    assert asyncio.run(runs.advance("nobody")) is False


def test_what_is_in_flight_when_a_run_is_replaced_is_kept_nowhere() -> None:
    world, runs = evaluated()
    run, writes = run_of(world), len(world.server.writes)
    uid = world.document()["metadata"]["uid"]

    async def story() -> None:
        answers = asyncio.create_task(run.advance())
        while not world.pod_client.sent.total():
            await asyncio.sleep(0)
        runs.forget(uid)
        assert await answers is False

    world.pod_client.sent.clear()
    asyncio.run(story())
    assert len(world.server.writes) == writes


def test_only_so_many_run_at_a_time() -> None:
    world, runs = evaluated()
    identity, run = runs._runs.popitem()[1]
    most, now = 0, 0

    class Slow(QualityRun):
        """Counts how many run."""

        async def advance(self) -> bool:
            nonlocal most, now
            now += 1
            most = max(most, now)
            await asyncio.sleep(0.01)
            now -= 1
            self.ended = True
            return True

    fields = {name: getattr(run, name) for name in ("items", "margin", "stores", "access", "sides")}
    for number in range(3 * MAX_RUNS):
        runs._runs[str(number)] = identity._replace(namespace=f"team-{number % 3}"), Slow(**fields)
    asyncio.run(until(lambda: all(one.ended for _, one in runs._runs.values()), runs))
    assert most == MAX_RUNS
    assert world.twice() == []


def test_slow_evaluations_of_one_namespace_leave_others_their_turns() -> None:
    _, runs = evaluated()
    identity, run = runs._runs.popitem()[1]
    waiting: list[QualityRun] = []

    class Endless(QualityRun):
        """Its engines never answer."""

        async def advance(self) -> bool:
            waiting.append(self)
            await asyncio.Event().wait()
            return True

    fields = {name: getattr(run, name) for name in ("items", "margin", "stores", "access", "sides")}
    for number in range(2 * MAX_RUNS):
        runs._runs[f"slow-{number}"] = identity._replace(namespace="evil"), Endless(**fields)
    healthy = QualityRun(**fields)
    runs._runs["healthy"] = identity, healthy
    asyncio.run(until(lambda: healthy.ended, runs))
    assert len(waiting) == MAX_RUNS_OF_NAMESPACE


def test_a_run_whose_turn_has_not_come_says_so() -> None:
    world, runs = evaluated()
    uid = world.document()["metadata"]["uid"]
    identity, run = runs._runs.pop(uid)
    run.verdict = None

    class Endless(QualityRun):
        """Its engines never answer."""

        async def advance(self) -> bool:
            await asyncio.Event().wait()
            return True

    fields = {name: getattr(run, name) for name in ("items", "margin", "stores", "access", "sides")}
    for number in range(MAX_RUNS_OF_NAMESPACE):
        runs._runs[f"slow-{number}"] = identity, Endless(**fields)
    runs._runs[uid] = identity, run
    asyncio.run(until(lambda: uid in runs._waiting, runs))
    world.rounds()
    assert "it waits until another evaluation ends" in world.gate["message"]
    for number in range(MAX_RUNS_OF_NAMESPACE):
        runs.forget(f"slow-{number}")
    asyncio.run(until(lambda: run.ended, runs))
    world.rounds()
    assert world.gate["verdict"] == "Passed"


@pytest.mark.parametrize("trouble", [False, True], ids=["waits", "raises"])
def test_runs_that_cannot_go_on_let_others_have_their_turn(*, trouble: bool) -> None:
    """A judge or a program that fails for hours is its own canary's matter."""
    _, runs = evaluated()
    identity, run = runs._runs.popitem()[1]
    tried: Counter[int] = Counter()

    class Stuck(QualityRun):
        """Never goes on."""

        async def advance(self) -> bool:
            tried[id(self)] += 1
            if trouble:
                raise KeyError("of ours")
            return False

    fields = {name: getattr(run, name) for name in ("items", "margin", "stores", "access", "sides")}
    for number in range(MAX_RUNS_OF_NAMESPACE):
        runs._runs[f"stuck-{number}"] = identity, Stuck(**fields)
    healthy = QualityRun(**fields)
    runs._runs["healthy"] = identity, healthy
    asyncio.run(until(lambda: healthy.ended, runs))
    assert len(tried) == MAX_RUNS_OF_NAMESPACE
    assert min(tried.values()) > 1, "they are tried again"


def test_a_run_that_is_dropped_while_it_reads_or_creates_leaves_no_pod() -> None:
    for slow in ("find", "_created"):
        world = Programs()
        for _ in range(100):
            if world.runs._runs:
                break
            world.steps()
        for pod in world.pods():
            world.objects.remove((kinds.POD.title, "default", pod["metadata"]["name"]), {})
        ((uid, (_, run)),) = world.runs._runs.items()
        assert isinstance(run, RunnerRun)
        asyncio.run(dropped_at(slow, world.runs, uid, run))
        assert (world.pods(), world.runs._closing) == ([], [])


async def dropped_at(slow: str, runs: QualityRuns, uid: str, run: RunnerRun) -> None:
    """Drop a run in the middle of a step of its pod, close it, and let the step go on."""
    usual, arrived, go_on = getattr(run.work, slow), asyncio.Event(), asyncio.Event()

    async def waiting(wanted: Manifest) -> object:
        arrived.set()
        await go_on.wait()
        return await usual(wanted)

    setattr(run.work, slow, waiting)
    driven = asyncio.create_task(runs.advance(uid))
    await arrived.wait()
    runs.forget(uid)
    setattr(run.work, slow, usual)
    await runs.close()
    go_on.set()
    await driven
    await runs.close()


def test_a_question_without_pods_of_one_side_waits() -> None:
    world, runs = evaluated()
    run = run_of(world)
    run.sides = {side: replace(one, pods=()) for side, one in run.sides.items()}
    run.ended = False
    assert asyncio.run(runs.advance(world.document()["metadata"]["uid"])) is False
    assert run.verdict is not None
    assert run.verdict.reason == "Unreachable"


def test_a_run_keeps_its_place_while_its_pod_works_and_not_after_its_program_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run_reports, "MAX_RUNS", 1)
    world = Programs()
    del world.kube.programs["-baseline"]
    while not world.pods():
        world.steps()
    ((identity, run),) = world.runs._runs.values()
    assert isinstance(run, RunnerRun)
    other = replace(run, verdict=None)
    world.runs._runs["other"] = identity, other
    polls = count()
    asyncio.run(until(lambda: next(polls) > 100, world.runs))
    assert (run.is_working, other.verdict) == (True, None)
    world.kube.programs["-baseline"] = lambda _: (1, "no module named judge")
    for _ in range(4):
        world.kube.round(world.now)
    asyncio.run(until(lambda: other.verdict is not None, world.runs))
    assert not run.is_working
    assert other.verdict is not None
