"""The algorithms of Kubernetes and KEDA against cases worked out by hand from their sources."""

from dataclasses import replace

import pytest

from fairlead.simulator.virtual_fleet.baselines.horizontal_pod_autoscaler import (
    DEFAULTS,
    HorizontalPodAutoscaler,
    running,
    waiting,
)
from fairlead.simulator.virtual_fleet.baselines.keda import KedaAutoscaler, KedaTrigger
from fairlead.simulator.virtual_fleet.observers import FleetSnapshot
from fairlead.simulator.virtual_fleet.replica import ReplicaEngines, ReplicaStage, SimulatedReplica
from tests.simulator.virtual_fleet.small_engine import SmallEngine


def snapshot_of(at: float, *loads: int, starting: int = 0, held: int = 0, waits: int = 0) -> FleetSnapshot:
    """Ready replicas with these requests each; the first of an engine's requests runs."""
    replicas = [
        SimulatedReplica(place, f"replica-{place}", ReplicaEngines((SmallEngine(),)), 1, 0.0)
        for place in range(len(loads))
    ]
    for one, load in zip(replicas, loads, strict=True):
        one.stage, one.requests = ReplicaStage.READY, load
    return FleetSnapshot(
        at=at, starting=starting, ready=len(loads), draining=0, held=held, waiting=waits, running=sum(loads), usage=0.5,
        arrived=0, ended=0, prompt_tokens=0, output_tokens=0, replicas=replicas,
    )  # fmt: skip


def horizontal(target: float = 10.0) -> HorizontalPodAutoscaler:
    return HorizontalPodAutoscaler(target, lambda one: float(one.requests))


@pytest.mark.parametrize(
    ("loads", "starting", "answer", "why"),
    [
        ((10, 11), 0, 2, "1.05 of the target is near enough"),
        ((12, 12), 0, 3, "1.2 x 2 = 2.4, rounded up"),
        ((20, 20), 2, 4, "as those that start count as idle, four stand at the target"),
        ((30, 30), 1, 6, "2 of the target over three"),
        ((5, 5), 2, 4, "those that start count as on target: three quarters of four is 3, and the window holds 4"),
        ((40,) * 10, 0, 20, "forty are asked for, and twice as many may come at once"),
        ((30, 30), 0, 6, "four more may come where twice as many are fewer"),
    ],
)
def test_the_next_count_is_the_ratio_to_the_target(
    loads: tuple[int, ...], starting: int, answer: int, why: str
) -> None:
    assert horizontal().wanted(snapshot_of(0.0, *loads, starting=starting)) == answer, why


def test_fewer_only_once_no_answer_of_five_minutes_was_higher() -> None:
    scaler = horizontal()
    answers = [scaler.wanted(snapshot_of(15.0 * turn, 5, 5, 5, 5)) for turn in range(22)]

    assert answers == [4] * 20 + [2, 2]


def test_without_ready_replicas_the_horizontal_autoscaler_changes_nothing() -> None:
    assert horizontal().wanted(snapshot_of(0.0, starting=3)) == 3
    assert horizontal().wanted(snapshot_of(0.0)) == 0


def test_an_engine_reports_its_running_and_waiting_requests() -> None:
    (one,) = snapshot_of(0.0, 0).replicas
    assert (running(one), waiting(one)) == (0.0, 0.0)


def test_a_queue_is_shared_out_among_as_many_as_the_threshold_says() -> None:
    scaler = KedaAutoscaler(KedaTrigger(threshold=5.0))
    assert scaler.wanted(snapshot_of(0.0, 9, 9, waits=10)) == 2
    assert scaler.wanted(snapshot_of(15.0, 9, 9, waits=20, held=6)) == 6


def test_an_empty_queue_takes_all_but_one_however_busy_they_are() -> None:
    scaler = KedaAutoscaler(KedaTrigger())
    answers = [scaler.wanted(snapshot_of(15.0 * turn, 9, 9, 9)) for turn in range(21)]

    assert answers == [3] * 20 + [1]


def test_zero_comes_after_the_cooldown_and_one_at_the_next_poll() -> None:
    scaler = KedaAutoscaler(KedaTrigger(to_zero=True), replace(DEFAULTS, least=1))
    assert scaler.wanted(snapshot_of(0.0, 1)) == 1
    assert scaler.wanted(snapshot_of(300.0, 0)) == 1
    assert scaler.wanted(snapshot_of(330.0, 0)) == 0
    assert scaler.wanted(snapshot_of(345.0, held=1)) == 0
    assert scaler.wanted(snapshot_of(360.0, held=1)) == 1
