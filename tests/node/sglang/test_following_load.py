"""The replica count of real SGLang follows its own metrics: up and down, and from zero while requests are held."""

from typing import Any, Final

import pytest

from tests.node.engine_world import START_SECONDS, CountedQuestion
from tests.node.serving.claims import Record, unharmed
from tests.node.serving.scaling.fleets import TO_ZERO, Fleet
from tests.node.serving.scaling.trails import Trail
from tests.node.sglang.real_engines import spec
from tests.node.stories import Stage
from tests.node.streams import Traffic
from tests.node.vllm.test_following_load import CROWD, PLACES, SLOW_STARTS

pytestmark = pytest.mark.usefixtures("operated")

REAL: Final = {name: value for name, value in spec().items() if name != "replicas"}


def real_fleet(stage: Stage, least: int, policy: dict[str, Any]) -> Fleet:
    """Few slots a replica, so that a dozen clients overload it."""
    made = Fleet(stage, least=least, most=2, policy=SLOW_STARTS | policy)
    return made.apply(**REAL | {"engine": spec(batching={"maxSequences": PLACES})["engine"]})


def test_a_queue_of_real_engines_is_followed_up_and_down(stage: Stage, record_property: Record) -> None:
    chat = real_fleet(stage, 1, {})
    chat.comes_to(1, START_SECONDS)
    address = chat.address()
    with Trail(stage) as trail, Traffic(address, clients=1, question=CountedQuestion) as stays:
        with Traffic(address, clients=CROWD, question=CountedQuestion) as crowd:
            decided = trail.next_after(crowd.began, 2, START_SECONDS)
            chat.comes_to(2, START_SECONDS)
            up = chat.explained_in_full()
            crowd.goes_on()
        chat.comes_to(1, START_SECONDS)
        stays.goes_on(2)

    unharmed(crowd.report, record_property)
    unharmed(stays.report, record_property)
    record_property("seconds_to_decide", round(decided.at - crowd.began, 2))
    record_property("decided_by", decided.reason)
    record_property("needless_turns", trail.reversals - 1)
    assert (trail.counts[0], max(trail.counts), trail.counts[-1]) == (1, 2, 1)
    assert trail.reversals == 1
    assert "Signals ask for" in up


def test_from_zero_the_first_requests_wait_for_a_real_start(stage: Stage, record_property: Record) -> None:
    chat = real_fleet(stage, 0, TO_ZERO)
    address = chat.address()
    chat.comes_to(0, START_SECONDS)
    with Trail(stage) as trail:
        with Traffic(address, clients=3, question=CountedQuestion) as clients:
            woken = trail.next_after(clients.began, 1, START_SECONDS)
            clients.goes_on(3)
        chat.comes_to(0, START_SECONDS)

    unharmed(clients.report, record_property)
    record_property("seconds_to_decide", round(woken.at - clients.began, 2))
    record_property("longest_held_seconds", round(clients.report.longest_seconds, 1))
    assert woken.reason == "Waking"
