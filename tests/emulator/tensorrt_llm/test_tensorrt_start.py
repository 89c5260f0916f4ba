"""How an emulated TensorRT-LLM starts: its cache by its own share of what is left, and its last words."""

import pytest

from fairlead.emulator.emulation_knobs import EmulationKnobs
from fairlead.emulator.engine import provision
from fairlead.emulator.engine.provision import CannotStart, EmulatedMachine
from fairlead.emulator.faults import EngineFault
from fairlead.emulator.packaged_data import PackagedData
from fairlead.emulator.tensorrt_llm import termination_messages
from fairlead.engines.tensorrt_llm.engine import TensorRtEngine
from fairlead.fleet.conditions import ConditionReason
from fairlead.fleet.fit import Fit
from fairlead.simulator.timing.calibration_file import Calibration
from fairlead.sizing import assessment, kv_pages, memory
from tests.emulator.engine.virtual import L4, PACKAGED
from tests.emulator.tensorrt_llm.starts import H100, METRICS, provided, read


def means(words: str) -> ConditionReason:
    """How the operator interprets them."""
    return next(one.reason for one in TensorRtEngine().failures if one.words.search(words))


def test_its_cache_is_what_the_plan_says_of_it() -> None:
    made = provided()
    sizing = provision.question_of(
        read("--max_seq_len", "8192"),
        PACKAGED.catalogue.shapes["meta-llama/Llama-3.1-8B-Instruct"],
        PACKAGED.catalogue.accelerators[H100.product],
        PACKAGED.catalogue,
    )
    assert isinstance(assessment.assess(sizing), Fit)
    tokens = kv_pages.tokens(sizing, memory.memory(sizing).kv.likely)

    assert made.serve_arguments.pool_tokens == tokens // 32 * 32
    assert made.log[-1] == f"INFO (simulated) KV cache: {made.serve_arguments.pool_tokens} tokens in blocks of 32"
    assert made.cache == {"page_size": "32", "enable_block_reuse": "True"}
    assert (made.settings.max_sequences, made.settings.batch_tokens) == (2048, 8192)


def test_half_as_many_bytes_are_twice_as_many_tokens_and_a_key_makes_it_smaller() -> None:
    plain, halved = (provided(*options).serve_arguments.pool_tokens for options in ((), ("--kv_cache_dtype", "fp8")))
    assert plain is not None
    assert halved is not None
    assert 1.9 < halved / plain < 2.1
    assert provided("--set=kv_cache_config.max_tokens=9000").serve_arguments.pool_tokens == 8992


@pytest.mark.parametrize(
    ("options", "machine", "words"),
    [
        (("--tp_size", "2"), H100, "2 GPUs wanted, 1 here"),
        (("--tp_size", "3"), EmulatedMachine("NVIDIA-L4", 3), "AssertionError: (simulated: 32 heads on 3 ranks)"),
        (("--set=kv_cache_config.max_tokens=4096",), H100, "window of 8192 tokens is larger than the KV cache"),
    ],
)
def test_what_it_cannot_start_with_ends_it(options: tuple[str, ...], machine: EmulatedMachine, words: str) -> None:
    with pytest.raises(CannotStart) as ended:
        provided(*options, machine=machine)
    assert words in str(ended.value)


def test_weights_that_do_not_fit_end_it_with_torchs_error() -> None:
    with pytest.raises(CannotStart, match=r"torch\.OutOfMemoryError: CUDA out of memory"):
        provision.provide(read(model="Qwen/Qwen3-32B"), L4, EmulationKnobs(), PACKAGED)


def test_a_context_longer_than_the_models_is_not_refused_there() -> None:
    serve_arguments = read("--max_seq_len", "140000", *METRICS)
    assert provision.provide(serve_arguments, H100, EmulationKnobs(), PACKAGED).serve_arguments.context_tokens == 140000


def test_measurements_of_vllm_are_not_its_own() -> None:
    measured = PackagedData(PACKAGED.catalogue, PACKAGED.fitted, Calibration.__new__(Calibration))
    with pytest.raises(CannotStart, match="the file was measured on vLLM"):
        provision.provide(read(), H100, EmulationKnobs(), measured)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (EngineFault.OUT_OF_MEMORY, ConditionReason.OUT_OF_GPU_MEMORY),
        (EngineFault.GATED, ConditionReason.ACCESS_DENIED),
        (EngineFault.NO_MODEL, ConditionReason.MODEL_NOT_FOUND),
    ],
)
def test_the_operator_understands_its_termination_messages(fault: EngineFault, reason: ConditionReason) -> None:
    assert means(termination_messages.of(fault, read())) is reason
    assert "could not be made" in termination_messages.of(EngineFault.CRASH_AT_START, read())
