"""A fit corrected by what a sweep of a related deployment showed."""

from dataclasses import astuple, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.simulator.engine.batch import DecodeLine, StepBatch
from fairlead.simulator.timing.provenance import Provenance, ProvenanceLevel
from fairlead.simulator.timing.relative_step_times import MOST, RelativeStepTimes, SweptRelative

ORIGIN = Provenance(level=ProvenanceLevel.PHYSICS, source="this test")


class Linear:
    """A fixed step time, plus a time for each token of context and of a prompt."""

    def __init__(self, base_s: float, context_s: float, prompt_s: float) -> None:
        self.base_s, self.context_s, self.prompt_s = base_s, context_s, prompt_s

    def decode_line(self, sequences: int, tokens: int) -> DecodeLine:
        return DecodeLine(self.base_s * tokens, self.context_s) if sequences else DecodeLine(0.0, 0.0)

    def seconds(self, batch: StepBatch) -> float:
        line = self.decode_line(batch.decodes, batch.decode_tokens)
        return line.seconds(batch.decode_context) + self.prompt_s * batch.prefill_tokens


FITTED, MEASURED = Linear(0.010, 2e-6, 1e-4), Linear(0.008, 1e-6, 1.5e-4)
OWN = Linear(0.006, 1e-6, 0.5e-4)
DECODING = StepBatch(decodes=2, decode_tokens=2, decode_context=1000)
READING = StepBatch(prefills=1, prefill_tokens=100)


def corrected(own: Linear = OWN, measured: Linear = MEASURED) -> RelativeStepTimes:
    return RelativeStepTimes(own, SweptRelative(FITTED, measured), ORIGIN)


def test_each_part_of_a_step_is_corrected_by_the_relatives_own_part() -> None:
    times = corrected()
    assert astuple(times.decode_line(2, 2)) == pytest.approx((0.0096, 0.5e-6))
    assert times.seconds(DECODING) == pytest.approx(0.0096 + 0.5e-3)
    assert times.seconds(READING) == pytest.approx(100 * 0.75e-4)
    both = replace(DECODING, prefills=1, prefill_tokens=100)
    assert times.seconds(both) == pytest.approx(times.seconds(DECODING) + times.seconds(READING))


def test_drafted_tokens_cost_more_of_what_is_left_of_the_fit() -> None:
    times = corrected()
    assert times.decode_line(2, 8).base_s == pytest.approx(8 * 0.006 * 0.8)
    assert times.decode_line(2, 8) is times.decode_line(2, 8)


def test_an_empty_step_takes_no_time() -> None:
    assert corrected().seconds(StepBatch()) == 0.0
    assert corrected().decode_line(0, 0) == DecodeLine(0.0, 0.0)


@given(st.floats(1e-6, 1e6))
def test_a_sweep_never_corrects_by_more_than_four_times(measured_s: float) -> None:
    line = corrected(measured=Linear(measured_s, 1e-6, 1e-4)).decode_line(1, 1)
    assert 0.006 / MOST * 0.999 <= line.base_s <= 0.006 * MOST * 1.001


def test_the_sweep_of_a_deployment_itself_makes_the_fit_what_was_measured() -> None:
    times = corrected(own=FITTED)
    for batch in (DECODING, READING, replace(DECODING, prefills=2, prefill_tokens=30)):
        assert times.seconds(batch) == pytest.approx(MEASURED.seconds(batch))
