"""Requests drawn from rates and means: as many as came, as long on average, and the same for the same seed."""

import random
import statistics

from fairlead.simulator.traffic import rate_history
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.traffic.rate_history import HistoryStep

STEPS = (HistoryStep(0.0, 0.0, 0.0), HistoryStep(10.0, 800.0, 100.0), HistoryStep(5.0, 2000.0, 1.0))
STEP_SECONDS = 1000.0


def drawn(seed: int) -> list[RequestArrival]:
    return list(rate_history.arrivals(STEPS, STEP_SECONDS, random.Random(seed)))  # noqa: S311 - a test


def test_each_step_has_its_rate_and_its_means() -> None:
    for place, step in enumerate(STEPS):
        found = [one for one in drawn(3) if int(one.time / STEP_SECONDS) == place]
        assert abs(len(found) - step.rate * STEP_SECONDS) <= 0.05 * step.rate * STEP_SECONDS
        if found:
            assert abs(statistics.fmean(one.prompt_tokens for one in found) / step.prompt_tokens - 1) < 0.05
            assert min(one.output_tokens for one in found) >= 1


def test_lengths_spread_as_widely_as_their_mean_is_large() -> None:
    prompts = [one.prompt_tokens for one in drawn(3) if 1000 <= one.time < 2000]
    assert 0.9 < statistics.stdev(prompts) / statistics.fmean(prompts) < 1.1


def test_the_same_chance_draws_the_same_requests() -> None:
    assert drawn(7) == drawn(7) != drawn(8)
