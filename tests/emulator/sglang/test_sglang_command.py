"""The command that `engines` writes for SGLang is the one its emulator reads, with SGLang's own parser errors."""

from dataclasses import replace
from typing import Final

import pytest

from fairlead.emulator import dialects
from fairlead.emulator.command_line import ParserExit
from fairlead.emulator.serve_arguments import AdmissionRules, MetricsArguments, SchedulerArguments
from fairlead.engines import emulator, start_budget
from fairlead.engines.sglang import metrics
from fairlead.engines.sglang.engine import SglangEngine
from fairlead.fleet.desired_state import Adapter, EngineKind, ModelSource, Parallelism, SourceScheme
from fairlead.fleet.engine_launch import EnvVar
from fairlead.simulator.engine.settings import SchedulingPolicy
from tests.emulator.sglang.starts import read
from tests.engines.setups import ENGINE, NGRAM, setup_of

OURS: Final = replace(ENGINE, kind=EngineKind.SIMULATED_SGLANG, version="0.5.23", image="fairlead:1")


def test_what_the_operator_starts_is_understood_whole() -> None:
    adapters = tuple(
        Adapter(name=name, source=ModelSource(scheme=SourceScheme.HUB, location=f"org/{name}"), rank=8) for name in "ab"
    )
    setup = setup_of(
        replace(OURS, adapters=adapters, max_sequences=32, max_queued_requests=8, max_context_tokens=4096),
        parallelism=Parallelism(data=2),
    )
    words = emulator.SGLANG.launch(setup, start_budget.LifecycleParameters(drain_seconds=90)).command
    serve_arguments = dialects.read(words[words.index("--") :], {})

    assert (serve_arguments.kind, serve_arguments.model, serve_arguments.names) == (
        EngineKind.SGLANG,
        setup.revision.model.source.location,
        ("chat",),
    )
    assert (serve_arguments.host, serve_arguments.port) == ("0.0.0.0", 30000)  # noqa: S104 - as in the command
    assert serve_arguments.adapters == (("a", "org/a"), ("b", "org/b"))
    assert serve_arguments.limits == SchedulerArguments(context=4096, max_sequences=32, adapter_slots=2, adapter_rank=8)
    assert serve_arguments.memory.parallelism == Parallelism(data=2)
    assert serve_arguments.admission == AdmissionRules(
        max_waiting=4, while_draining=True, larger_first=True, ids_are_prefixes=True
    )
    assert serve_arguments.metrics == MetricsArguments(
        exposed=True, refreshed_steps=10, first_token_bounds=tuple(map(float, metrics.FIRST_TOKEN_BOUNDS))
    )
    assert serve_arguments.answering.prompt_tokens_details


def test_one_rank_lets_as_many_wait_as_all_ranks_of_attention_do() -> None:
    setup = setup_of(
        replace(OURS, max_queued_requests=8, extra_args=("--attn-dp-size", "4")), parallelism=Parallelism(tensor=4)
    )
    words = emulator.SGLANG.launch(setup, start_budget.LifecycleParameters()).command

    assert words[words.index("--max-queued-requests") + 1] == "2"
    assert dialects.read(words[words.index("--") :], {}).admission.max_waiting == 8


def test_speculation_is_counted_without_the_token_that_the_model_adds() -> None:
    words = emulator.SGLANG.launch(setup_of(replace(OURS, speculation=NGRAM)), start_budget.LifecycleParameters())
    speculation = dialects.read(words.command[words.command.index("--") :], {}).limits

    assert speculation.speculation == {"method": "ngram", "model": None, "num_speculative_tokens": NGRAM.tokens}
    assert speculation.max_sequences == 48, "what it takes at most while it drafts"
    default = read("--speculative-algorithm", "EAGLE3", "--speculative-draft-model", "d").limits.speculation
    assert default == {"method": "eagle3", "model": "d", "num_speculative_tokens": 5}
    own = read("--speculative-algorithm", "NEXTN").limits.speculation
    assert own == {"method": "mtp", "model": None, "num_speculative_tokens": 3}


def test_flags_are_completed_and_amounts_have_letters() -> None:
    serve_arguments = read(
        "--context-l=8k", "--max-total", "16Ki", "--page-size", "64", "--disable-radix", "--log-level", "info"
    )

    assert (serve_arguments.limits.context, serve_arguments.memory.most_tokens) == (8000, 16_384)
    assert (serve_arguments.limits.block_tokens, serve_arguments.limits.block_size_set) == (64, True)
    assert not serve_arguments.limits.prefix_caching
    assert not serve_arguments.metrics.exposed
    assert serve_arguments.metrics.refreshed_steps == 40


def test_priorities_are_turned_round_by_a_flag_only() -> None:
    plain = read("--enable-priority-scheduling", "--default-priority-value", "3")
    turned = read("--enable-priority-scheduling", "--schedule-low-priority-values-first")

    assert plain.limits.policy is turned.limits.policy is SchedulingPolicy.PRIORITY
    assert (plain.admission.larger_first, turned.admission.larger_first) == (True, False)
    assert (plain.admission.default_priority, turned.admission.default_priority) == (3, None)


@pytest.mark.parametrize(("value", "on"), [("1", True), ("True", True), ("no", False), (None, False)])
def test_headers_say_nothing_without_the_variable_that_it_needs(value: str | None, on: bool) -> None:
    environment = {} if value is None else {"SGLANG_ENABLE_REQUEST_HEADER_OVERRIDES": value}

    assert dialects.read(["sglang", "serve", "m"], environment).admission.header_overrides is on


def test_the_variable_is_set_where_priorities_count_in_the_real_engine_and_in_the_emulated_one() -> None:
    ours = EnvVar(name="SGLANG_ENABLE_REQUEST_HEADER_OVERRIDES", value="1")
    flags = ("--enable-priority-s", "--schedule-low-priority-values-first")
    plain, ranked = setup_of(OURS), setup_of(replace(OURS, extra_args=flags, extra_env=(("A", "b"),)))

    for engine in (emulator.SGLANG, SglangEngine()):
        assert ours in engine.launch(ranked, start_budget.LifecycleParameters()).environment
        assert ours not in engine.launch(plain, start_budget.LifecycleParameters()).environment
    assert emulator.SGLANG.launch(ranked, start_budget.LifecycleParameters()).environment == (
        ours,
        EnvVar(name="A", value="b"),
    )


def test_adapters_are_written_in_three_ways() -> None:
    given = '{"lora_name": "c", "lora_path": "/c", "pinned": true}'

    assert read("--lora-paths", "a=/a", "/b", given).adapters == (("a", "/a"), ("/b", "/b"), ("c", "/c"))
    enabled = read("--enable-lora", "--max-lora-rank", "64", "--lora-target-modules", "q_proj", "v_proj").limits
    assert (enabled.adapter_slots, enabled.adapter_rank) == (7, 64), "the model takes one of eight"
    assert read("--lora-paths", "a=/a").limits.adapter_rank == 16
    assert read("--lora-paths", "{odd").adapters == (("{odd", "{odd"),), "a path, since it is no JSON"
    assert read().limits.adapter_slots == 0


def test_a_model_may_stand_behind_its_flag_and_must_stand_somewhere() -> None:
    assert dialects.read(["sglang", "serve", "--model-path", "m"], {}).names == ("m",)
    with pytest.raises(ParserExit, match="the following arguments are required"):
        dialects.read(["sglang", "serve"], {})


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--sead", "7", "x"), "sglang serve: error: unrecognized arguments: --sead 7 x"),
        (("-tp", "2"), "sglang serve: error: unrecognized arguments: -tp 2"),
        (("--max_total_tokens", "2"), "sglang serve: error: unrecognized arguments: --max_total_tokens 2"),
        (("--enable-met",), "ambiguous option: --enable-met could match --enable-metrics"),
        (("--max-total-tokens", "many"), "error: argument --max-total-tokens: Invalid integer value: 'many'. Use a"),
        (("--max-total-tokens", "1.5Ki"), "Decimals are not allowed with IEC suffixes like 'Ki'. Use an integer"),
        (("--max-queued-requests", "1k"), "argument --max-queued-requests: invalid int value: '1k'"),
        (("--reasoning-parser", "deepseek_r1"), "argument --reasoning-parser: invalid choice: 'deepseek_r1'"),
        (("--kv-cache-dtype", "fp8"), "argument --kv-cache-dtype: invalid choice: 'fp8'"),
        (("--quantization", "nope"), "argument --quantization: invalid choice: 'nope'"),
        (("--dtype=bf16",), "argument --dtype: invalid choice: 'bf16'"),
        (("--schedule-policy", "edf"), "argument --schedule-policy: invalid choice: 'edf'"),
        (("--lora-paths", '{"a": 1}'), "--lora-paths {\"a\": 1}: KeyError('lora_name')"),
        (("--lora-paths", "{a}"), "--lora-paths {a}: JSONDecodeError"),
    ],
)
def test_a_flag_that_its_parser_does_not_accept_is_refused_with_the_parsers_message(
    flags: tuple[str, ...], words: str
) -> None:
    with pytest.raises(ParserExit) as refused:
        read(*flags)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--speculative-algorithm", "NOPE"), "ValueError: Unknown speculative algorithm name: NOPE"),
        (("--speculative-algorithm", "dflash"), "DFLASH is not emulated; write one of EAGLE, EAGLE3"),
        (("--served-model-name", "a:b"), "served_model_name cannot contain a colon"),
        (("--enable-priority-scheduling", "--schedule-policy", "lpm"), "'lpm' is not supported."),
        (
            ("--page-size", "48", "--chunked-prefill-size", "2048"),
            "chunked_prefill_size must be divisible by page_size",
        ),
        (("--enable-lora",), "you need to specify both --max-lora-rank and --lora-target-modules"),
        (("--attn-dp-size", "0"), "--attn-dp-size must be positive (got 0)."),
        (("--attn-dp-size", "3", "--tp-size", "2"), "3 ranks of attention on 2 GPUs"),
        (("--attn-dp-size", "2", "--tp-size", "2", "--dp-size", "2"), "--dp-size 2 with --attn-dp-size 2: "),
        (
            ("--attn-dp-size", "2", "--tp-size", "2", "--speculative-algorithm", "NGRAM"),
            "Currently ngram speculative decoding does not support dp attention.",
        ),
        (
            ("--tp-size", "2", "--attn-dp-size", "2", "--page-size", "64", "--chunked-prefill-size", "64"),
            "chunked_prefill_size must be divisible by page_size",
        ),
    ],
)
def test_flags_that_contradict_one_another_are_refused_before_anything_is_loaded(
    flags: tuple[str, ...], words: str
) -> None:
    with pytest.raises(ParserExit) as refused:
        read(*flags)
    assert words in str(refused.value)


def test_ranks_of_attention_are_read_by_both_names_and_from_the_older_flag() -> None:
    memory = read("--tp-size", "8", "--attn-dp-size", "4").memory
    assert (memory.parallelism, memory.attention_ranks) == (Parallelism(tensor=8), 4)
    assert read("--tp-size", "8", "--attention-data-parallel-size", "4").memory == memory
    assert read("--tp-size", "8", "--dp-size", "4", "--enable-dp-attention").memory == memory
    assert read("--tp-size", "8", "--attn-dp-size", "4", "--enable-dp-attention").memory == memory
