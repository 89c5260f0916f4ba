"""Sweeps that come with the package: what was measured is as fast as it was, all else as it was fitted."""

import pytest

from fairlead.emulator import dialects, emulation_knobs, packaged_data
from fairlead.emulator.engine import provision
from fairlead.emulator.engine.provision import EmulatedMachine, EngineProvision

MODEL, H100 = "meta-llama/Llama-3.1-8B-Instruct", "NVIDIA-H100-80GB-HBM3"
PACKAGED = packaged_data.load()


def provided(*flags: str, model: str = MODEL, product: str = H100, engine: str = "vllm") -> EngineProvision:
    served = dialects.read([engine, "serve", model, *flags], {})
    return provision.provide(served, EmulatedMachine(product, 2), emulation_knobs.read({}), PACKAGED)


def is_measured(made: EngineProvision) -> bool:
    return any("Fairlead's own sweep of vLLM 0.32.0 on this GPU (docs/reference/gpu.md)" in note for note in made.notes)


def test_what_was_swept_is_as_fast_as_it_was_measured() -> None:
    made = provided("--max-num-seqs", "64")
    assert is_measured(made)
    assert made.times.decode_line(128, 128).seconds(33_933) == pytest.approx(9.08e-3, rel=0.01)


def test_a_model_of_the_same_shape_takes_as_long_whatever_its_name_is() -> None:
    assert is_measured(provided(model="meta-llama/Llama-3.1-8B"))


@pytest.mark.parametrize(
    "flags",
    [
        ("--quantization", "fp8"),
        ("--kv-cache-dtype", "fp8"),
        ("--tensor-parallel-size", "2"),
        ("--dtype", "float32"),
        ("--enforce-eager",),
    ],
)
def test_what_a_step_depends_on_must_be_alike(flags: tuple[str, ...]) -> None:
    assert not is_measured(provided(*flags))


def test_another_gpu_model_or_engine_is_fitted_as_before() -> None:
    assert not is_measured(provided(product="NVIDIA-H200"))
    assert not is_measured(provided(model="Qwen/Qwen3-8B"))
    assert not is_measured(provided(engine="sglang"))


def test_lookups_cost_there_what_they_were_measured_to() -> None:
    lookup = '{"method":"ngram","num_speculative_tokens":3}'
    made = provided("--max-num-seqs", "64", "--speculative-config", lookup)
    assert is_measured(made)
    assert made.times.decode_line(8, 32).seconds(4_780) == pytest.approx(9.39e-3, rel=0.02)
