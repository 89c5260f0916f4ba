"""A restart, a clock that steps back, a policy that cannot be read: nothing that holds now is lost by them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from fairlead.autoscaler import memory_store
from fairlead.cluster.api_errors import ApiRequest, Unreachable
from fairlead.cluster.kinds import INFERENCE_DEPLOYMENT, Manifest
from fairlead.scaling.decide.answer_history import AnswerHistory, SpeculationState
from fairlead.scaling.decide.scaling_state import ScalingState
from tests.autoscaler.fleets import START, SUBJECT, Fleet, deployment, pod, policy, written_at

SWITCHING: dict[str, Any] = {"speculation": {"switchOff": "WhenItCosts"}, "warmPool": {"asleep": 2}}
OFF = {
    "mode": "Active",
    "recommended": 1,
    "asleep": 2,
    "speculation": "Off",
    "reason": "Steady",
    "message": "1 replica: nothing needs more",
    "at": written_at(-600),
}
MEASURED = SpeculationState(off=True, switched_at=START - 600, drafted=3.0, accepted=0.6)


def run_story(story: Callable[[Fleet], Awaitable[None]], stored: dict[str, Any]) -> None:
    async def report() -> None:
        fleet = Fleet()
        fleet.world.receive(policy(**SWITCHING))
        fleet.deploy()
        fleet.subjects["chat"] = replace(SUBJECT, speculates=True, sleeps=True)
        fleet.world.receive(deployment("chat", status={"desiredReplicas": 1, "scaling": stored}))
        await story(fleet)
        await fleet.sources.close()

    asyncio.run(report())


def settings(fleet: Fleet) -> tuple[int, int, str]:
    scaling = fleet.scaling()
    return scaling["recommended"], scaling["asleep"], scaling["speculation"]


def state_of(fleet: Fleet) -> ScalingState:
    memory = fleet.loop.states["uid-chat"].memory
    assert memory is not None
    return memory


def saved(state: SpeculationState) -> Manifest:
    memory = ScalingState(answer_history=AnswerHistory(speculation=state))
    return memory_store.manifest(deployment("chat"), {memory_store.KEY: msgspec.json.encode(memory).decode()})


def test_speculation_that_is_switched_off_stays_off_after_a_restart_although_nothing_was_saved() -> None:
    async def story(fleet: Fleet) -> None:
        await fleet.rounds(6)
        assert settings(fleet) == (1, 2, "Off")
        assert state_of(fleet).answer_history.speculation.off
        assert fleet.server.events == []

    run_story(story, OFF)


def test_what_speculation_gained_is_read_after_a_restart_so_that_it_can_come_back_on() -> None:
    async def story(fleet: Fleet) -> None:
        fleet.server.held["chat-autoscaler-memory"] = saved(MEASURED)
        await fleet.rounds(1)
        assert state_of(fleet).answer_history.speculation == MEASURED
        await fleet.rounds(6)
        assert settings(fleet) == (1, 2, "Off")

    run_story(story, OFF)


def test_a_switch_after_the_last_save_is_known_by_the_status() -> None:
    async def story(fleet: Fleet) -> None:
        fleet.server.held["chat-autoscaler-memory"] = saved(MEASURED)
        await fleet.rounds(1)
        assert state_of(fleet).answer_history.speculation == replace(MEASURED, off=False, switched_at=START + 1)

    run_story(story, OFF | {"speculation": "On"})


def test_what_speculation_gained_is_saved_without_the_span_being_measured() -> None:
    async def story(fleet: Fleet) -> None:
        state = replace(MEASURED, marked_at=START, gain=0.7, against=2)
        memory = ScalingState()
        memory = replace(memory, answer_history=replace(memory.answer_history, speculation=state))
        assert await memory_store.keep(fleet.server, deployment("chat"), memory)
        data = fleet.server.held["chat-autoscaler-memory"]["data"]
        assert data[memory_store.KEY] == saved(MEASURED)["data"][memory_store.KEY]
        assert await memory_store.restore(fleet.server, deployment("chat")) == memory_store.lasting(memory)

    run_story(story, OFF)


def test_while_the_policy_cannot_be_read_sleepers_sleep_on_and_speculation_stays_off() -> None:
    async def story(fleet: Fleet) -> None:
        fleet.world.receive(policy(**SWITCHING, coldStart={"assume": "soon"}))
        await fleet.rounds(6)
        assert settings(fleet) == (1, 2, "Off")
        assert fleet.scaling()["reason"] == "NoPolicy"

    run_story(story, OFF)


@pytest.mark.parametrize("asleep", [True, "many", None])
def test_while_the_policy_cannot_be_read_nonsense_in_the_status_is_written_over(asleep: object) -> None:
    async def story(fleet: Fleet) -> None:
        fleet.world.receive(policy(**SWITCHING, coldStart={"assume": "soon"}))
        await fleet.rounds(6)
        assert settings(fleet) == (1, 0, "On")

    run_story(story, OFF | {"asleep": asleep, "speculation": "perhaps"})


def test_a_clock_that_steps_back_delays_decisions_by_seconds_only() -> None:
    async def story(fleet: Fleet) -> None:
        await fleet.rounds(60)
        fleet.source.waiting = 12.0
        fleet.clock.now -= 1800.0
        await fleet.rounds(8)
        assert fleet.scaling()["recommended"] == 6

    run_story(story, {})


def test_a_clock_that_steps_back_delays_the_retry_of_a_refused_write_by_no_more_than_the_longest_pause() -> None:
    async def story(fleet: Fleet) -> None:
        fleet.server.refusal = Unreachable(ApiRequest(verb="patch", resource=INFERENCE_DEPLOYMENT), 0, {})
        await fleet.rounds(20)
        fleet.server.refusal = None
        fleet.clock.now -= 1800.0
        await fleet.rounds(35)
        assert fleet.scaling()["recommended"] == 1

    run_story(story, {})


def engine(ready: str, since: float, begun: float = 0.0) -> Manifest:
    """Its container started at `begun`; its condition Ready is so since then."""
    condition = {"type": "Ready", "status": ready, "lastTransitionTime": written_at(since)}
    running = [{"state": {"running": {"startedAt": written_at(begun)}}}]
    return pod(
        "chat",
        "engine",
        1,
        status={"phase": "Running", "podIP": "10.0.0.2", "conditions": [condition], "containerStatuses": running},
    )


def cold_starts_of(fleet: Fleet) -> list[tuple[float, ...]]:
    return [one.seconds for one in state_of(fleet).estimates.starts]


def test_a_cold_start_that_this_process_observed_is_learned_and_a_later_pause_is_not() -> None:
    async def story(fleet: Fleet) -> None:
        fleet.world.receive(engine("False", 0.0))
        await fleet.rounds(20)
        fleet.world.receive(engine("True", 20.0))
        await fleet.rounds(20)
        fleet.world.receive(engine("False", 40.0))
        await fleet.rounds(20)
        fleet.world.receive(engine("True", 60.0))
        await fleet.rounds(20)
        assert cold_starts_of(fleet) == [(20.0,)]

    run_story(story, {})


def test_a_pod_that_paused_before_this_process_began_teaches_no_cold_start_of_hours() -> None:
    async def story(fleet: Fleet) -> None:
        fleet.clock.now += 18_100.0
        fleet.world.receive(engine("True", 18_000.0))
        await fleet.rounds(10)
        assert cold_starts_of(fleet) == []

    run_story(story, {})


def test_a_pod_that_pauses_while_this_process_begins_teaches_no_cold_start_either() -> None:
    async def story(fleet: Fleet) -> None:
        fleet.clock.now += 18_000.0
        fleet.world.receive(engine("False", 17_990.0))
        await fleet.rounds(10)
        fleet.world.receive(engine("True", 18_010.0))
        await fleet.rounds(10)
        assert cold_starts_of(fleet) == []

    run_story(story, {})


def test_an_engine_that_restarted_in_its_pod_is_a_cold_start_of_its_own() -> None:
    async def story(fleet: Fleet) -> None:
        fleet.clock.now += 18_000.0
        fleet.world.receive(engine("False", 17_990.0, begun=17_995.0))
        await fleet.rounds(10)
        fleet.world.receive(engine("True", 18_010.0, begun=17_995.0))
        await fleet.rounds(10)
        assert cold_starts_of(fleet) == [(15.0,)]

    run_story(story, {})


def test_the_hours_that_an_engine_served_before_it_restarted_in_its_pod_are_no_wait_for_its_image() -> None:
    """Its image took 25 s five hours ago; taken for the wait of every replica, they would be the plan's cold start."""

    async def story(fleet: Fleet) -> None:
        fleet.clock.now += 18_000.0
        for number, (ready, since) in enumerate((("False", 17_990.0), ("True", 18_010.0))):
            restarted = engine(ready, since, begun=17_995.0)
            [container] = restarted["status"]["containerStatuses"]
            ended = {"startedAt": written_at(30.0), "finishedAt": written_at(17_990.0)}
            container |= {"restartCount": 1, "lastState": {"terminated": ended}}
            placed = {"type": "PodScheduled", "status": "True", "lastTransitionTime": written_at(5.0)}
            restarted["status"]["conditions"].append(placed)
            fleet.world.receive(restarted)
            await fleet.rounds(10 + number)
        assert [(one.seconds, one.waits) for one in state_of(fleet).estimates.starts] == [((15.0,), (25.0,))]

    run_story(story, {})
