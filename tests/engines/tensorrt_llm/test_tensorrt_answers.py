"""TensorRT-LLM's HTTP server: what its errors mean, how adapters are named, its last words, what fits."""

import json
from dataclasses import replace
from typing import Any

import pytest

from fairlead.engines.http_api import EngineErrorClass
from fairlead.engines.tensorrt_llm.adapters import number
from fairlead.engines.tensorrt_llm.http_api import API
from fairlead.fleet.conditions import ConditionReason
from fairlead.fleet.desired_state import Parallelism
from fairlead.fleet.engine_memory import BatchLimits, MemorySettings
from fairlead.fleet.fit import Fit, MemoryBreakdown
from fairlead.sizing import assessment, memory
from fairlead.sizing.sizing_input import GIB, SizingInput
from tests.engines.setups import H100, LLAMA, T4, setup_of
from tests.engines.tensorrt_llm.inputs import ENGINE, TENSORRT, adapter


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (200, EngineErrorClass.PASS_ON),
        (400, EngineErrorClass.PASS_ON),
        (503, EngineErrorClass.BUSY),
        (500, EngineErrorClass.FAILED),
    ],
)
def test_a_bad_answer_says_who_is_to_blame_as_far_as_it_can(status: int, meaning: EngineErrorClass) -> None:
    assert API.errors.error_class(status, b'{"object": "error"}') is meaning


def test_no_stream_begins_with_an_error() -> None:
    assert not API.errors.begins_with_error(b'data: {"error"')


def test_an_adapter_is_a_name_a_number_and_a_folder_and_no_client_can_name_another_folder() -> None:
    assert API.adapters is not None
    (member,) = API.adapters.members("chat", "de").items()
    assert (member[0], json.loads(member[1])) == (
        "lora_request",
        {"lora_name": "de", "lora_int_id": number("de"), "lora_path": "/models/adapters/de"},
    )
    assert API.adapters.members("chat", None) == {"lora_request": b"null"}
    assert b"/v1/responses" not in API.adapters.paths


def test_the_number_of_an_adapter_is_the_same_in_every_router_and_above_zero() -> None:
    assert number("de") == number("de") != number("fr")
    assert all(0 < number(str(one)) < 1 << 31 for one in range(1000))


def test_it_has_no_sleep_no_tokenizer_and_no_priorities() -> None:
    assert (API.sleep, API.tokenizer, API.priority_header) == (None, None, None)
    assert API.metrics_path == "/prometheus/metrics"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("Error: No such option: --max-seq-len Did you mean --max_seq_len?", ConditionReason.BAD_ARGUMENTS),
        ("1 validation error for TorchLlmArgs", ConditionReason.BAD_ARGUMENTS),
        ("Executor creation failed due to insufficient GPU memory.", ConditionReason.OUT_OF_GPU_MEMORY),
        ("torch.OutOfMemoryError: CUDA out of memory.", ConditionReason.OUT_OF_GPU_MEMORY),
        ("Repository Not Found for url", ConditionReason.MODEL_NOT_FOUND),
    ],
)
def test_its_termination_messages_are_mapped_to_reasons(words: str, reason: ConditionReason) -> None:
    assert next(one.reason for one in TENSORRT.failures if one.words.search(words)) is reason


def breakdown(**changed: Any) -> MemoryBreakdown:  # noqa: ANN401 - any part of the question
    sizing = SizingInput(shape=LLAMA, accelerator=H100, release=TENSORRT.memory(""), context=8192)
    return memory.memory(replace(sizing, **changed))


def test_the_cache_is_a_part_of_what_weights_and_work_leave_and_the_rest_is_left_alone() -> None:
    found, half = breakdown(), breakdown(utilization=0.45)

    work = found.weights.likely + found.activations.likely + found.framework.likely
    visible = 80 * GIB - 0.455 * GIB
    assert found.kv.likely == pytest.approx(0.9 * (visible - work))
    assert half.kv.likely == pytest.approx(found.kv.likely / 2)
    assert found.budget.likely == pytest.approx(work + found.kv.likely), "all terms are of what it uses"
    assert found.budget.likely > half.budget.likely


def test_graphs_are_captured_in_what_it_leaves_alone() -> None:
    sizing = SizingInput(shape=LLAMA, accelerator=H100, release=TENSORRT.memory(""), context=8192)
    found = memory.memory(sizing)

    assert memory.unshared(sizing, found).likely == pytest.approx(found.kv.likely / 9)
    answer = assessment.assess(sizing)
    assert isinstance(answer, Fit)
    assert answer.memory.kv.high - answer.memory.kv.low > 5 * GIB, "nothing was measured"


def test_of_what_is_not_there_no_part_is_taken() -> None:
    found = breakdown(accelerator=replace(T4, memory_mib=8 * 1024))

    assert found.kv.likely < 0
    assert found.budget.likely == pytest.approx((8 - 0.455) * GIB)


def test_its_batch_is_the_same_on_every_card() -> None:
    assert TENSORRT.memory("latest").batch(T4) == TENSORRT.memory("").batch(H100) == BatchLimits(2048, 8192)


def test_arguments_and_adapters_say_the_rest() -> None:
    many = tuple(one for rank in range(8, 18) for one in adapter(f"a{rank}", rank=rank))
    spread = setup_of(replace(ENGINE, adapters=many, extra_args=("--ep_size=2",)))

    assert TENSORRT.memory_settings(setup_of(ENGINE)) == MemorySettings()
    assert TENSORRT.memory_settings(spread) == MemorySettings(expert_parallel=True, adapter_ranks=(17,) * 8)


def spread_by(*words: str) -> MemorySettings:
    return TENSORRT.memory_settings(setup_of(replace(ENGINE, extra_args=words), parallelism=Parallelism(tensor=4)))


@pytest.mark.parametrize(
    "words",
    [
        ("--enable_attention_dp",),
        ("--set=enable_attention_dp=true",),
        ("--set", "enable_attention_dp=yes"),
        ("--set=enable_attention_dp=false", "--set=enable_attention_dp=true"),
    ],
)
def test_with_attention_dp_each_gpu_is_a_rank_however_it_is_set(words: tuple[str, ...]) -> None:
    assert spread_by(*words).attention_ranks == 4


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--set=enable_attention_dp=false",),
        ("--set=enable_attention_dp=perhaps",),
        ("--enable_attention_dp", "--set=enable_attention_dp=false"),
    ],
)
def test_a_set_key_wins_over_an_option_and_what_is_no_truth_is_left_to_the_engine(words: tuple[str, ...]) -> None:
    assert spread_by(*words).attention_ranks == 1


@pytest.mark.parametrize(
    ("words", "parallel"),
    [
        (("--ep_size", "4"), True),
        (("--moe_expert_parallel_size=4",), True),
        (("--set=moe_expert_parallel_size=4",), True),
        (("--ep_size=1",), False),
        (("--ep_size=4", "--set=moe_expert_parallel_size=1"), False),
        (("--set=moe_expert_parallel_size={",), False),
        (("--set=moe_expert_parallel_size=true",), False),
    ],
)
def test_experts_are_whole_on_their_gpus_only_if_they_are_spread_over_several(
    words: tuple[str, ...], parallel: bool
) -> None:
    assert spread_by(*words).expert_parallel is parallel
