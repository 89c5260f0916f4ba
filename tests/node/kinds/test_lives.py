"""A fleet of another engine kind on a node: its first answer, its rollouts, its scale-down, its drain."""

import pytest

from fairlead.fleet.desired_state import EngineKind
from tests.node.first_answers import measure_first_answer
from tests.node.kinds.emulated_kinds import EACH, MODEL, deployed, engine_of, speaks_as
from tests.node.operator_stage import observe_all
from tests.node.serving.claims import Record, unharmed
from tests.node.serving.rollouts.test_rollouts import observed_until_settled
from tests.node.serving.test_leaving import troubles
from tests.node.stories import Stage
from tests.node.streams import Question, Traffic

pytestmark = pytest.mark.usefixtures("operated")


@EACH
def test_one_apply_becomes_a_pod_of_that_kind_that_answers(
    stage: Stage, kind: EngineKind, record_property: Record
) -> None:
    measured = measure_first_answer(stage, "chat", Question, {"model": MODEL, "engine": engine_of(kind)})

    record_property("overhead_seconds", round(measured.overhead, 2))
    record_property("engine_seconds", round(measured.engine, 2))
    (pod,) = observe_all(stage)["chat"].pods
    assert speaks_as(pod, kind)
    assert 0 < measured.engine < measured.total


@EACH
def test_rollouts_and_a_scale_down_drop_nothing(stage: Stage, kind: EngineKind, record_property: Record) -> None:
    """One traffic through all: a surge, a replacement, one replica more, two fewer."""
    chat = deployed(stage, kind, rollout={"strategy": "Surge"})
    first = chat.serves().engines
    with Traffic(chat.address()) as traffic:
        chat.apply(engine=engine_of(kind, context=4096))
        seen = observed_until_settled(chat)
        traffic.goes_on()
        chat.apply(engine=engine_of(kind), rollout={"strategy": "Replace", "progressDeadlineSeconds": 60})
        last = chat.serves().engines
        traffic.goes_on()
        chat.scale(3)
        chat.serves()
        traffic.goes_on()
        chat.scale(1)
        chat.serves()
        traffic.goes_on()

    unharmed(traffic.report, record_property)
    assert min(view.ready for view in seen) >= 2, "a surge starts the new one before the old one goes"
    assert first.keys().isdisjoint(last)
    assert troubles(stage) == []


@EACH
def test_the_only_replica_is_replaced_while_requests_are_held(
    stage: Stage, kind: EngineKind, record_property: Record
) -> None:
    chat = deployed(stage, kind, replicas=1)
    chat.serves()
    with Traffic(chat.address()) as traffic:
        chat.apply(engine=engine_of(kind, context=4096))
        chat.serves()
        traffic.goes_on()

    unharmed(traffic.report, record_property)
