"""Replays: a run recorded from the simulated engine itself must replay exactly."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from fairlead.simulator.engine.batch import DecodeLine, StepBatch
from fairlead.simulator.engine.core import EngineCore
from fairlead.simulator.engine.requests import EngineRequest
from fairlead.simulator.engine.settings import EngineSettings
from fairlead.simulator.replay import first_seconds, recordings
from fairlead.simulator.replay.recordings import RecordedSecond
from fairlead.simulator.timing import rate_shares
from fairlead.simulator.timing.rate_shares import RateShares
from fitting import comparison, recorded_runs
from fitting.comparison import SimulatedReplay
from fitting.recorded_runs import Recording

LIMITS = EngineSettings(blocks=3000, batch_tokens=1000, max_sequences=64)


@dataclass(frozen=True)
class Card:
    """Step times of a card that reaches these shares of its data sheet."""

    bandwidth: float
    arithmetic: float

    def decode_line(self, sequences: int, tokens: int) -> DecodeLine:
        """Weights once, plus the cache."""
        assert sequences == tokens
        return DecodeLine(0.010 / self.bandwidth, 1e-7 / self.bandwidth)

    def seconds(self, batch: StepBatch) -> float:
        """Plus each prompt token's arithmetic."""
        line = self.decode_line(batch.decodes, batch.decode_tokens)
        alone = line.base_s + line.context_token_s * batch.decode_context
        return alone + 5e-5 * batch.prefill_tokens / self.arithmetic


REAL = Card(0.8, 0.6)


def card(reached: RateShares) -> Card:
    """A card with these shares."""
    return Card(reached.bandwidth, reached.arithmetic)


def chance() -> random.Random:
    """Nothing is drawn."""
    return random.Random(1)  # noqa: S311  # no secret


def workload() -> Iterator[EngineRequest]:
    """A crowd within three seconds, larger than the cache."""
    sizes = random.Random(5)  # noqa: S311  # no secret
    for serial in range(60):
        prompt, output = sizes.randrange(200, 900), sizes.randrange(300, 600)
        yield EngineRequest(serial=serial, prompt_tokens=prompt, output_tokens=output, arrived=serial * 0.0417)


def files() -> tuple[list[str], str, list[str]]:
    """What a recorder of that engine writes: requests, timeline, workload."""
    core, requests, now = EngineCore(LIMITS, REAL, chance()), list(workload()), 0.0
    arrivals, rows = iter([*requests, None]), ["t,prompt_throughput,gen_throughput,running,waiting,kv_cache_pct"]
    coming, before, second = next(arrivals), (0, 0), 1
    while coming is not None or core.running or core.waiting:
        until = min(float(second), coming.arrived if coming is not None else float(second))
        now = core.advance(now, until, stopping=False).now
        if coming is not None and coming.arrived == now:
            core.add(coming)
            coming = next(arrivals)
            continue
        counts = core.counts
        done = (counts.computed_tokens - counts.generation_tokens, counts.generation_tokens)
        read, made = done[0] - before[0], done[1] - before[1]
        rows.append(f"{second}.0,{max(0, read)},{made},{core.running},{core.waiting},{100 * core.usage}")
        before, second = done, second + 1
    return [_line(one) for one in requests], "\n".join(rows), ['{"hash_runs": [[10, 2]]}'] * len(requests)


def _line(request: EngineRequest) -> str:
    start = 500.0
    assert request.first_token is not None
    assert request.ended is not None
    times = {
        "queued_ts": start + request.arrived,
        "first_token_ts": start + request.first_token,
        "last_token_ts": start + request.ended,
    }
    return json.dumps({"input_toks": request.prompt_tokens, "output_toks": request.output_tokens, **times})


@pytest.fixture(scope="module")
def recording() -> Recording:
    """The recording, read back."""
    requests, timeline, workload = files()
    read = recorded_runs.read(requests, timeline, workload)
    return Recording(tuple(replace(one, prefix=()) for one in read.answered), read.seconds)


def test_a_run_recorded_from_the_model_is_met_by_the_model(recording: Recording) -> None:
    replayed = comparison.replay(recording, LIMITS, REAL, chance())
    found = comparison.distance(replayed)
    assert found.worst == pytest.approx(0.0, abs=1e-9)
    assert found.waiting_correlation == pytest.approx(1.0)
    assert found.usage_points == pytest.approx(0.0, abs=1e-9)
    assert str(found).startswith("TTFT ")


def test_a_card_that_is_slower_than_the_model_shows_in_every_mean(recording: Recording) -> None:
    found = comparison.distance(comparison.replay(recording, LIMITS, Card(1.0, 1.0), chance()))
    assert found.ttft < -0.1
    assert found.tpot < -0.1
    assert found.latency < -0.1
    assert found.worst == max(-found.ttft, -found.tpot, -found.latency)


def test_the_first_seconds_show_which_share_of_its_rates_the_gpu_reaches(recording: Recording) -> None:
    shares = rate_shares.fitted_shares(first_seconds.stretches(recording.seconds, LIMITS), card)
    assert isinstance(shares, RateShares)
    assert shares.bandwidth == pytest.approx(REAL.bandwidth, rel=0.10)
    assert shares.arithmetic == pytest.approx(REAL.arithmetic, rel=0.10)


def test_a_run_without_load_in_its_first_seconds_shows_no_rate_shares() -> None:
    idle = RecordedSecond(prompt_tokens=0.0, generation_tokens=0.0, running=0, waiting=0, usage=0.0)
    assert "use a run that starts under load" in str(
        rate_shares.fitted_shares(first_seconds.stretches([idle] * 30, LIMITS), card)
    )


def test_a_timeline_without_its_columns_is_refused_with_them() -> None:
    with pytest.raises(ValueError, match="the header lacks prompt_throughput"):
        recordings.read_seconds("t,running\n1,2\n")


def test_requests_carry_their_prompts_chains() -> None:
    requests, timeline, workload = files()
    read = recorded_runs.read(requests, timeline, workload)
    assert read.answered[0].prefix == (10, 11)
    assert read.answered[0].arrived == 0.0
    with pytest.raises(ValueError, match="take the workload of this run"):
        recorded_runs.read(requests, timeline, workload[1:])


def test_a_run_under_other_limits_is_not_compared(recording: Recording) -> None:
    with pytest.raises(ValueError, match="its run had other limits"):
        comparison.replay(recording, replace(LIMITS, blocks=30), REAL, chance())


def test_a_replay_that_was_left_before_its_end_is_not_judged(recording: Recording) -> None:
    unanswered = tuple(one.engine_request(serial) for serial, one in enumerate(recording.answered))
    with pytest.raises(AssertionError, match="request 0 has not ended"):
        comparison.distance(SimulatedReplay(recording, unanswered, (), 0))
