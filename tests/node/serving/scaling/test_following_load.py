"""The replica count follows the load up and down, from zero too, and no client is worse off for it."""

import re
from typing import Final

import pytest

from tests.node.serving.claims import Record, unharmed
from tests.node.serving.scaling.fleets import MOST, TIMEOUT_S, TO_ZERO, Fleet, command, simulated
from tests.node.serving.scaling.trails import Trail
from tests.node.stories import Stage
from tests.node.streams import Traffic
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("operated")

CROWD: Final = 28
"""One replica holds four of them: the others wait, and more than two wait for each of three replicas."""

WAITING_IS_FINE: Final = {
    "objectives": {"queueTimeP95": "500ms"},
    "signals": {"queueDepth": {"targetPerReplica": 100}},
}


def test_a_step_of_load_is_followed_up_and_down(stage: Stage, record_property: Record) -> None:
    """One client stays through all of it: a client of a replica that goes gets its whole answer."""
    chat = Fleet(stage).apply()
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
    record_property("needless_turns", trail.reversals - 1)
    assert (trail.counts[0], max(trail.counts), trail.counts[-1]) == (1, MOST, 1)
    assert trail.reversals == 1
    assert "AtMaximum" in trail.reasons(MOST)
    assert re.search(rf"{MOST} replicas \(\w+\), {MOST} ready", up), up
    assert "Signals ask for" in up
    assert "chat" in command(stage, "top", "--once")


def test_from_zero_the_first_requests_are_held_and_answered(stage: Stage, record_property: Record) -> None:
    chat = Fleet(stage, least=0, policy=TO_ZERO).apply()
    address = chat.address()
    chat.comes_to(0)
    asleep = chat.explained()
    with Trail(stage) as trail:
        with Traffic(address, clients=6) as traffic:
            woken = trail.next_after(traffic.began, 1)
            traffic.goes_on()
        chat.comes_to(0)

    unharmed(traffic.report, record_property)
    record_property("seconds_to_decide", round(woken.at - traffic.began, 2))
    record_property("longest_held_seconds", round(traffic.report.longest_seconds, 1))
    assert trail.counts[0] == trail.counts[-1] == 0
    assert woken.reason == "Waking"
    assert "0 replicas: no request came for 6 s" in asleep


@pytest.mark.trial(21)
def test_time_in_the_queue_is_a_reason_where_few_wait(stage: Stage, record_property: Record) -> None:
    """Ten clients on four slots: six wait, which the queue's target allows, but longer than they may."""
    chat = Fleet(stage, most=2, policy=WAITING_IS_FINE).apply()
    chat.comes_to(1)
    with Trail(stage) as trail, Traffic(chat.address(), clients=10) as traffic:
        grown = trail.next_after(traffic.began, 2)
        explained = chat.explained()

    unharmed(traffic.report, record_property)
    record_property("seconds_to_decide", round(grown.at - traffic.began, 2))
    assert grown.reason == "QueueTime"
    assert "queueTimeP95 is 0.5 s" in explained


@pytest.mark.trial(10)
def test_an_edit_under_load_grows_the_new_revision_alone(stage: Stage, record_property: Record) -> None:
    """One replica, and a crowd that needs the maximum: no new one has the spec that was just replaced."""
    chat = Fleet(stage).apply()
    (old,) = chat.comes_to(1).revisions
    held = [1]

    def all_are_new() -> bool:
        found = chat.observe().revisions
        held.append(found.pop(old, 0))
        return sum(found.values()) == MOST

    address = chat.address()
    chat.apply(engine=simulated(context=4096))
    with Traffic(address, clients=CROWD) as traffic:
        eventually(all_are_new, f"{MOST} replicas of the new revision", TIMEOUT_S)
        traffic.goes_on()

    unharmed(traffic.report, record_property)
    assert max(held) == 1, held
