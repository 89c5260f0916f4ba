"""A changed setting reaches every replica while clients stream, and no client notices."""

import pytest

from tests.cluster.operator_stage import Deployed, Operator, engine
from tests.cluster.serving.claims import Record, unharmed
from tests.cluster.stories import Stage
from tests.cluster.streams import Traffic
from tests.patience import eventually

pytestmark = pytest.mark.usefixtures("operated")


def test_replace_needs_no_spare_gpu_and_drops_nothing(stage: Stage, record_property: Record) -> None:
    chat = Deployed(stage, product="NVIDIA-A100-SXM4-80GB", replicas=3)
    chat.serves()
    before = chat.engines()
    with Traffic(chat.address()) as traffic:
        chat.apply(engine=engine(context=4096))
        chat.serves()
        traffic.goes_on()

    unharmed(traffic.report, record_property)
    assert set(before.values()).isdisjoint(chat.engines().values())
    assert unplaced(stage) == []


def test_surge_starts_the_new_before_the_old_goes(stage: Stage, record_property: Record) -> None:
    chat = Deployed(stage, rollout={"strategy": "Surge"})
    chat.serves()
    before = chat.engines()
    with Traffic(chat.address()) as traffic:
        chat.apply(engine=engine(context=4096))
        ready = ready_until_settled(chat)
        traffic.goes_on()

    unharmed(traffic.report, record_property)
    assert min(ready) >= 2
    assert set(before.values()).isdisjoint(chat.engines().values())


def test_requests_are_held_while_the_only_replica_is_replaced(stage: Stage, record_property: Record) -> None:
    chat = Deployed(stage, product="NVIDIA-A100-SXM4-80GB", replicas=1)
    chat.serves()
    with Traffic(chat.address()) as traffic:
        chat.apply(engine=engine(context=4096))
        chat.serves()
        traffic.goes_on()

    unharmed(traffic.report, record_property)


def test_a_rollout_goes_on_when_the_operator_is_deleted_and_installed_again(
    stage: Stage, operated: Operator, record_property: Record
) -> None:
    chat = Deployed(stage, replicas=3)
    chat.serves()
    before = chat.engines()
    with Traffic(chat.address()) as traffic:
        chat.apply(engine=engine(context=4096))
        eventually(lambda: chat.engines().keys() - before.keys(), "the rollout has begun")
        operated.delete_pods()
        traffic.goes_on()
        operated.uninstall()
        traffic.goes_on()
        operated.install()
        chat.serves()
        traffic.goes_on()

    unharmed(traffic.report, record_property)
    assert set(before.values()).isdisjoint(chat.engines().values())


def ready_until_settled(chat: Deployed) -> list[int]:
    """How many were ready at each look until the change was done."""
    seen: list[int] = []

    def look() -> bool:
        seen.append(chat.ready())
        return chat.settled()

    eventually(look, f"{chat.name} serves as asked")
    return seen


def unplaced(stage: Stage) -> list[str]:
    """What the scheduler found no node for: a rollout that needs no spare GPU never asks for one."""
    return [one["message"] for one in stage.objects("events") if one["reason"] == "FailedScheduling"]
