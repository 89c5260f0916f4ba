"""A deployment with a higher PriorityClass takes a GPU of one with a lower, and gives it back when it goes."""

from collections.abc import Iterator
from typing import Final

import pytest

from tests.node.operator_stage import Deployed
from tests.node.serving.claims import Record, unharmed
from tests.node.stories import Stage
from tests.node.streams import Traffic
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("operated")

FEW: Final = {"product": "NVIDIA-A100-SXM4-80GB"}
"""Two of them, on one node."""


@pytest.fixture
def urgent(stage: Stage) -> Iterator[str]:
    """A PriorityClass above that of pods without one."""
    name = f"urgent-{stage.namespace}"
    stage.door.kubectl("create", "priorityclass", name, "--value=1000")
    yield name
    stage.door.kubectl("delete", "priorityclass", name)


def test_the_scheduler_gives_a_replica_of_the_lower_priority_to_the_higher_and_back(
    stage: Stage, urgent: str, record_property: Record
) -> None:
    night = Deployed(stage, "night", replicas=2, **FEW)
    night.serves()
    with Traffic(night.address()) as traffic:
        day = Deployed(stage, "day", replicas=1, placement={"priorityClassName": urgent}, **FEW)
        day.serves()
        eventually(lambda: night.observe().reason("Scheduled") == "Preempted", "its status says for whom")
        preempted = night.observe()
        assert preempted.ready == 1
        assert "day" in _message(preempted.status, "Scheduled")
        traffic.goes_on()

        day.stage.kubectl("delete", "infd", "day", "--wait=false")
        night.serves()
        traffic.goes_on()

    unharmed(traffic.report, record_property)


def _message(status: dict[str, object], kind: str) -> str:
    conditions = status["conditions"]
    assert isinstance(conditions, list)
    return str(next(one["message"] for one in conditions if one["type"] == kind))
