"""Replicas, nodes and routers leave while clients stream: the least busy first, and none before its last answer."""

import pytest

from tests.node.operator_stage import Deployed
from tests.node.serving.claims import Record, unharmed
from tests.node.serving.long_streams import LongStreams
from tests.node.stories import Stage
from tests.node.streams import Traffic
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("operated")


@pytest.mark.trial(1)
def test_scaling_down_drops_nothing(stage: Stage, record_property: Record) -> None:
    chat = Deployed(stage, replicas=3)
    chat.serves()
    with Traffic(chat.address()) as traffic:
        chat.scale(1)
        chat.serves()
        traffic.goes_on()

    unharmed(traffic.report, record_property)
    assert troubles(stage) == []


def test_the_least_busy_replica_goes_and_finishes_its_answer(stage: Stage, record_property: Record) -> None:
    """The least busy is the older one here: Kubernetes by itself would end the newer one."""
    chat = Deployed(stage, replicas=1, router={"replicas": 1})
    (older,) = chat.serves().engines
    chat.scale(2)
    (newer,) = chat.serves().engines.keys() - {older}
    with LongStreams(chat.address(), chat.pages()) as streams:
        streams.carry({older: 1, newer: 3})
        chat.scale(1)
        left = eventually(lambda: len(found := chat.observe().engines) == 1 and found, "one was told to go")

    unharmed(streams.report, record_property)
    assert (list(left or ()), streams.report.requests) == ([newer], 4)


@pytest.mark.trial(1)
def test_a_drained_node_takes_no_answer_with_it(stage: Stage, record_property: Record) -> None:
    """The operator, the routers and the engines of the node are evicted, as before its maintenance."""
    chat = Deployed(stage, replicas=2)
    node = chat.serves().pods[0]["spec"]["nodeName"]
    try:
        with Traffic(chat.address()) as traffic:
            drained(stage, node)
            after = chat.serves()
            traffic.goes_on()
    finally:
        stage.door.kubectl("uncordon", node)

    unharmed(traffic.report, record_property)
    assert node not in {pod["spec"]["nodeName"] for pod in after.pods}
    assert troubles(stage) == []


def test_routers_are_replaced_and_made_fewer_without_a_client_noticing(stage: Stage, record_property: Record) -> None:
    chat = Deployed(stage, replicas=2)
    chat.serves()
    router = f"deployment/{chat.name}-router"
    with Traffic(chat.address()) as traffic:
        stage.kubectl("rollout", "restart", router)
        stage.kubectl("rollout", "status", router, "--timeout=60s")
        traffic.goes_on()
        chat.apply(router={"replicas": 1})
        eventually(lambda: len(routers(stage)) == 1, "one router is left")
        traffic.goes_on()

    unharmed(traffic.report, record_property)


def troubles(stage: Stage) -> list[str]:
    """Events that call an engine's end a crash: every one here ended on request."""
    reasons = {"CrashLoop", "EngineEnded"}
    return [one["note"] for one in stage.objects("events.events.k8s.io") if one.get("reason") in reasons]


def drained(stage: Stage, node: str) -> None:
    """Drain it as an administrator does."""
    stage.door.kubectl("drain", node, "--delete-emptydir-data", "--ignore-daemonsets", "--timeout=80s")


def routers(stage: Stage) -> list[str]:
    """All router pods, including terminating ones."""
    return [pod["metadata"]["name"] for pod in stage.objects("pods", "fairlead.dev/role=router")]
