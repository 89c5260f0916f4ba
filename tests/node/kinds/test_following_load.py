"""The replica count of another engine kind follows its own metrics: up and down, and from zero."""

import pytest

from fairlead.fleet.desired_state import EngineKind
from tests.node.kinds.emulated_kinds import EACH, fleet
from tests.node.serving.claims import Record, unharmed
from tests.node.serving.scaling.fleets import MOST, TO_ZERO
from tests.node.serving.scaling.test_following_load import CROWD
from tests.node.serving.scaling.trails import Trail
from tests.node.stories import Stage
from tests.node.streams import Traffic

pytestmark = pytest.mark.usefixtures("operated")


@EACH
def test_its_queue_is_followed_up_and_down(stage: Stage, kind: EngineKind, record_property: Record) -> None:
    chat = fleet(stage, kind, most=MOST)
    chat.comes_to(1)
    address = chat.address()
    with Trail(stage) as trail, Traffic(address, clients=1) as stays:
        with Traffic(address, clients=CROWD) as crowd:
            decided = trail.next_after(crowd.began, 2)
            chat.comes_to(MOST)
            up = chat.explained()
            crowd.goes_on()
        chat.comes_to(1)
        stays.goes_on(2)

    unharmed(crowd.report, record_property)
    unharmed(stays.report, record_property)
    record_property("seconds_to_decide", round(decided.at - crowd.began, 2))
    record_property("decided_by", decided.reason)
    record_property("needless_turns", trail.reversals - 1)
    assert (trail.counts[0], max(trail.counts), trail.counts[-1]) == (1, MOST, 1)
    assert trail.reversals == 1
    assert "Signals ask for" in up


@EACH
def test_from_zero_the_first_requests_are_held_and_answered(
    stage: Stage, kind: EngineKind, record_property: Record
) -> None:
    chat = fleet(stage, kind, least=0, most=MOST, policy=TO_ZERO)
    address = chat.address()
    chat.comes_to(0)
    with Trail(stage) as trail:
        with Traffic(address, clients=6) as traffic:
            woken = trail.next_after(traffic.began, 1)
            traffic.goes_on()
        chat.comes_to(0)

    unharmed(traffic.report, record_property)
    record_property("seconds_to_decide", round(woken.at - traffic.began, 2))
    record_property("longest_held_seconds", round(traffic.report.longest_seconds, 1))
    assert woken.reason == "Waking"
