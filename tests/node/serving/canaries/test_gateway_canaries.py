"""A canary behind a gateway on a node: its routers split the traffic of one of their models, under streams."""

import json

import pytest

from tests.node.operator_stage import Deployed, engine
from tests.node.serving.canaries.test_canaries import FAULTY, REPLICAS, progress, rollout, watched
from tests.node.serving.claims import Record, unharmed
from tests.node.serving.scaling.fleets import command
from tests.node.serving.test_gateways import NAME, Gateway
from tests.node.stories import Stage
from tests.node.streams import Traffic
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("operated")

STEPS = ({"traffic": 0, "hold": "2s"}, {"traffic": 30, "hold": "0s", "gates": ["Service"]})


def test_a_gateways_routers_try_a_canary_that_a_person_promotes_and_a_faulty_one_that_is_rejected(
    stage: Stage, record_property: Record
) -> None:
    gateway = Gateway(stage)
    gateway.apply()
    chat = Deployed(stage, replicas=REPLICAS, rollout=rollout(*STEPS), gateway={"name": NAME})
    before = chat.serves(120).engines
    with Traffic(gateway.address()) as traffic, watched(chat, pages=()) as trail:
        chat.apply(engine=engine(context=4096))
        eventually(lambda: trail.last.startswith("[{") and json.loads(trail.last)[0]["step"] == 2, "it is compared", 90)
        traffic.goes_on()
        command(stage, "rollout", "promote", f"infd/{chat.name}")
        good = chat.serves(90)
        traffic.goes_on()
        chat.apply(engine=FAULTY)
        eventually(lambda: trail.rejected, "it is rejected", 120)
        eventually(lambda: chat.observe().revisions == good.revisions, "the good replicas are back", 90)
        traffic.goes_on()

    unharmed(traffic.report, record_property)
    record_property("max_gpus", trail.held)
    record_property("fewest_routable", trail.routable)
    assert before.keys().isdisjoint(good.engines)
    assert (trail.held, trail.routable) == (REPLICAS, REPLICAS - 1)
    assert progress(chat) == "CanaryRejected"
