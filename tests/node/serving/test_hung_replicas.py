"""An engine that passes its probes and writes nothing more is replaced, beside others or alone."""

import time
from functools import partial
from typing import Final

import pytest

from tests.node.operator_stage import Deployed, engine
from tests.node.serving.claims import Record
from tests.node.serving.scaling.fleets import disturb
from tests.node.stories import Stage
from tests.node.streams import Traffic
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("operated")

REPLACED_WITHIN_S: Final = 300.0
"""Routers must have seen it hang for two minutes."""


def test_a_replica_that_hangs_is_replaced_beside_others_and_alone(stage: Stage, record_property: Record) -> None:
    faulty = engine(FAIRLEAD_ENGINE_FAULTS_API="1")
    impatient = {"timeouts": {"firstToken": "5s"}}
    fleets = [
        Deployed(stage, name, replicas=count, engine=faulty, router=impatient)
        for name, count in (("several", 3), ("alone", 1))
    ]
    for one in fleets:
        one.serves()
    with Traffic(*(one.address() for one in fleets)):
        hung = {one.name: min(one.observe().engines) for one in fleets}
        before = {one.name: one.observe().engines for one in fleets}
        since = time.monotonic()
        for one in fleets:
            disturb(stage, hung[one.name], "no-tokens")
        for one in fleets:
            eventually(partial(_is_without, one, hung[one.name]), f"{one.name} replaces it", REPLACED_WITHIN_S)
            record_property("seconds", round(time.monotonic() - since))
    for one in fleets:
        after = one.serves()
        (recorded,) = after.status["hungReplicas"]["replaced"]
        assert recorded["pod"] == hung[one.name]
        assert before[one.name].items() - after.engines.items() == {
            (hung[one.name], before[one.name][hung[one.name]])
        }, "no other replica was touched"
    events = [one["note"] for one in stage.objects("events.events.k8s.io") if one.get("reason") == "Replaced"]
    record_property("events", len(events))
    assert len(events) == 2
    assert all("gave no token for" in one and "its ReplicaSet creates another" in one for one in events)


def _is_without(deployed: Deployed, pod: str) -> bool:
    return pod not in deployed.observe().engines
