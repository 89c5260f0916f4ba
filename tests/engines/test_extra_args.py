"""Extra arguments: every spelling that the parser would read as a reserved flag, and the free flags."""

from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.engines import extra_args
from fairlead.engines.reasons import EngineReason
from fairlead.engines.vllm import flags
from fairlead.engines.vllm.engine import VllmEngine
from fairlead.fleet.findings import SpecRefusal
from tests.engines.setups import ENGINE, setup_of


def refusals_of(*arguments: str) -> tuple[SpecRefusal, ...]:
    return extra_args.refusals(arguments, flags.RULES)


def test_a_flag_with_a_typed_field_is_refused_by_that_fields_name() -> None:
    assert VllmEngine().refusals(setup_of(replace(ENGINE, extra_args=("--seed=7", "--max-num-seqs", "64")))) == (
        SpecRefusal(
            field="spec.engine.extraArgs[1]",
            value="--max-num-seqs",
            reason=EngineReason.ARGUMENT_OWNED,
            because="spec.engine.batching.maxSequences owns this flag",
            remedy="set spec.engine.batching.maxSequences instead",
        ),
    )


SPELLINGS: Final = {
    "--max-num-seqs=64": "spec.engine.batching.maxSequences",
    "--max_num_seqs": "spec.engine.batching.maxSequences",
    "--max-num-se": "spec.engine.batching.maxSequences",
    "-q": "spec.engine.quantization.weights",
    "-qfp8": "spec.engine.quantization.weights",
    "-q=fp8": "spec.engine.quantization.weights",
    "-tp": "spec.parallelism.tensor",
    "-tp=2": "spec.parallelism.tensor",
    "-t": "spec.parallelism.tensor",
    "--tensor-par": "spec.parallelism.tensor",
    "-sc": "spec.engine.speculation",
    "-sc.method=ngram": "spec.engine.speculation",
    "--speculative-config.num_speculative_tokens": "spec.engine.speculation",
    "--speculative_config.method=mtp": "spec.engine.speculation",
    "--spec-tokens": "spec.engine.speculation",
    "--no-enable-prefix-caching": "spec.engine.prefixCaching.enabled",
    "--no_enable_prefix_caching": "spec.engine.prefixCaching.enabled",
    "--no-enable-pre": "spec.engine.prefixCaching.enabled",
    "--device-memory-utilization": "spec.engine.memoryUtilization",
    "--quantization-config.linear": "spec.engine.quantization.weights",
}


@pytest.mark.parametrize("written", SPELLINGS)
def test_no_spelling_gets_past_the_field_that_owns_it(written: str) -> None:
    (refusal,) = refusals_of(written)

    assert refusal.reason is EngineReason.ARGUMENT_OWNED
    assert refusal.remedy == f"set {SPELLINGS[written]} instead"


@pytest.mark.parametrize("flag", flags.REMOVED)
def test_a_flag_of_an_earlier_release_is_refused_with_what_took_its_place(flag: str) -> None:
    (refusal,) = refusals_of(f"{flag}=1")

    assert (refusal.value, refusal.reason) == (flag, EngineReason.ARGUMENT_REMOVED)
    assert refusal.remedy == flags.REMOVED[flag]


@pytest.mark.parametrize("flag", [flag for names, _, _ in flags.RESERVED for flag in names])
def test_a_flag_that_would_break_the_contract_is_refused(flag: str) -> None:
    assert [refusal.reason for refusal in refusals_of(flag, "x")] == [EngineReason.ARGUMENT_RESERVED]


def test_a_key_among_the_arguments_is_never_repeated() -> None:
    (refusal,) = refusals_of("--api-key=sk-very-secret")

    assert "secret" not in repr(refusal)


FREE: Final = [
    "--seed",
    "--tokenizer",
    "--tokenizer-revision",
    "--load-format",
    "--block-size",
    "--async-scheduling",
    "--stream-interval",
    "--kv-transfer-config",
    "--kv-events-config",
    "--kv-cache-memory-bytes",
    "--kv-offloading-size",
    "--enable-expert-parallel",
    "-ep",
    "--enable-eplb",
    "--compilation-config",
    "-cc.mode",
    "-O3",
    "--tool-call-parser",
    "--reasoning-parser",
    "--performance-mode",
    "--no-enable-chunked-prefill",
    "--enable-auto-tool-choice",
    "--max-num-queued-tokens",
    "--max-num-active-seqs",
    "-dcp",
    "--uvicorn-log-level",
    "--enable-request-id-headers",
    "--enable-log-requests",
    "--long-prefill-token-threshold",
    "--model-loader-extra-config",
    "--model-impl",
    "--kv-cache-dtype-skip-layers",
    "--max-num-scheduled-tokens",
    "--fully-sharded-loras",
    "--lora-dtype",
    "--custom-histogram-buckets",
    "--scheduling-policy",
]


@pytest.mark.parametrize("flag", FREE)
def test_a_flag_that_fairlead_does_not_own_is_free(flag: str) -> None:
    assert refusals_of(flag, "value") == ()


def test_numbers_and_json_after_a_flag_are_values() -> None:
    assert refusals_of("--seed", "-1", "--offset", "-.5", "--hf-overrides", '{"a": "--port"}', "-") == ()


MALFORMED: Final = {
    ("other/model",): ("spec.engine.extraArgs[0]", "(not shown)"),
    ("--seed", "1", "--", "other/model"): ("spec.engine.extraArgs[2]", "--"),
    ("--seed 1",): ("spec.engine.extraArgs[0]", "--seed"),
}


@pytest.mark.parametrize("arguments", MALFORMED)
def test_what_the_parser_would_read_otherwise_than_its_writer_is_refused(arguments: tuple[str, ...]) -> None:
    (refusal,) = refusals_of(*arguments)

    assert (refusal.field, refusal.value) == MALFORMED[arguments]
    assert refusal.reason is EngineReason.ARGUMENT_MALFORMED


LONG: Final = sorted(flag for rule in flags.RULES for flag in rule.flags if flag.startswith("--"))


@given(
    flag=st.sampled_from(LONG),
    dashes=st.booleans(),
    tail=st.sampled_from(["", "=1", ".x", ".x=1"]),
    off=st.booleans(),
)
def test_a_flag_that_is_not_free_is_never_let_through(flag: str, dashes: bool, tail: str, off: bool) -> None:
    name = "--no-" + flag[2:] if off else flag
    written = name if dashes else "--" + name[2:].replace("-", "_")

    assert len(refusals_of(written + tail)) == 1


@given(flag=st.sampled_from(LONG), cut=st.integers(min_value=3))
def test_an_abbreviation_the_parser_completes_is_never_let_through(flag: str, cut: int) -> None:
    assert len(refusals_of(flag[: max(3, cut % (len(flag) + 1))])) == 1


@given(st.lists(st.text(max_size=12), max_size=6))
def test_any_arguments_are_always_answered_and_never_by_more_refusals_than_arguments(words: list[str]) -> None:
    assert len(refusals_of(*words)) <= len(words)
