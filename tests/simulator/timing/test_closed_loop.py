"""The closed form of a run at fixed concurrency against the simulated scheduler doing that run, step by step."""

import random
from dataclasses import dataclass
from statistics import median

import pytest

from fairlead.simulator.engine.core import EngineCore
from fairlead.simulator.engine.requests import EngineRequest
from fairlead.simulator.engine.settings import EngineSettings
from fairlead.simulator.timing import roofline
from fairlead.simulator.timing.physics import EngineBehaviour
from fairlead.simulator.timing.step_times import PhysicalStepTimes
from fitting import assumed_physics, fixed_concurrency
from fitting.columns import BUDGET
from fitting.fixed_concurrency import ConcurrencyLoad, CorrectionFactors, WorkerPool
from tests.simulator.timing import published_rows

ROOMY = EngineSettings(blocks=1_000_000, batch_tokens=int(BUDGET), max_sequences=1024, prefix_caching=False)
ROUNDS = 6


@dataclass(frozen=True)
class Drawn:
    """Lengths drawn from 80 to 100 % of these."""

    prompt: int
    output: int
    clients: int

    def load(self) -> ConcurrencyLoad:
        return ConcurrencyLoad(
            prompt=0.9 * self.prompt,
            output=0.9 * self.output,
            clients=self.clients,
            chunks=max(0.9 * self.prompt / BUDGET, 1.0),
            others=self.clients - 1,
            drafts=0.0,
            kept=1.0,
        )


def played(times: PhysicalStepTimes, drawn: Drawn) -> float:
    """Seconds a token, at the median of the requests: each client sends its next request after an answer."""
    core, chance = EngineCore(ROOMY, times, random.Random(1)), random.Random(2)  # noqa: S311  # a seeded run
    ended: list[EngineRequest] = []

    def send(serial: int, now: float) -> None:
        prompt, output = (int(length * chance.uniform(0.8, 1.0)) for length in (drawn.prompt, drawn.output))
        assert core.add(EngineRequest(serial=serial, prompt_tokens=prompt, output_tokens=output, arrived=now)) is None

    for serial in range(drawn.clients):
        send(serial, 0.0)
    now = 0.0
    while len(ended) < ROUNDS * drawn.clients:
        reached = core.advance(now, 1e9)
        now = reached.now
        for one in reached.emissions:
            if one.finished is not None:
                ended.append(one.request)
                send(drawn.clients + len(ended), now)
    return median(((one.ended or 0) - (one.first_token or 0)) / (one.output_tokens - 1) for one in ended)


@pytest.mark.parametrize("model", [published_rows.SMALL, published_rows.DENSE, "openai/gpt-oss-120b"])
@pytest.mark.parametrize("drawn", [Drawn(1024, 1024, 4), Drawn(1024, 1024, 64), Drawn(8192, 1024, 16)])
def test_the_closed_form_says_what_the_scheduler_shows(model: str, drawn: Drawn) -> None:
    times = published_rows.times(published_rows.question(model, tensor=2))
    behaviour = EngineBehaviour(roofline.ASSUMED, assumed_physics.ASSUMED_OVERHEAD)
    seen = fixed_concurrency.aggregated_figures(
        WorkerPool(times.work, 1, 1), behaviour, drawn.load(), CorrectionFactors(1, 1, 1)
    )
    assert played(times, drawn) == pytest.approx(seen.token_s, rel=0.04)
