"""How an emulated SGLang starts: its cache by its own share of the memory, its last words, and its log."""

import pytest

from fairlead.emulator.emulation_knobs import EmulationKnobs
from fairlead.emulator.engine import provision
from fairlead.emulator.engine.provision import CannotStart, EmulatedMachine
from fairlead.emulator.faults import EngineFault
from fairlead.emulator.packaged_data import PackagedData
from fairlead.emulator.sglang import termination_messages
from fairlead.engines.sglang.engine import SglangEngine
from fairlead.fleet.conditions import ConditionReason
from fairlead.fleet.fit import Fit
from fairlead.fleet.quantization import KvFormat
from fairlead.simulator.timing.calibration_file import Calibration
from fairlead.sizing import assessment, kv_pages, memory
from tests.emulator.engine.virtual import PACKAGED
from tests.emulator.sglang.starts import provided, read

H100 = EmulatedMachine("NVIDIA-H100-80GB-HBM3", 1)


def means(words: str) -> ConditionReason:
    """How the operator interprets them."""
    return next(one.reason for one in SglangEngine().failures if one.words.search(words))


def test_its_cache_is_what_the_plan_says_of_sglang() -> None:
    made = provided(machine=H100)
    sizing = provision.question_of(
        read("--context-length", "8192"),
        PACKAGED.catalogue.shapes["meta-llama/Llama-3.1-8B-Instruct"],
        PACKAGED.catalogue.accelerators[H100.product],
        PACKAGED.catalogue,
    )
    assert isinstance(assessment.assess(sizing), Fit)
    tokens = kv_pages.tokens(sizing, memory.memory(sizing).kv.likely)

    assert made.serve_arguments.pool_tokens == tokens // 16 * 16
    assert f"max_total_num_tokens={made.serve_arguments.pool_tokens}, chunked_prefill_size=8192, " in made.log[-1]
    assert made.cache == {"page_size": "1"}
    assert provided("--page-size", "32", machine=H100).cache == {"page_size": "32"}


def test_a_flag_makes_it_smaller_and_one_below_the_context_is_only_warned_of() -> None:
    made = provided("--max-total-tokens", "4096", machine=H100)

    assert made.serve_arguments.pool_tokens == 4096
    assert any(
        line.startswith("WARNING KV pool holds 4096 tokens, fewer than --context-length 8192") for line in made.log
    )
    assert (
        provided("--max-total-tokens", "999999999", machine=H100).serve_arguments.pool_tokens
        == provided(machine=H100).serve_arguments.pool_tokens
    )


def test_weights_in_main_memory_leave_their_place_to_the_cache() -> None:
    plain, fewer = (
        provided(*flags, machine=H100).serve_arguments.pool_tokens or 0 for flags in ((), ("--cpu-offload-gb", "4"))
    )
    assert (fewer - plain) * 131_072 == pytest.approx(4 << 30, rel=0.001)


def test_experts_that_exist_twice_take_their_place_of_the_cache() -> None:
    """A quarter more of 128 experts in 48 layers, on two GPUs."""
    words, catalogue = ("--tp-size", "2", "--ep-size", "2"), PACKAGED.catalogue
    shape, card = catalogue.shapes["Qwen/Qwen3-30B-A3B"], catalogue.accelerators[H100.product]
    plain, twice = (
        memory.memory(provision.question_of(read(*words, *more), shape, card, catalogue)).weights.likely
        for more in ((), ("--ep-num-redundant-experts", "32"))
    )
    assert twice - plain == pytest.approx(48 * 32 * 3 * 2048 * 768 * 2 / 2)


def test_half_as_many_bytes_are_twice_as_many_tokens() -> None:
    plain, halved = (
        provided(*flags, machine=H100).serve_arguments.pool_tokens for flags in ((), ("--kv-cache-dtype", "fp8_e4m3"))
    )
    assert plain is not None
    assert halved is not None
    assert 1.9 < halved / plain < 2.1
    made = provision.question_of(
        read("--quantization", "fp8", "--kv-cache-dtype", "fp8_e5m2"),
        PACKAGED.catalogue.shapes["meta-llama/Llama-3.1-8B-Instruct"],
        PACKAGED.catalogue.accelerators[H100.product],
        PACKAGED.catalogue,
    )
    assert (made.weights, made.kv) == ("fp8", KvFormat.FP8_E5M2)


@pytest.mark.parametrize(
    ("flags", "machine", "words"),
    [
        (("--tp-size", "2"), H100, "invalid device ordinal; 2 GPUs wanted, 1 here"),
        (("--context-length", "999999"), H100, "context_length (999999) is greater than the derived context_length"),
        (("--tp-size", "3"), EmulatedMachine("NVIDIA-L4", 3), "Rank 0 scheduler died during initialization"),
        (("--mem-fraction-static", "0.1"), H100, "Loaded weights leave no GPU memory for the KV cache"),
        (("--mem-fraction-static", "0.18"), H100, "Loaded weights leave no GPU memory for the KV cache"),
        (("--mem-fraction-static", "0"), H100, "Loaded weights leave no GPU memory for the KV cache"),
        (("--mem-fraction-static", "1.5"), H100, "torch.OutOfMemoryError: CUDA out of memory."),
        (("--page-size", "48"), H100, "chunked_prefill_size must be divisible by page_size"),
        (("--dp-size", "0"), H100, "Rank 0 scheduler died during initialization"),
        (("--max-total-tokens", "8"), H100, "Not enough memory. Please try to increase --mem-fraction-static."),
    ],
)
def test_what_it_cannot_start_with_ends_it_with_its_own_message(
    flags: tuple[str, ...], machine: EmulatedMachine, words: str
) -> None:
    with pytest.raises(CannotStart) as ended:
        provided(*flags, machine=machine)
    assert words in str(ended.value)


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
    assert "scheduler died" in termination_messages.of(EngineFault.CRASH_AT_START, read())


def test_each_data_parallel_copy_takes_the_limit_of_requests_for_itself() -> None:
    """Each had a part of it, so that a replica of two copies was simulated with half of the requests that it runs."""
    two = provided("--dp-size", "2", "--max-running-requests", "64", machine=EmulatedMachine("NVIDIA-L4", 2))
    assert (two.engines, two.settings.max_sequences) == (2, 64)


def test_each_rank_of_attention_has_the_whole_attention_a_cache_and_its_part_of_the_limits() -> None:
    four = EmulatedMachine("NVIDIA-H100-80GB-HBM3", 4)
    flags = ("--tp-size", "4", "--max-running-requests", "64", "--chunked-prefill-size", "4096")
    whole, ranks = (provided(*flags, *more, machine=four) for more in ((), ("--attn-dp-size", "4")))

    assert (whole.engines, ranks.engines) == (1, 4)
    assert (ranks.settings.max_sequences, ranks.settings.batch_tokens) == (16, 1024)
    assert (whole.settings.max_sequences, whole.settings.batch_tokens) == (64, 4096)
    assert whole.serve_arguments.pool_tokens is not None
    assert ranks.serve_arguments.pool_tokens is not None
    assert 4 * ranks.serve_arguments.pool_tokens < whole.serve_arguments.pool_tokens, (
        "attention's weights are there four times"
    )
    plan = provision.question_of(
        read("--context-length", "8192", *flags, "--attn-dp-size", "4"),
        PACKAGED.catalogue.shapes["meta-llama/Llama-3.1-8B-Instruct"],
        PACKAGED.catalogue.accelerators[four.product],
        PACKAGED.catalogue,
    )
    assert ranks.serve_arguments.pool_tokens == kv_pages.tokens(plan, memory.memory(plan).kv.likely) // 16 * 16, (
        "as the plan"
    )
