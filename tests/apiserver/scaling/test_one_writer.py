"""One writer of the replica count, whoever else tries: the owner wins, nothing flaps, the loser gets an error.

autoscaler.3
"""

import json
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Final

from fairlead.controller.process import EXIT_LEASE_LOST
from tests.apiserver.scaling.conftest import POLICY, Stage
from tests.controller.pretend import deployment
from tests.faults.operator import LEASE_S
from tests.waiting import eventually

WATCHED_S: Final = 6.0
"""Longer than the stabilization of these tests' policy: a flapping count flaps within it."""


def seen(stage: Stage, name: str, meanwhile: Callable[[int], None]) -> list[int]:
    """The counts requested while something else goes on, in order."""
    found: list[int] = []
    until, turn = time.monotonic() + WATCHED_S, 0
    while time.monotonic() < until:
        meanwhile(turn)
        turn += 1
        found.append(stage.replicas(name))
    return found


def changes(counts: list[int]) -> int:
    """How often the count changed."""
    return sum(before != after for before, after in pairwise(counts))


def test_kubectl_scale_is_refused_with_the_reason(stage: Stage) -> None:
    """P26"""
    stage.begin("scaled")
    stage.pods.load("scaled").waiting = 6
    stage.reaches("scaled", 3)
    refused = stage.refused("scale", "infd/scaled", "--replicas=5")
    assert "replicas and scaling cannot both decide" in refused
    assert stage.recommended("scaled") == 3


def test_another_autoscaler_on_the_scale_subresource_changes_nothing(stage: Stage) -> None:
    """P26: as an HPA writes, which reads first and finds no count set by users: its AbleToScale says so then."""
    stage.begin("contested")
    stage.pods.load("contested").waiting = 6
    stage.reaches("contested", 3)
    refusals: list[str] = []

    def write(turn: int) -> None:
        patch = json.dumps({"spec": {"replicas": 1 if turn % 2 else 6}})
        words = ("patch", "infd", "contested", "--subresource=scale", "--type=merge", "-p", patch)
        refusals.append(stage.refused(*words))

    assert set(seen(stage, "contested", write)) == {3}
    assert [one for one in refusals if '".spec.replicas" does not exist' not in one] == []


def test_a_foreign_write_to_our_status_is_reverted_and_reported_in_an_event(stage: Stage) -> None:
    stage.begin("overwritten")
    stage.pods.load("overwritten").waiting = 6
    stage.reaches("overwritten", 3)
    time.sleep(6.0)  # our own write has surely come back to us
    patch = json.dumps({"status": {"scaling": {"recommended": 6}}})
    stage.door.kubectl("patch", "infd", "overwritten", "--subresource=status", "--type=merge", "-p", patch)
    eventually(lambda: stage.recommended("overwritten") == 3, "the recommendation is put back", 30)
    eventually(lambda: bool(stage.events("overwritten", "PutBack")), "an Event tells of it", 30)
    assert "only the autoscaler writes it" in stage.events("overwritten", "PutBack")[0]
    stage.reaches("overwritten", 3)


def test_edits_of_the_spec_meanwhile_move_nothing_but_the_bounds(stage: Stage) -> None:
    stage.begin("edited")
    stage.pods.load("edited").waiting = 6
    stage.reaches("edited", 3)

    def edit(turn: int) -> None:
        patch = json.dumps({"spec": {"scaling": {"maxReplicas": 5 + turn % 2}}})
        stage.door.kubectl("patch", "infd", "edited", "--type=merge", "-p", patch)

    assert set(seen(stage, "edited", edit)) == {3}
    stage.door.kubectl(
        "patch", "infd", "edited", "--type=merge", "-p", json.dumps({"spec": {"scaling": {"maxReplicas": 2}}})
    )
    stage.reaches("edited", 2)


def test_of_two_operators_one_decides_and_the_other_takes_over_when_it_is_killed(stage: Stage) -> None:
    stage.begin("handed")
    stage.pods.load("handed").waiting = 6
    stage.reaches("handed", 3)
    second = replace(stage.operator, host=stage.operator.host.replace(".255.1", ".255.2"), process=None)
    second.start()
    try:
        second.wait_ready()
        assert set(seen(stage, "handed", lambda _: None)) == {3}
        stage.operator.kill()
        counts = seen(stage, "handed", lambda _: None)
        stage.pods.load("handed").waiting = 10
        stage.reaches("handed", 5)
        assert set(counts) == {3}
    finally:
        stage.operator.start()
        second.stop()
        stage.operator.wait_ready()


def test_an_operator_that_stood_still_beyond_its_lease_ends_and_the_next_one_goes_on(stage: Stage) -> None:
    stage.begin("stalled")
    still = stage.operator.process
    assert still is not None
    still.send_signal(signal.SIGSTOP)
    time.sleep(LEASE_S)
    still.send_signal(signal.SIGCONT)
    assert still.wait(timeout=30) == EXIT_LEASE_LOST
    stage.operator.wait_ready()
    stage.pods.load("stalled").waiting = 6
    stage.reaches("stalled", 3)


def test_who_takes_scaling_out_of_the_spec_counts_alone(stage: Stage) -> None:
    stage.begin("taken")
    stage.pods.load("taken").waiting = 6
    stage.reaches("taken", 3)
    entries = [{"op": "remove", "path": "/spec/scaling"}, {"op": "add", "path": "/spec/replicas", "value": 2}]
    stage.door.kubectl("patch", "infd", "taken", "--type=json", "-p", json.dumps(entries))
    stage.reaches("taken", 2)
    eventually(lambda: "scaling" not in stage.status("taken"), "our old word is gone", 30)
    stage.door.kubectl("scale", "infd/taken", "--replicas=1")
    stage.reaches("taken", 1)


def test_a_policy_that_only_recommends_moves_nothing(stage: Stage) -> None:
    shy = POLICY | {"metadata": {"name": "shy", "namespace": "default"}, "spec": POLICY["spec"] | {"mode": "Recommend"}}
    stage.apply(shy)
    spec = {"minReplicas": 1, "maxReplicas": 6, "policy": {"name": "shy"}}
    stage.apply(deployment("watched", replicas=None, scaling=spec, router={"replicas": 1}))
    stage.pods.load("watched").waiting = 6

    def advised() -> object:
        return (stage.status("watched").get("scaling") or {}).get("advised")

    eventually(lambda: advised() == 3, "three are advised", 60)
    assert set(seen(stage, "watched", lambda _: None)) == {1}
    condition = next(one for one in stage.status("watched")["conditions"] if one["type"] == "ScalingActive")
    assert (condition["status"], condition["reason"]) == ("False", "AdvisesOnly")
    assert "it recommends 3 replicas" in condition["message"]
