"""A changed setting reaches every replica while clients stream, and no client notices."""

import pytest

from tests.node.operator_stage import Deployed, Observed, Operator, engine
from tests.node.serving.claims import Record, unharmed
from tests.node.stories import Stage
from tests.node.streams import Traffic
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("operated")


def test_replace_needs_no_spare_gpu_and_drops_nothing(stage: Stage, record_property: Record) -> None:
    chat = Deployed(stage, product="NVIDIA-A100-SXM4-80GB", replicas=2)
    before = chat.serves().engines
    with Traffic(chat.address()) as traffic:
        chat.apply(engine=engine(context=4096))
        after = chat.serves().engines
        traffic.goes_on()

    unharmed(traffic.report, record_property)
    assert before.keys().isdisjoint(after)
    assert unplaced(stage) == []


def test_surge_starts_the_new_before_the_old_goes(stage: Stage, record_property: Record) -> None:
    chat = Deployed(stage, rollout={"strategy": "Surge"})
    before = chat.serves().engines
    with Traffic(chat.address()) as traffic:
        chat.apply(engine=engine(context=4096))
        seen = observed_until_settled(chat)
        traffic.goes_on()

    unharmed(traffic.report, record_property)
    assert min(view.ready for view in seen) >= 2
    assert before.keys().isdisjoint(seen[-1].engines)


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
    chat = Deployed(stage, replicas=2)
    before = chat.serves().engines
    with Traffic(chat.address()) as traffic:
        chat.apply(engine=engine(context=4096))
        eventually(lambda: chat.observe().engines.keys() - before.keys(), "the rollout has begun")
        operated.delete_pods()
        traffic.goes_on()
        operated.uninstall()
        traffic.goes_on()
        operated.install()
        after = chat.serves().engines
        traffic.goes_on()

    unharmed(traffic.report, record_property)
    assert before.keys().isdisjoint(after)


def observed_until_settled(chat: Deployed, within_s: float = 60.0) -> list[Observed]:
    """The observations until the change was done."""
    seen: list[Observed] = []

    def settled() -> bool:
        seen.append(chat.observe())
        return seen[-1].settled

    eventually(settled, f"{chat.name} serves as asked", within_s)
    return seen


def unplaced(stage: Stage) -> list[str]:
    """Pods that the scheduler found no node for: a rollout that needs no spare GPU never requests one."""
    return [one["message"] for one in stage.objects("events") if one["reason"] == "FailedScheduling"]
