"""A warm pool from the policy to the engine: the autoscaler sets its size, the controller marks, sleeps and wakes."""

import time
from collections.abc import Callable
from typing import Any, Final

from fairlead.objects import labels
from tests.apiserver.scaling.conftest import POLICY, Stage
from tests.controller.pretend import deployment
from tests.waiting import eventually

NAME: Final = "pooled"
WARM: Final[dict[str, Any]] = POLICY | {
    "metadata": {"name": "warm", "namespace": "default"},
    "spec": POLICY["spec"] | {"warmPool": {"asleep": 1}, "idle": {"scaleToZero": {"after": "8s"}}},
}
ENGINE: Final = {"kind": "Simulated", "context": {"maxTokens": 8192}, "sleep": {"enabled": True}}


def engines(stage: Stage) -> dict[str, str | None]:
    """Addresses of live engine pods, with the marks of marked pods."""
    selector = f"fairlead.dev/deployment={NAME},fairlead.dev/role=engine"
    live = [one for one in stage.objects("pods", selector) if "deletionTimestamp" not in one["metadata"]]
    return {
        one["status"].get("podIP", ""): (one["metadata"].get("annotations") or {}).get(labels.ASLEEP) for one in live
    }


def sleepers(stage: Stage) -> set[str]:
    """Its engines that were put to sleep and not woken."""
    return stage.pods.asleep & engines(stage).keys()


def marked(stage: Stage) -> set[str]:
    """Its engines whose pods are marked as asleep, or about to sleep."""
    return {address for address, mark in engines(stage).items() if mark is not None}


def test_the_last_replica_falls_asleep_and_wakes_for_a_held_request(
    stage: Stage, record_property: Callable[[str, object], None]
) -> None:
    stage.apply(WARM)
    scaling = {"minReplicas": 0, "maxReplicas": 4, "policy": {"name": "warm"}}
    load = stage.pods.load(NAME)
    load.rate = 5
    stage.apply(deployment(NAME, replicas=None, scaling=scaling, router={"replicas": 1}, engine=ENGINE))
    eventually(lambda: len(sleepers(stage)) == 1, "one sleeps beside the one that serves", 90)
    assert (len(engines(stage)), marked(stage)) == (2, sleepers(stage))
    load.rate = 0
    eventually(lambda: stage.recommended(NAME) == 0, "nobody asks any more", 60)
    eventually(lambda: len(engines(stage)) == 1 == len(sleepers(stage)), "only the sleeper is left", 60)
    sleeper, begun = sleepers(stage), time.monotonic()
    load.waiting = 3
    eventually(lambda: sleeper.isdisjoint(marked(stage)), "it is awake, and routers may have it", 30)
    record_property("seconds_to_wake", round(time.monotonic() - begun, 2))
    assert sleeper <= engines(stage).keys()
    assert sleeper.isdisjoint(stage.pods.asleep)
    load.waiting = 0
    stage.door.kubectl("delete", "infd", NAME, "--wait=false")
