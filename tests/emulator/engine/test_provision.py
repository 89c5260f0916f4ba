"""What the emulated GPU provides: pages, limits and times of the catalogue's model, or vLLM's error."""

from dataclasses import replace

import pytest

from fairlead.emulator.emulation_knobs import EmulationKnobs
from fairlead.emulator.engine import provision
from fairlead.emulator.engine.provision import CannotStart, EmulatedMachine, EngineProvision
from fairlead.emulator.vllm import command
from fairlead.engines.vllm.memory import CURRENT
from fairlead.fleet.quantization import KvFormat
from fairlead.simulator.engine.batch import StepBatch
from fairlead.simulator.engine.settings import SchedulingPolicy
from fairlead.simulator.timing.calibration_file import Calibration
from fairlead.simulator.timing.rate_shares import RateShares
from fairlead.sizing import kv_pages, memory
from fairlead.sizing.sizing_input import SizingInput
from tests.emulator.engine.virtual import LLAMA, PACKAGED, provided

MODEL = EmulationKnobs()
H100 = EmulatedMachine("NVIDIA-H100-80GB-HBM3", 8)
WHOLE = "--no-enable-chunked-prefill"


def started(*words: str, machine: EmulatedMachine = H100, knobs: EmulationKnobs = MODEL) -> EngineProvision:
    return provision.provide(command.read(["vllm", "serve", *words]), machine, knobs, PACKAGED)


def test_the_cache_has_the_pages_that_a_plan_would_give_it() -> None:
    sizing = SizingInput(
        release=CURRENT,
        shape=PACKAGED.catalogue.shapes[LLAMA],
        accelerator=PACKAGED.catalogue.accelerators["NVIDIA-L4"],
        context=8192,
    )
    tokens = kv_pages.tokens(sizing, memory.memory(sizing).kv.likely)
    made = provided(knobs=MODEL)

    assert made.settings.blocks * 16 == tokens
    assert made.log[-1] == (
        f"INFO GPU KV cache size: {tokens:,} tokens, Maximum concurrency for 8,192 tokens per request: "
        f"{tokens / 8192:.2f}x"
    )
    assert made.log[0].startswith("INFO (simulated) step times: ")


def test_an_eight_bit_cache_holds_twice_as_much_and_two_gpus_more_than_twice() -> None:
    plain, small, wide = (started(LLAMA, *flags) for flags in ((), ("--kv-cache-dtype", "fp8"), ("-tp", "2")))

    assert small.settings.blocks == pytest.approx(2 * plain.settings.blocks, rel=0.001)
    assert wide.settings.blocks > 2 * plain.settings.blocks
    assert small.cache["cache_dtype"] == KvFormat.FP8


def test_weights_in_main_memory_leave_their_place_to_the_cache() -> None:
    plain, fewer, named, other = (
        started(LLAMA, *flags).settings.blocks
        for flags in (
            (),
            ("--cpu-offload-gb", "8"),
            ("--cpu-offload-gb=8", "--cpu-offload-params", "mlp", "--offload-backend=uva"),
            ("--cpu-offload-gb=8", "--offload-group-size=4"),
        )
    )
    assert (fewer - plain) * 16 * 131_072 == pytest.approx(8 << 30, rel=0.001)
    assert (named, other) == (fewer, plain)


def test_a_recurrent_model_holds_more_requests_without_cached_states() -> None:
    """Of 4096 tokens, a request takes 6 pages of attention's and one or two states in each of 3 groups."""
    cached, fresh = (
        started("Qwen/Qwen3.5-27B", "-tp=2", "--max-model-len=4096", flag).settings.blocks
        for flag in ("--enable-prefix-caching", "--no-enable-prefix-caching")
    )
    assert fresh == pytest.approx(cached * 12 / 9, rel=0.01)


def test_limits_are_the_flags_and_else_what_vllm_takes_on_that_gpu() -> None:
    made = started(LLAMA).settings
    assert (made.max_sequences, made.batch_tokens, made.context_tokens, made.late_stop) == (1024, 8192, 131_072, True)

    settings = started(
        *(LLAMA, "--max-num-seqs", "64", "--max-num-active-seqs", "32", "--max-num-batched-tokens", "4k"),
        *("--block-size", "32", "--no-enable-prefix-caching", "--scheduling-policy", "priority"),
        *("--long-prefill-token-threshold", "512", "--watermark", "0.01", "--no-scheduler-reserve-full-isl"),
        *("--max-num-queued-reqs", "80", "--max-num-queued-tokens", "9K", "--no-async-scheduling"),
    ).settings
    assert (settings.max_sequences, settings.batch_tokens, settings.block_tokens, settings.prefix_caching) == (
        32,
        4000,
        32,
        False,
    )
    assert (settings.policy, settings.long_prefill_tokens, settings.watermark) == (SchedulingPolicy.PRIORITY, 512, 0.01)
    assert (settings.max_unfinished, settings.max_backlog_tokens) == (80, 9 * 1024)
    assert not settings.reserve_whole_prompt
    assert not settings.late_stop

    twice = started(LLAMA, "--performance-mode", "throughput").settings
    assert (twice.max_sequences, twice.batch_tokens) == (2048, 16384)
    assert twice.blocks < made.blocks, "a larger step takes memory of the cache"
    assert started(LLAMA, "--performance-mode=throughput", "--max-num-seqs=64").settings.batch_tokens == 16384


def test_a_step_of_the_default_length_holds_a_prompt_that_is_not_cut() -> None:
    """With 8192 tokens a step, a longer prompt was refused with 500."""
    plain, whole = (started(LLAMA, "--max-model-len=65536", *flags).settings for flags in ((), (WHOLE,)))
    assert (plain.batch_tokens, whole.batch_tokens) == (8192, 65_536)
    assert whole.blocks < plain.blocks
    given = started(LLAMA, WHOLE, "--max-model-len=4096", "--max-num-batched-tokens=4096")
    assert given.settings.batch_tokens == 4096


def test_pages_or_bytes_that_were_named_are_taken_as_they_are() -> None:
    assert started(LLAMA, "--num-gpu-blocks-override", "77").settings.blocks == 77
    exact = started(LLAMA, "--kv-cache-memory-bytes", "16G")
    assert exact.settings.blocks == 16 * 2**30 // (16 * 32 * 2 * 8 * 128 * 2)
    assert exact.cache["kv_cache_memory_bytes"] == str(16 * 2**30)


def test_a_context_left_to_the_engine_is_made_to_fit() -> None:
    made = started(LLAMA, "--max-model-len", "auto", machine=EmulatedMachine("NVIDIA-L4", 1))

    assert made.serve_arguments.context_tokens == (made.settings.blocks - 1) * 16
    assert 8192 < made.serve_arguments.context_tokens < 131_072


def test_who_is_not_in_the_catalogue_gets_a_stand_in_that_is_named() -> None:
    made = started("someone/model", "--max-model-len", "100k", machine=EmulatedMachine("", 1))

    assert made.notes[:2] == (
        "WARNING (simulated) model someone/model: taken for Qwen/Qwen3-0.6B",
        "WARNING (simulated) GPU not named: taken for NVIDIA-L4",
    )
    assert made.serve_arguments.context_tokens == 100_000
    assert started("/models/model", knobs=replace(MODEL, shape=LLAMA)).settings == started(LLAMA).settings


@pytest.mark.parametrize(
    ("model", "product"),
    [
        ("Qwen/Qwen3-8B", "NVIDIA-L4"),
        (LLAMA, "NVIDIA-H100-80GB-HBM3"),
        ("meta-llama/Llama-3.1-70B-Instruct", "NVIDIA-B300-SXM6-AC"),
    ],
)
def test_an_unknown_gpu_is_taken_for_one_that_is_large_enough(model: str, product: str) -> None:
    context = ("--max-model-len", "8k") if "Qwen" in model else ()
    made = started(model, *context, machine=EmulatedMachine("Some-New-GPU", 1))

    assert f"WARNING (simulated) GPU Some-New-GPU: taken for {product}" in made.notes


def test_a_fixed_pace_takes_the_place_of_the_models_times() -> None:
    made = provided()

    assert made.times.seconds(StepBatch(decodes=9, decode_tokens=9, decode_context=9000)) == 0.1
    assert made.times.seconds(StepBatch(decodes=9, prefills=1, prefill_tokens=5)) == 0.2
    assert made.times.decode_line(9, 9).base_s == 0.1


@pytest.mark.parametrize(
    ("flags", "machine", "why"),
    [
        (
            ("-tp", "2"),
            EmulatedMachine("NVIDIA-L4", 1),
            r"World size \(2\) is larger than the number of available GPUs \(1\)",
        ),
        (
            (),
            EmulatedMachine("NVIDIA-L4", 1),
            r"To serve at least one request with the model's max seq len \(131072\), \(16.00",
        ),
        (("--max-model-len", "1M"), H100, r"User-specified max_model_len \(1048576\) is greater than the derived"),
        (("-tp", "3"), H100, r"Total number of attention heads \(32\) must be divisible by tensor parallel size \(3\)"),
        (("--gpu-memory-utilization", "0.1"), H100, "CUDA out of memory"),
        (("--kv-cache-memory-bytes", "1M"), H100, "is larger than the available KV cache memory"),
        (("--enable-auto-tool-choice",), H100, "TypeError: Error: --enable-auto-tool-choice requires --tool-call-par"),
        (
            ("--enable-auto-tool-choice", "--tool-call-parser", "hermess"),
            H100,
            r"KeyError: 'invalid tool call parser: hermess \(chose from \{ apertus,cohere_command3,",
        ),
        (
            ("--reasoning-parser", "r1"),
            H100,
            r"KeyError: 'invalid reasoning parser: r1 \(chose from \{ cohere_command3",
        ),
    ],
)
def test_what_vllm_would_refuse_ends_the_start_with_its_message(
    flags: tuple[str, ...], machine: EmulatedMachine, why: str
) -> None:
    with pytest.raises(CannotStart, match=why):
        started(LLAMA, *flags, machine=machine)


def test_kv_heads_that_gpus_cannot_share_end_it_while_the_weights_load() -> None:
    with pytest.raises(CannotStart, match=r"AssertionError: .* 10 KV heads cannot be shared evenly by 4 GPUs"):
        started("microsoft/phi-4", "-tp", "4")


def test_a_plugin_may_bring_a_parser_of_any_name_and_an_unused_parser_is_not_checked() -> None:
    own = ("--enable-auto-tool-choice", "--tool-call-parser", "own", "--tool-parser-plugin", "/own.py")
    assert started(LLAMA, *own).serve_arguments.answering.tool_parser == "own"
    assert started(LLAMA, "--tool-call-parser", "own").serve_arguments.answering.tool_parser == "own"


@pytest.mark.trial(15)
def test_a_model_takes_pictures_where_the_catalogue_says_so() -> None:
    assert not started(LLAMA).serve_arguments.multimodal
    assert started("Qwen/Qwen2.5-VL-7B-Instruct", "--max-model-len", "8192").serve_arguments.multimodal


def test_a_quantized_model_takes_less_and_the_flag_of_its_own_format_changes_nothing() -> None:
    plain, small = started(LLAMA), started(LLAMA, "-q", "fp8")
    assert small.settings.blocks > plain.settings.blocks
    stored = "RedHatAI/Meta-Llama-3.1-8B-Instruct-quantized.w8a8"
    assert started(stored).settings == started(stored, "-q", "compressed-tensors").settings


def test_times_of_this_deployment_count_first_and_those_of_another_are_refused() -> None:
    plain = started(LLAMA)
    own = Calibration(
        model=LLAMA,
        product=H100.product,
        tensor=1,
        pipeline=1,
        weights="none",
        shares=RateShares(0.5, 0.4),
        stretches=60,
        error=0.03,
        source="a test",
    )
    packaged = replace(PACKAGED, calibrated=own)
    made = provision.provide(command.read(["vllm", "serve", LLAMA]), H100, MODEL, packaged)
    other = command.read(["vllm", "serve", "Qwen/Qwen3-8B"])

    assert made.notes[-1].startswith("INFO (simulated) step times: recorded")
    assert made.times.decode_line(8, 8) != plain.times.decode_line(8, 8)
    with pytest.raises(CannotStart, match="--step-times: calibrated with model"):
        provision.provide(other, H100, MODEL, packaged)
