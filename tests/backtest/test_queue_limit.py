"""A limit for first tokens that a queue misses that grows without end, whatever objective was given."""

import pytest

from fairlead.backtest import queue_limit
from fairlead.backtest.play import PlayedTraffic
from fairlead.fleet.capacity_plan import LatencyObjectives


@pytest.mark.parametrize(
    ("given", "seconds", "limit"),
    [
        pytest.param(None, 1200, 120, id="none: a tenth of the time"),
        pytest.param(1800.0, 1200, 120, id="laxer"),
        pytest.param(2.0, 1200, 2, id="stricter stays"),
        pytest.param(None, 30, 60, id="short traffic: a minute"),
    ],
)
def test_first_tokens_get_a_limit_unless_a_stricter_one_is_given(
    given: float | None, seconds: float, limit: float
) -> None:
    objectives = LatencyObjectives(ttft_p95_s=given, tpot_p95_s=0.05)
    traffic = PlayedTraffic(arrivals=lambda _: iter(()), seconds=seconds)
    assert queue_limit.limited(objectives, traffic) == LatencyObjectives(ttft_p95_s=limit, tpot_p95_s=0.05)
