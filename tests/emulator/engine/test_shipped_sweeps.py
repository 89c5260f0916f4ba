"""The packaged sweeps: measured points are as fast as measured, all else as fitted."""

from dataclasses import replace

import pytest

from fairlead.emulator import dialects, emulation_knobs, packaged_data
from fairlead.emulator.engine import provision
from fairlead.emulator.engine.provision import EmulatedMachine, EngineProvision
from fairlead.emulator.packaged_data import PackagedData
from fairlead.fleet.sweeps import EngineVariant
from fairlead.simulator.sweep.measurements import SweepWork

MODEL, H100, H200 = "meta-llama/Llama-3.1-8B-Instruct", "NVIDIA-H100-80GB-HBM3", "NVIDIA-H200"
PACKAGED = packaged_data.load()
OURS = "Fairlead's own sweep of vLLM 0.32.0 on this GPU (docs/reference/gpu.md)"
FP8 = EngineVariant.FP8


def provided(
    *flags: str, model: str = MODEL, product: str = H100, engine: str = "vllm", packaged: PackagedData = PACKAGED
) -> EngineProvision:
    serve_arguments = dialects.read([engine, "serve", model, *flags], {})
    return provision.provide(serve_arguments, EmulatedMachine(product, 2), emulation_knobs.read({}), packaged)


def is_measured(made: EngineProvision) -> bool:
    return any(f"; {OURS}; errors" in note for note in made.notes)


def test_what_was_swept_is_as_fast_as_it_was_measured() -> None:
    made = provided("--max-num-seqs", "64")
    assert is_measured(made)
    assert made.times.decode_line(128, 128).seconds(33_933) == pytest.approx(9.08e-3, rel=0.01)


def test_a_model_of_the_same_shape_takes_as_long_whatever_its_name_is() -> None:
    assert is_measured(provided(model="meta-llama/Llama-3.1-8B"))


def test_another_format_on_the_same_card_is_corrected_by_it() -> None:
    """Beside measured FP8 weights, of which only the sweep in 16 bits is used."""
    (sweep,) = (one for one in PACKAGED.sweeps if one.deployment.product == H100)
    flags = "--max-num-seqs", "128", "--quantization", "fp8"
    made, fitted = provided(*flags), provided(*flags, packaged=replace(PACKAGED, sweeps=()))
    assert not is_measured(made)
    assert any(f"corrected by {OURS}, in another format" in note for note in made.notes)
    points = [one for one in sweep.steps if (one.point.variant, one.point.work) == (FP8, SweepWork.DECODE)]
    assert len(points) == 3
    for one in points:
        batch = one.point.batch, int(one.decode_tokens)
        real_s = one.seconds / one.steps
        assert made.times.decode_line(*batch).seconds(one.attended) == pytest.approx(real_s, rel=0.05)
        assert fitted.times.decode_line(*batch).seconds(one.attended) > 1.07 * real_s


def test_a_cache_in_eight_bits_never_seems_slower_than_the_measured_one_in_sixteen() -> None:
    plain, narrow = (provided(*flags).times for flags in ((), ("--kv-cache-dtype", "fp8")))
    for batch in (1, 16, 128):
        assert narrow.decode_line(batch, batch).seconds(batch * 4000) < plain.decode_line(batch, batch).seconds(
            batch * 4000
        )


@pytest.mark.parametrize(
    "flags",
    [
        ("--tensor-parallel-size", "2"),
        ("--dtype", "float32"),
        ("--enforce-eager",),
    ],
)
def test_what_else_a_step_depends_on_must_be_alike(flags: tuple[str, ...]) -> None:
    assert not any(OURS in note for note in provided(*flags).notes)


def test_another_gpu_model_or_engine_is_fitted_as_before() -> None:
    assert not is_measured(provided(product="NVIDIA-A100-SXM4-80GB"))
    assert not is_measured(provided(model="Qwen/Qwen3-8B"))
    assert not is_measured(provided(engine="sglang"))


def test_lookups_cost_there_what_they_were_measured_to() -> None:
    lookup = '{"method":"ngram","num_speculative_tokens":3}'
    made = provided("--max-num-seqs", "64", "--speculative-config", lookup)
    assert is_measured(made)
    assert made.times.decode_line(8, 32).seconds(4_780) == pytest.approx(9.39e-3, rel=0.02)


def test_a_head_costs_on_each_card_what_was_measured_or_else_estimated_of_it() -> None:
    head = '{"method":"eagle3","model":"yuhuili/EAGLE3-LLaMA3.1-Instruct-8B","num_speculative_tokens":3}'
    flags = "--max-num-seqs", "128", "--speculative-config", head
    measured = provided(*flags, product=H200)
    assert is_measured(measured)
    assert measured.times.decode_line(1, 4).seconds(337) == pytest.approx(6.24e-3, rel=0.05)
    estimated = provided(*flags)
    assert is_measured(estimated)
    added = estimated.times.decode_line(1, 4).seconds(337) - estimated.times.decode_line(1, 1).seconds(337)
    assert 0.5e-3 < added < 2e-3
