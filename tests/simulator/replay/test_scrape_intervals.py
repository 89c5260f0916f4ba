"""A live engine's counters, scraped every second: its shares are recovered, or the missing part is named."""

import random
from dataclasses import replace

import pytest

from fairlead.cluster import package_data
from fairlead.engines.vllm.memory import CURRENT
from fairlead.fleet.engine_load import DurationHistogram, EngineLoad
from fairlead.simulator.engine.core import EngineCore
from fairlead.simulator.engine.requests import EngineRequest
from fairlead.simulator.engine.settings import EngineSettings
from fairlead.simulator.replay import scrape_intervals
from fairlead.simulator.replay.scrape_intervals import TimedScrape
from fairlead.simulator.timing import calibration_file, rate_shares
from fairlead.simulator.timing.calibration_file import Calibration
from fairlead.simulator.timing.provenance import Provenance, ProvenanceLevel
from fairlead.simulator.timing.rate_shares import RateShares, TooFewStretches
from fairlead.simulator.timing.step_times import PhysicalStepTimes
from fairlead.sizing.sizing_input import SizingInput

CATALOGUE = package_data.load_catalogue()
QUESTION = SizingInput(
    release=CURRENT,
    shape=CATALOGUE.shapes["meta-llama/Llama-3.1-8B-Instruct"],
    accelerator=CATALOGUE.accelerators["NVIDIA-L4"],
    context=8192,
)
LIMITS = EngineSettings(blocks=4000, batch_tokens=2048, max_sequences=64, context_tokens=8192)
ORIGIN = Provenance(level=ProvenanceLevel.RECORDED, source="this test")


def reaching(reached: RateShares) -> PhysicalStepTimes:
    """The product's step times with these shares."""
    return rate_shares.step_times_with_shares(QUESTION, reached, ORIGIN)


def scrapes(reached: RateShares, seconds: int, every: float = 1.0) -> list[TimedScrape]:
    """What such an engine reports, under traffic that comes and goes."""
    draws = random.Random(7)  # noqa: S311  # no secret
    core, now, arrival, request = EngineCore(LIMITS, reaching(reached), draws), 0.0, 0.0, 0
    seen: list[TimedScrape] = []
    requests: list[EngineRequest] = []
    for view in range(1, seconds + 1):
        while arrival < view * every:
            now = core.advance(now, arrival, stopping=False).now
            request += 1
            requests.append(
                EngineRequest(
                    serial=request, prompt_tokens=draws.randrange(300, 1500), output_tokens=200, arrived=arrival
                )
            )
            core.add(requests[-1])
            arrival += draws.expovariate(0.8) if view % 20 < 12 else 9.0
        now = core.advance(now, view * every, stopping=False).now
        seen.append(TimedScrape(view * every, _load(core, requests)))
    return seen


def _load(core: EngineCore, requests: list[EngineRequest]) -> EngineLoad:
    firsts = sum(1 for one in requests if one.first_token is not None)
    return EngineLoad(
        engines=1,
        running=float(core.running),
        waiting=float(core.waiting),
        kv_usage=core.usage,
        capacity_tokens=LIMITS.blocks * LIMITS.block_tokens,
        generation_tokens=float(core.counts.generation_tokens),
        steps=float(core.counts.steps),
        step_tokens=float(core.counts.computed_tokens + firsts),
        time_to_first_token=DurationHistogram(count=float(firsts), total=0.0, buckets=()),
    )


@pytest.mark.parametrize("reached", [RateShares(0.8, 0.35), RateShares(0.5, 0.6), RateShares(0.95, 0.2)])
def test_shares_are_found_again_from_counters_alone(reached: RateShares) -> None:
    stretches = scrape_intervals.stretches(scrapes(reached, 240), LIMITS.batch_tokens)
    calibration = calibration_file.calibrate(QUESTION, stretches, reaching, "a test")
    assert isinstance(calibration, Calibration)
    assert calibration.shares.bandwidth == pytest.approx(reached.bandwidth, rel=0.03)
    assert calibration.shares.arithmetic == pytest.approx(reached.arithmetic, rel=0.10)
    assert calibration.error is not None
    assert calibration.error < 0.05


def test_what_was_found_is_written_and_read_and_used_for_that_deployment_only() -> None:
    calibration = calibration_file.calibrate(
        QUESTION,
        scrape_intervals.stretches(scrapes(RateShares(0.7, 0.4), 240), LIMITS.batch_tokens),
        reaching,
        "a test",
    )
    assert isinstance(calibration, Calibration)
    again = calibration_file.read(calibration_file.as_json(calibration))
    times = calibration_file.step_times(QUESTION, again)
    assert times.provenance.line().startswith("step times: recorded (")
    assert "of arithmetic; a stretch's length was wrong by" in times.provenance.line()
    other = replace(QUESTION, accelerator=CATALOGUE.accelerators["NVIDIA-A10G"])
    with pytest.raises(ValueError, match="calibrated with product NVIDIA-L4, asked for NVIDIA-A10G"):
        calibration_file.step_times(other, again)


def test_an_engine_without_pauses_does_not_show_both_rate_shares() -> None:
    timed_scrapes = scrapes(RateShares(0.7, 0.4), 4)
    calibration = calibration_file.calibrate(
        QUESTION, scrape_intervals.stretches(timed_scrapes, LIMITS.batch_tokens), reaching, "a test"
    )
    assert isinstance(calibration, TooFewStretches)
    assert "both are needed: watch for longer" in str(calibration)


def test_spaces_in_which_the_engine_was_idle_or_started_anew_are_left_out() -> None:
    busy = scrapes(RateShares(0.7, 0.4), 30)
    idle = replace(busy[3].load, running=0.0)
    anew = replace(busy[3].load, steps=0.0, step_tokens=0.0, generation_tokens=0.0)
    silent = replace(busy[3].load, steps=None)
    for load in (idle, anew, silent):
        pair = [busy[2], TimedScrape(busy[3].at, load)]
        assert scrape_intervals.stretches(pair, LIMITS.batch_tokens) == []


@pytest.mark.parametrize("text", ["", "[]", '{"bandwidth": 1}', '{"bandwidth": "x", "arithmetic": 1}'])
def test_another_file_is_no_calibration(text: str) -> None:
    with pytest.raises(ValueError, match=r"no calibration: .*; or write one with `fairlead calibrate"):
        calibration_file.read(text)
