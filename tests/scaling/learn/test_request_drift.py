"""What was learnt from other requests counts for less when current ones stay longer."""

from dataclasses import replace
from typing import Final

import pytest

from fairlead.scaling.facts import ReplicaSpeed
from fairlead.scaling.learn import replica_speed, request_drift, request_mix
from fairlead.scaling.learn.intervals import EngineInterval
from fairlead.scaling.learn.replica_speed import SpeedFit
from fairlead.scaling.learn.request_mix import AverageRequest, RequestMix

pytestmark = pytest.mark.trial(21)

LEARNT: Final = AverageRequest(
    prompt_tokens=100.0, computed_share=1.0, output_tokens=20.0, held_tokens=110.0, true_share=1.0
)
"""Twenty tokens of 50 ms: a second each, so that eight of them end eight times a second."""
SPEED: Final = ReplicaSpeed(step_seconds=0.04, seconds_per_sequence=0.00125, seconds_per_prompt_token=0.0001)
SECONDS: Final = 8.0


def interval(ended: float, *, entered: float = 0.0, each: float = 0.05, prompts: float = 0.0) -> EngineInterval:
    """Eight run all the time."""
    tokens = 8 * SECONDS / each
    return EngineInterval(
        seconds=SECONDS,
        running=8.0,
        entered=entered,
        prompt_tokens=prompts,
        cached_tokens=0.0,
        output_tokens=tokens,
        finished=ended,
        first=ended,
        tokens=tokens,
        token_seconds=tokens * each,
        paced=ended,
        first_late=None,
        pace_late=None,
    )


def test_requests_that_end_on_time_take_no_weight_from_what_was_learned() -> None:
    assert request_drift.mix_weight([interval(64.0)], LEARNT) == 1.0
    assert request_drift.mix_weight([interval(33.0)], LEARNT) == 1.0, "within twice as long"
    assert request_drift.mix_weight([], LEARNT) == 1.0


def test_requests_that_do_not_end_take_most_of_the_learned_weight_at_every_scrape() -> None:
    assert request_drift.mix_weight([interval(15.0)], LEARNT) == 0.25
    assert request_drift.mix_weight([interval(0.0)], LEARNT) == request_drift.LEAST


def test_few_that_are_late_may_be_chance() -> None:
    assert request_drift.mix_weight([replace(interval(0.0), running=1.0)], LEARNT) == 1.0


def test_a_request_that_has_just_arrived_is_not_expected_to_end() -> None:
    assert request_drift.mix_weight([interval(0.0, entered=16.0)], LEARNT) == 1.0


def test_without_generated_tokens_it_is_unknown_how_long_requests_should_stay() -> None:
    idle = replace(interval(0.0), tokens=0.0, token_seconds=0.0, output_tokens=0.0)
    assert request_drift.mix_weight([idle], LEARNT) == 1.0
    assert request_drift.speed_weight([idle], SPEED) == 1.0


def test_tokens_that_take_far_longer_than_learned_reduce_the_weight_of_the_speed() -> None:
    assert request_drift.speed_weight([interval(64.0)], SPEED) == 1.0
    assert request_drift.speed_weight([interval(64.0, each=0.2)], SPEED) == 0.25
    assert request_drift.speed_weight([interval(64.0, each=50.0)], SPEED) == request_drift.LEAST


def test_an_interval_filled_with_prefill_is_no_evidence_of_the_step_time() -> None:
    assert request_drift.speed_weight([interval(64.0, each=0.2, prompts=45_000.0)], SPEED) == 1.0


def test_a_mixture_keeps_its_means_and_never_less_than_it_needs_to_say_anything() -> None:
    much = RequestMix(requests=1000.0, output_tokens=20_000.0, first=1000.0, prompt_tokens=1e5, running=800.0)
    lighter, least = request_mix.discounted(much, 0.5), request_mix.discounted(much, 0.001)
    assert (lighter.requests, lighter.output_tokens, lighter.running) == (500.0, 10_000.0, 400.0)
    assert least.requests == request_mix.MIN_KEPT
    assert request_mix.average(least) == request_mix.average(much)
    assert request_mix.discounted(much, 1.0) is much


def test_few_requests_are_soon_outweighed_anyway() -> None:
    few = RequestMix(requests=request_mix.FEW - 1)
    assert request_mix.discounted(few, 0.1) is few


def test_only_the_speed_of_the_revision_that_serves_is_discounted() -> None:
    old, new = SpeedFit(revision="old", equations=100.0), SpeedFit(revision="new", equations=100.0, kv_tokens=5.0)
    lighter = replica_speed.discounted((old, new), "new", 0.25)
    assert lighter == (old, SpeedFit(revision="new", equations=25.0, kv_tokens=5.0))
    assert replica_speed.discounted((old, new), "new", 1.0) == (old, new)
