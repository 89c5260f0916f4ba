"""The command and file that `engines` writes for TensorRT-LLM are those its emulator reads; errors are click's."""

from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from fairlead.emulator import dialects
from fairlead.emulator.command_line import ParserExit
from fairlead.emulator.engine import draft_schedule
from fairlead.emulator.serve_arguments import (
    CacheArguments,
    MetricsArguments,
    ResponseArguments,
    SchedulerArguments,
    ServeArguments,
)
from fairlead.engines import emulator, start_budget
from fairlead.fleet.conversations import Reasoning, Tools
from fairlead.fleet.desired_state import Adapter, EngineKind, ModelSource, Parallelism, SourceScheme
from fairlead.fleet.quantization import KvFormat
from tests.emulator import rendered
from tests.emulator.tensorrt_llm.starts import read
from tests.engines.setups import ENGINE, NGRAM, setup_of

OURS: Final = replace(ENGINE, kind=EngineKind.SIMULATED_TENSORRT_LLM, version="1.4.0rc1", image="fairlead:1")


def test_what_the_operator_starts_is_understood_whole(tmp_path: Path) -> None:
    adapters = tuple(
        Adapter(name=name, source=ModelSource(scheme=SourceScheme.CLAIM, location=f"a/{name}"), rank=8) for name in "ab"
    )
    setup = setup_of(
        replace(
            OURS,
            adapters=adapters,
            max_sequences=32,
            max_batched_tokens=4096,
            max_context_tokens=4096,
            memory_utilization=0.8,
            kv=KvFormat.FP8,
            eager=True,
            tools=Tools(parser="qwen3"),
            reasoning=Reasoning(parser="qwen3"),
        ),
        parallelism=Parallelism(tensor=2),
    )
    launch = emulator.TENSORRT_LLM.launch(setup, start_budget.LifecycleParameters(drain_seconds=90))
    serve_arguments = dialects.read(rendered.command(launch, tmp_path), {})

    assert (serve_arguments.kind, serve_arguments.model, serve_arguments.names) == (
        EngineKind.TENSORRT_LLM,
        setup.revision.model.source.location,
        ("chat",),
    )
    assert (serve_arguments.host, serve_arguments.port) == ("0.0.0.0", 8000)  # noqa: S104 - as in the command
    assert serve_arguments.limits == SchedulerArguments(
        context=4096,
        max_sequences=32,
        batch_tokens=4096,
        block_tokens=32,
        adapter_slots=2,
        adapter_rank=8,
    )
    assert serve_arguments.memory == CacheArguments(
        parallelism=Parallelism(tensor=2), utilization=0.8, cache_dtype="fp8", eager=True
    )
    assert serve_arguments.answering == ResponseArguments(
        prompt_tokens_details=True, auto_tool_choice=True, tool_parser="qwen3", reasoning_parser="qwen3"
    )
    assert serve_arguments.metrics == MetricsArguments()


def test_without_a_file_there_are_no_metrics_no_forms_and_no_pieces_of_prompts() -> None:
    serve_arguments = read()

    assert (serve_arguments.host, serve_arguments.port, serve_arguments.names) == ("localhost", 8000, ("chat",))
    assert serve_arguments.metrics == MetricsArguments(exposed=False, of_steps=False)
    assert not serve_arguments.answering.forms
    assert not serve_arguments.limits.chunked_prefill
    assert serve_arguments.limits.adapter_slots == 0


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        (("NGram", "max_draft_len", 4), {"method": "ngram", "model": None, "num_speculative_tokens": 4}),
        (("MTP", "num_nextn_predict_layers", 1), {"method": "mtp", "model": None, "num_speculative_tokens": 1}),
    ],
)
def test_speculation_is_reported_under_vllms_names(written: tuple[str, str, int], wanted: dict[str, object]) -> None:
    kind, key, number = written
    serve_arguments = read(f"--set=speculative_config.decoding_type={kind}", f"--set=speculative_config.{key}={number}")

    assert serve_arguments.limits.speculation == wanted


def test_above_so_many_requests_nothing_is_drafted() -> None:
    words = ("decoding_type=NGram", "max_draft_len=4", "max_concurrency=16")
    serve_arguments = read(*(f"--set=speculative_config.{word}" for word in words))

    assert serve_arguments.limits.speculation is not None
    assert serve_arguments.limits.speculation[draft_schedule.FIELD] == [[1, 16, 4], [17, 17, 0]]


def test_speculation_of_a_spec_is_read(tmp_path: Path) -> None:
    launch = emulator.TENSORRT_LLM.launch(
        setup_of(replace(OURS, speculation=NGRAM)), start_budget.LifecycleParameters()
    )
    speculation = dialects.read(rendered.command(launch, tmp_path), {}).limits.speculation

    assert speculation == {"method": "ngram", "model": None, "num_speculative_tokens": NGRAM.tokens}


def options(tmp_path: Path, written: str, *words: str) -> ServeArguments:
    """What a file and options come to."""
    file = tmp_path / "options.yaml"
    file.write_text(written, encoding="utf-8")
    return dialects.read(["trtllm-serve", "m", "--config", str(file), *words], {})


def test_a_set_key_beats_options_and_replaces_all_below_it(tmp_path: Path) -> None:
    file = "guided_decoding_backend: xgrammar\nkv_cache_config: {dtype: fp8, max_tokens: 4096}\n"
    kept = options(tmp_path, file, "--set=max_seq_len=100", "--max_seq_len=200")
    assert (kept.limits.context, kept.memory.cache_dtype, kept.answering.forms) == (100, "fp8", True)
    words = ("--set=kv_cache_config={max_tokens: 8192}", "--set", "guided_decoding_backend=null")
    replaced = options(tmp_path, file, *words)
    assert (replaced.memory.most_tokens, replaced.memory.cache_dtype, replaced.answering.forms) == (8192, "auto", False)


def test_numbers_and_truths_may_be_written_as_text(tmp_path: Path) -> None:
    file = "max_batch_size: '8'\nreturn_perf_metrics: 'no'\nkv_cache_config: {free_gpu_memory_fraction: '0.5'}\n"
    serve_arguments = options(tmp_path, file)
    assert (
        serve_arguments.limits.max_sequences,
        serve_arguments.memory.utilization,
        serve_arguments.metrics.exposed,
    ) == (8, 0.5, False)


@pytest.mark.parametrize(
    ("written", "key", "words"),
    [
        ("max_batch_size: abc", "max_batch_size", "valid integer, unable to parse string as an integer"),
        ("max_seq_len: 8192.5", "max_seq_len", "valid integer, got a number with a fractional part"),
        ("max_seq_len: -1", "max_seq_len", "greater than 0"),
        ("max_num_tokens: [1]", "max_num_tokens", "valid integer"),
        ("return_perf_metrics: perhaps", "return_perf_metrics", "valid boolean"),
        (
            "kv_cache_config: {free_gpu_memory_fraction: 1.5}",
            "kv_cache_config.free_gpu_memory_fraction",
            "between 0 and",
        ),
        ("kv_cache_config: {free_gpu_memory_fraction: x}", "kv_cache_config.free_gpu_memory_fraction", "valid number"),
        (
            "kv_cache_config: {free_gpu_memory_fraction: [1]}",
            "kv_cache_config.free_gpu_memory_fraction",
            "valid number",
        ),
        ("kv_cache_config: {dtype: int8}", "kv_cache_config.dtype", "'auto' or 'fp8' or 'nvfp4'"),
        ("dtype: bf16x", "dtype", "'auto' or 'float16'"),
        ("revision: 7", "revision", "valid string"),
        ("speculative_config: {decoding_type: Medusa, max_draft_len: 3}", "decoding_type", "write one of NGram, Draft"),
        ("speculative_config: {decoding_type: NGram}", "speculative_config", "max_draft_len must be > 0 for NGram"),
        (
            "speculative_config: {decoding_type: Eagle3, max_draft_len: 3}",
            "speculative_config",
            "speculative_model must be specified for Eagle",
        ),
    ],
)
def test_a_value_that_its_key_does_not_take_ends_the_start_with_pydantics_words(
    written: str, key: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(ParserExit) as refused:
        options(tmp_path, written)
    first, where, why = str(refused.value).split("\n")
    assert (first, where.endswith(key), words in why) == ("1 validation error for TorchLlmArgs", True, True), why


def test_a_flag_beats_the_file_and_the_sub_command_may_be_written(tmp_path: Path) -> None:
    file = tmp_path / "options.yaml"
    file.write_text("max_seq_len: 100\nmax_batch_size: 7\nkv_cache_config:\n  dtype: fp8\nlora_config: null\n")
    words = ["trtllm-serve", "serve", "m", "--config", str(file), "--max_seq_len=200", "--tp_size", "2"]
    serve_arguments = dialects.read(words, {})

    assert (serve_arguments.model, serve_arguments.limits.context, serve_arguments.limits.max_sequences) == (
        "m",
        200,
        7,
    )
    assert (serve_arguments.memory.cache_dtype, serve_arguments.memory.parallelism.tensor) == ("fp8", 2)
    file.write_text("")
    assert dialects.read(["trtllm-serve", "m", "--config", str(file)], {}).limits.context is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--sead", "2"), "Error: No such option: --sead"),
        (("--max-seq-len", "2"), "Error: No such option: --max-seq-len"),
        (("--max_seq", "2"), "Error: No such option: --max_seq"),
        (("--max_seq_len", "far"), "argument --max_seq_len: invalid int value: 'far'"),
        (("--tool_parser", "hermes"), "Error: Invalid value for '--tool_parser': 'hermes' is not one of 'auto', "),
        (("--reasoning_parser", "r1"), "Error: Invalid value for '--reasoning_parser': 'r1' is not one of "),
        (("--set", "max_seq_len"), "Each override must use PATH=YAML_VALUE syntax."),
        (("--set=dtype={",), "Invalid value for '--set': The override value is not valid YAML."),
        (("--set=dtype=!!bool perhaps",), "Invalid value for '--set': The override value is not valid YAML."),
        ((f"--set=max_seq_len={'9' * 400}",), "max_seq_len\n  Input should be a valid integer"),
        (("--set=scheduler_config.x=1",), "1 validation error for TorchLlmArgs"),
        (("--set=a=1", "--set=b=2"), "2 validation errors for TorchLlmArgs"),
        (("--config", "/nowhere/options.yaml"), "--config /nowhere/options.yaml: "),
    ],
)
def test_what_it_does_not_take_ends_its_start(options: tuple[str, ...], words: str) -> None:
    with pytest.raises(ParserExit) as refused:
        read(*options)
    assert words in str(refused.value)


@pytest.mark.parametrize("text", ["- a\n- b\n", "{", "dtype: !!timestamp soon\n", "dtype: !!int '+'\n"])
def test_a_file_that_is_no_mapping_ends_its_start(tmp_path: Path, text: str) -> None:
    file = tmp_path / "options.yaml"
    file.write_text(text)
    with pytest.raises(ParserExit, match=r"--config .*options\.yaml"):
        read("--config", str(file))


@pytest.mark.parametrize("words", [[], ["--port", "1"]])
def test_a_model_must_be_named(words: list[str]) -> None:
    with pytest.raises(ParserExit, match="Missing argument 'MODEL'"):
        dialects.read(["trtllm-serve", *words], {})
