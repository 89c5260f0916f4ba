"""Runs beside the reconcile: limited in number, resumed after an error, and ended with their canary."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from itertools import count

import pytest

from fairlead.cluster import kinds
from fairlead.controller.evaluations import quality_runs, run_reports
from fairlead.fleet.gate_verdicts import GateReason, Verdict
from tests.controller.evaluations.pod_requests import PodRequests
from tests.controller.evaluations.test_runners import Programs
from tests.controller.quality_trials import CONCURRENCY, QualityWorld, lines
from tests.controller.recording_runs import RecordingRuns, of_another
from tests.controller.server import Faults


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pauses of seconds."""
    monkeypatch.setattr(quality_runs, "PAUSE_S", 0.001)
    monkeypatch.setattr(quality_runs, "FAILED_S", 0.001)


def evaluated() -> tuple[QualityWorld, RecordingRuns]:
    """A canary whose evaluation begins."""
    world = QualityWorld(lines(120))
    while not world.gate:
        world.steps()
    return world, world.runs


async def until(holds: Callable[[], bool], runs: RecordingRuns) -> None:
    """Wait while runs are reconciled."""
    task = asyncio.create_task(runs.follow())
    try:
        async with asyncio.timeout(20):
            while not holds():
                await asyncio.sleep(0.001)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def passed(world: QualityWorld) -> bool:
    """Whether the canary's run has come to its verdict."""
    return world.verdict.verdict is Verdict.PASSED


def test_a_run_is_carried_on_in_the_background_to_its_end() -> None:
    world, runs = evaluated()
    asyncio.run(until(lambda: passed(world), runs))
    assert world.twice() == []


def test_an_api_error_or_an_internal_error_is_retried(caplog: pytest.LogCaptureFixture) -> None:
    world, runs = evaluated()
    (new,) = world.pod_client.answers
    world.server.faults = Faults(answers={len(world.server.writes): 503})
    usual, troubles = world.pod_client.answers[new], ["of ours"]

    def answer(question: str) -> str:
        if troubles:
            raise KeyError(troubles.pop())
        return usual(question)

    world.pod_client.answers[new] = answer
    asyncio.run(until(lambda: passed(world), runs))
    assert "an evaluation waits: " in caplog.text
    assert "an internal error of Fairlead in an evaluation" in caplog.text
    assert len(world.twice()) <= CONCURRENCY, "what was in flight when we failed"


def test_answers_that_the_api_server_refuses_to_keep_are_shown_at_the_gate() -> None:
    world = QualityWorld(lines(120))
    while not world.gate:
        world.steps()
    refusal = "exceeded quota: objects: used: count/configmaps=10"
    world.server.faults = Faults(refused={kinds.CONFIG_MAP.title: refusal})
    world.run(world.runs.advance(world.question.uid))
    found = world.verdict
    assert (found.verdict, found.reason) == (Verdict.ERROR, GateReason.UNREACHABLE)
    assert found.message.startswith("the API server refused to patch configmaps chat-")
    assert found.message.endswith(f"{refusal}; Fairlead tries again")
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
    uid, writes = world.question.uid, len(world.server.writes)

    async def story() -> None:
        answers = asyncio.create_task(runs.advance(uid))
        while not world.pod_client.sent.total():
            await asyncio.sleep(0)
        runs.forget(uid)
        assert await answers is False

    world.pod_client.sent.clear()
    asyncio.run(story())
    assert len(world.server.writes) == writes


@pytest.mark.parametrize("verb", ["get", "patch"])
def test_a_run_that_is_dropped_while_it_reads_or_creates_leaves_no_pod(verb: str) -> None:
    world = Programs()
    server = PodRequests(world)
    uid = world.document()["metadata"]["uid"]
    while uid not in world.runs.questions:
        world.steps()
    for pod in world.pods():
        world.objects.remove((kinds.POD.title, "default", pod["metadata"]["name"]), {})

    async def story() -> None:
        server.verb = verb
        driven = asyncio.create_task(world.runs.advance(uid))
        await server.arrived.wait()
        world.runs.forget(uid)
        await world.runs.close()
        server.go_on.set()
        await driven
        await world.runs.close()

    asyncio.run(story())
    assert world.pods() == []


def test_a_question_without_pods_of_one_side_waits() -> None:
    world, runs = evaluated()
    question = world.question
    without = replace(question, sides={side: replace(one, pods=()) for side, one in question.sides.items()})
    runs.verdict(without)
    assert asyncio.run(runs.advance(question.uid)) is False
    assert runs.gate_verdict(without).reason is GateReason.UNREACHABLE


def test_a_run_keeps_its_place_while_its_pod_works_and_not_after_its_program_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run_reports, "MAX_RUNS", 1)
    world = Programs()
    del world.kube.programs["-baseline"]
    while not world.pods():
        world.steps()
    other, polls = of_another(world.question, "other"), count()
    asyncio.run(until(lambda: bool(world.runs.verdict(other)) and next(polls) > 100, world.runs))
    assert " asks the baseline" in world.verdict.message
    assert "it waits until another evaluation ends" in world.runs.gate_verdict(other).message
    world.kube.programs["-baseline"] = lambda _: (1, "no module named judge")
    for _ in range(4):
        world.kube.round(world.now)
    asyncio.run(until(lambda: " asks the " in world.runs.gate_verdict(other).message, world.runs))
    assert world.verdict.reason is GateReason.RUNNER_FAILED
