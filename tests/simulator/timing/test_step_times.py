"""Step times as the scheduler sees them: a line for replies, a surcharge for prompts, always monotonic."""

from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet.quantization import WeightFormat
from fairlead.simulator.engine.batch import DecodeLine, StepBatch
from fairlead.simulator.timing import correction_groups, roofline, step_work
from fairlead.simulator.timing.catalogue import RatesUnknown, step_times
from fairlead.simulator.timing.correction_groups import RowDrafting, ServingMode
from fairlead.simulator.timing.efficiency import StepCorrection
from fairlead.simulator.timing.provenance import ProvenanceLevel
from fairlead.simulator.timing.step_times import PhysicalStepTimes
from tests.simulator.timing import published_rows

MODELS = st.sampled_from(
    [
        published_rows.SMALL,
        published_rows.DENSE,
        published_rows.EXPERTS,
        "openai/gpt-oss-120b",
        "Qwen/Qwen3.5-397B-A17B",
    ]
)
FALLING = StepCorrection(decode=1.2, decode_power=-0.1, prompt=0.8)


@given(MODELS, st.integers(1, 512), st.integers(0, 100_000))
def test_a_step_without_prompts_always_lasts_what_its_line_says(model: str, requests: int, context: int) -> None:
    times = published_rows.times(published_rows.question(model, tensor=8), published_rows.packaged())
    batch = published_rows.decoding(requests, context)
    line = times.decode_line(requests, requests)
    assert times.seconds(batch) == line.base_s + line.context_token_s * (requests * context)
    assert line.base_s > 0 < line.context_token_s


@given(MODELS, st.integers(1, 300), st.integers(1, 300), st.sampled_from([StepCorrection(), FALLING]))
def test_more_requests_never_make_a_step_shorter(model: str, one: int, more: int, correction: StepCorrection) -> None:
    request_for = published_rows.question(model, tensor=8)
    times = PhysicalStepTimes(step_work.of(request_for), roofline.ASSUMED, roofline.ORIGIN, correction)
    assert times.seconds(published_rows.decoding(one)) <= times.seconds(published_rows.decoding(one + more)) * (
        1 + 1e-9
    )


@given(MODELS, st.integers(0, 256), st.integers(1, 8000), st.integers(1, 8000))
def test_a_longer_prompt_never_makes_a_step_shorter(model: str, requests: int, prompt: int, more: int) -> None:
    times = published_rows.times(published_rows.question(model, tensor=8), published_rows.packaged())
    beside = published_rows.decoding(requests)
    short, long = (times.seconds(published_rows.reading(length, beside)) for length in (prompt, prompt + more))
    assert times.seconds(beside) < short < long


def test_a_step_without_sequences_takes_no_time() -> None:
    times = published_rows.times(published_rows.question())
    assert times.seconds(StepBatch()) == 0.0
    assert times.decode_line(0, 0) == DecodeLine(0.0, 0.0)


def test_two_gpus_are_faster_than_one_and_not_twice_as_fast() -> None:
    one, two = (
        published_rows.times(published_rows.question(tensor=count)).seconds(published_rows.decoding(16))
        for count in (1, 2)
    )
    assert one / 2 < two < one


def test_verifying_drafts_costs_more_than_one_token_and_less_than_as_many_requests() -> None:
    times = published_rows.times(published_rows.question(published_rows.DENSE, tensor=4))
    plain, drafted = (StepBatch(decodes=16, decode_tokens=tokens, decode_context=16_000) for tokens in (16, 64))
    many = StepBatch(decodes=64, decode_tokens=64, decode_context=64_000)
    assert times.seconds(plain) < times.seconds(drafted) < times.seconds(many)


def test_a_prompt_beside_replies_shares_the_weights_with_them() -> None:
    times = published_rows.times(published_rows.question())
    beside = published_rows.decoding(32)
    together, apart = times.seconds(published_rows.reading(64, beside)), times.seconds(published_rows.reading(64))
    assert together < times.seconds(beside) + apart


def test_a_measured_configuration_is_answered_with_its_own_group() -> None:
    times = published_rows.times(
        published_rows.question("openai/gpt-oss-120b", "NVIDIA-B200", tensor=2), published_rows.packaged()
    )
    assert times.provenance.level is ProvenanceLevel.GROUP
    assert "aiconfigurator" in times.provenance.line()
    assert "median error TPOT" in times.provenance.line()


def test_other_parallelism_is_answered_with_the_model_on_that_gpu_and_says_so() -> None:
    times = published_rows.times(
        published_rows.question("openai/gpt-oss-120b", "NVIDIA-B200", tensor=16), published_rows.packaged()
    )
    assert times.provenance.level is ProvenanceLevel.OTHER_LAYOUT
    assert "tp16dp1pp1" in times.provenance.line()


def test_an_unmeasured_model_is_answered_with_physics_and_the_error_of_left_out_models() -> None:
    times = published_rows.times(published_rows.question("Qwen/Qwen3-0.6B", "NVIDIA-L4"), published_rows.packaged())
    assert times.provenance.level is ProvenanceLevel.PHYSICS
    assert times.provenance.token_error == published_rows.packaged().wrong.token
    assert "no published run of Qwen/Qwen3-0.6B in 16bit on NVIDIA-L4 with vllm" in times.provenance.line()


def test_without_sets_or_for_an_unknown_engine_the_roofline_answers_and_says_what_it_assumes() -> None:
    plain = published_rows.times(published_rows.question())
    unknown = step_times(published_rows.question(), published_rows.packaged(), engine="mine")
    assert isinstance(unknown, PhysicalStepTimes)
    assert plain.provenance == unknown.provenance == roofline.ORIGIN
    assert "65 % of bandwidth" in plain.provenance.line()


def test_a_gpu_without_rates_is_refused_with_what_to_do() -> None:
    found = step_times(published_rows.question(product="Tesla-T4"), published_rows.packaged())
    assert isinstance(found, RatesUnknown)
    assert "Tesla-T4" in str(found)
    assert "bf16Tflops" in str(found)


def test_checkpoints_of_one_architecture_share_their_group() -> None:
    first, second = (
        correction_groups.group(published_rows.question(model, tensor=8), "vllm", ServingMode.TOGETHER, RowDrafting.NO)
        for model in ("deepseek-ai/DeepSeek-V3", published_rows.EXPERTS)
    )
    assert first == second


def test_precision_is_the_arithmetic_a_format_runs_in() -> None:
    formats = (WeightFormat.NONE, WeightFormat.FP8, WeightFormat.NVFP4, WeightFormat.AWQ)
    found = [correction_groups.precision(published_rows.question(weights=one)) for one in formats]
    assert found == ["16bit", "8bit", "fp4", "int4"]
