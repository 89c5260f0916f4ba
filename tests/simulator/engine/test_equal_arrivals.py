"""Two requests at one moment: recorded traffic has them, and neither may keep the other from ending."""

from fairlead.simulator.engine.requests import EngineRequestStatus
from fairlead.simulator.engine.settings import EngineSettings, SchedulingPolicy
from tests.simulator.engine import engines, traffic
from tests.simulator.engine.traffic import TrafficRequest

BOTH = [
    TrafficRequest(
        gap=0.0, prompt=prompt, output=20, text=0, priority=2, adapter=None, stops=False, given_up_after=None
    )
    for prompt in (35, 36)
]
"""Either fits alone, both together do not."""


def test_equally_urgent_requests_of_one_moment_do_not_take_each_others_pages_for_ever() -> None:
    settings = EngineSettings(
        blocks=20,
        block_tokens=traffic.PAGE,
        batch_tokens=256,
        max_sequences=2,
        context_tokens=400,
        prefix_caching=False,
        long_prefill_tokens=5,
        reserve_whole_prompt=False,
        policy=SchedulingPolicy.PRIORITY,
    )
    record = traffic.play(engines.core(settings), BOTH)
    assert [one.status for one in record.requests] == [EngineRequestStatus.ENDED, EngineRequestStatus.ENDED]
    assert [one.preemptions > 0 for one in record.requests] == [False, True], "the later one waits"
