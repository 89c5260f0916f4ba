"""SGLang's HTTP server: what its errors mean, how adapters are named, its last words, what fits."""

import json
from dataclasses import replace

import pytest

from fairlead.engines.http_api import EngineErrorClass
from fairlead.engines.sglang import memory
from fairlead.engines.sglang.http_api import API
from fairlead.fleet import accelerators
from fairlead.fleet.conditions import ConditionReason
from fairlead.fleet.desired_state import Parallelism
from fairlead.fleet.engine_memory import BatchLimits, MemorySettings, ReplicaLayout
from fairlead.fleet.fit import Fit
from fairlead.sizing import assessment
from fairlead.sizing.sizing_input import SizingInput
from tests.engines.setups import A100, B200, H100, L4, LLAMA, T4, setup_of
from tests.engines.sglang.inputs import ENGINE, SGLANG, adapter

FULL = b'data: {"error": {"object": "error", "message": "The request queue is full.", "type": "x", "code": 503}}\n\n'

MESSAGE = b'event: message_start\ndata: {"type":"message_start"}\n\n'
OVERLOADED = MESSAGE + b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"full"}}\n\n'


@pytest.mark.parametrize(
    ("status", "body", "meaning"),
    [
        (200, b"", EngineErrorClass.PASS_ON),
        (400, b'{"object": "error", "code": 400}', EngineErrorClass.PASS_ON),
        (503, b'{"object": "error", "message": "The request queue is full.", "code": 503}', EngineErrorClass.BUSY),
        (200, FULL, EngineErrorClass.BUSY),
        (200, OVERLOADED, EngineErrorClass.BUSY),
        (200, OVERLOADED.replace(b"overloaded", b"api"), EngineErrorClass.FAILED),
        (200, OVERLOADED.replace(b"overloaded", b"invalid_request"), EngineErrorClass.PASS_ON),
        (200, FULL.replace(b"503", b"400"), EngineErrorClass.PASS_ON),
        (200, FULL.replace(b"503", b"500"), EngineErrorClass.FAILED),
        (200, b'data: {"error": "no code"}\n\ndata: {"code": 503}', EngineErrorClass.PASS_ON),
        (200, b'data: {"choices": [{"text": "code: 503"}]}', EngineErrorClass.PASS_ON),
        (500, b"Internal server error", EngineErrorClass.FAILED),
    ],
)
def test_a_bad_answer_says_who_is_to_blame(status: int, body: bytes, meaning: EngineErrorClass) -> None:
    assert API.errors.error_class(status, body) is meaning


def test_an_error_in_a_stream_is_seen_before_the_client_gets_a_byte() -> None:
    assert API.errors.begins_with_error(FULL)
    assert API.errors.begins_with_error(OVERLOADED)
    assert not API.errors.begins_with_error(MESSAGE)
    assert not API.errors.begins_with_error(b'data: {"id": "1"}')


def test_an_adapter_follows_its_models_name_and_no_client_can_choose_one_by_another_field() -> None:
    assert API.adapters is not None
    assert json.loads(API.adapters.members("chat", 'd"e')["model"]) == 'chat:d"e'
    assert API.adapters.members("chat", None) == {"lora_path": b"null"}
    assert b"/v1/responses" not in API.adapters.paths


def test_it_has_no_sleep_and_a_tokenizer_like_vllms() -> None:
    assert API.sleep is None
    assert API.tokenizer is not None
    assert API.tokenizer.count(b'{"tokens": [1, 2], "count": 2, "max_model_len": 10}') == 2


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("sglang serve: error: unrecognized arguments: --x", ConditionReason.BAD_ARGUMENTS),
        (
            "Loaded weights leave no GPU memory for the KV cache under --mem-fraction-static 0.8",
            ConditionReason.OUT_OF_GPU_MEMORY,
        ),
        ("torch.OutOfMemoryError: CUDA out of memory.", ConditionReason.OUT_OF_GPU_MEMORY),
        ("Rank 0 scheduler died during initialization (exit code: -9).", ConditionReason.OUT_OF_MEMORY),
        ("Repository Not Found for url", ConditionReason.MODEL_NOT_FOUND),
    ],
)
def test_its_termination_messages_are_mapped_to_reasons(words: str, reason: ConditionReason) -> None:
    assert next(one.reason for one in SGLANG.failures if one.words.search(words)) is reason


def test_the_batch_follows_the_card() -> None:
    assert [SGLANG.memory("").batch(card).tokens for card in (T4, L4, H100, B200)] == [2048, 4096, 8192, 16384]
    assert SGLANG.memory("latest").batch(H100) == BatchLimits(2048, 8192)


@pytest.mark.parametrize(
    ("gpus", "sequences", "latent", "eager", "share"),
    [
        (1, None, False, False, 0.83),
        (8, None, False, False, 0.813),
        (1, 8, False, False, 0.836),
        (1, None, True, False, 0.817),
        (1, None, False, True, 0.842),
    ],
)
def test_the_share_of_weights_and_cache_is_sglangs_own_arithmetic(
    gpus: int, sequences: int | None, latent: bool, eager: bool, share: float
) -> None:
    """By hand from `memory_hook.py`, for 80 GiB: 512 + 1.5 x 8192 + 128 a GPU, and graphs."""
    layout = ReplicaLayout(sequences=sequences, tokens=8192, gpus=gpus, latent=latent, eager=eager)

    assert memory.MEMORY.static_share(H100, layout) == share


def test_a_large_card_keeps_ten_gigabytes_and_a_tiny_one_nothing() -> None:
    least = ReplicaLayout(sequences=1, tokens=512, gpus=1, latent=False, eager=True)

    assert memory.MEMORY.static_share(A100, least) == 0.875
    assert memory.MEMORY.static_share(replace(T4, memory_mib=2048), least) == 0.0
    assert 0.6 < (memory.MEMORY.static_share(T4, least) or 0) < 0.9
    assert memory.MEMORY.static_share(accelerators.cpu(8 << 30), least) is None


def test_attention_ranks_pad_what_graphs_compute() -> None:
    """`memory_hook.py: reserve_for_graph_mb`: 3 MiB a rank and request, beyond 300 requests half as much again."""
    eight = ReplicaLayout(sequences=None, tokens=8192, gpus=8, latent=False, eager=True, attention_ranks=8)
    reserved = 512 + 1.5 * 8192 + 128 * 8

    assert memory.MEMORY.static_share(H100, eight) == round(1 - (reserved + 4.5 * 512 * 8) / H100.memory_mib, 3)
    few = eight._replace(sequences=300)
    assert memory.MEMORY.static_share(H100, few) == round(1 - (reserved + 3 * 300 * 8) / H100.memory_mib, 3)


def test_attention_ranks_are_read_under_both_names_if_they_divide_the_gpus() -> None:
    def ranks(*words: str) -> int:
        setup = setup_of(replace(ENGINE, extra_args=words), parallelism=Parallelism(tensor=8))
        return SGLANG.memory_settings(setup).attention_ranks

    assert ranks() == 1
    assert ranks("--attn-dp-size", "8") == ranks("--attention-data-parallel-size=8") == 8
    assert ranks("--attn-dp-size", "3") == ranks("--attn-dp-size", "0") == 1, "refused"


def test_graphs_are_captured_for_batches_by_the_card() -> None:
    sizes = [memory.decode_graph(gib * 1024, gpus) for gib, gpus in ((15, 1), (23, 1), (40, 1), (40, 4), (80, 1))]
    assert sizes == [8, 48, 32, 160, 256]
    assert [memory.decode_graph(gib * 1024, gpus) for gib, gpus in ((80, 8), (180, 1))] == [512, 512]


def test_its_cache_is_less_certain_than_vllms_and_what_it_computes_with_lies_beside_it() -> None:
    answer = assessment.assess(SizingInput(shape=LLAMA, accelerator=H100, release=SGLANG.memory(""), context=8192))

    assert isinstance(answer, Fit)
    assert answer.memory.activations.likely == answer.memory.graphs.likely == 0
    assert answer.memory.kv.high - answer.memory.kv.low > 5 * (1 << 30)
    smaller = assessment.assess(
        SizingInput(shape=LLAMA, accelerator=H100, release=SGLANG.memory(""), context=8192, utilization=0.5)
    )
    assert isinstance(smaller, Fit)
    assert smaller.memory.kv.likely < answer.memory.kv.likely


def test_arguments_and_adapters_say_the_rest() -> None:
    many = tuple(one for rank in range(8, 18) for one in adapter(f"a{rank}", rank=rank))
    spread = setup_of(replace(ENGINE, adapters=many, extra_args=("--ep-size=2", "--language-model-only")))

    assert SGLANG.memory_settings(setup_of(ENGINE)) == MemorySettings()
    assert SGLANG.memory_settings(spread) == MemorySettings(expert_parallel=True, images=False, adapter_ranks=(17,) * 8)


@pytest.mark.parametrize(("number", "redundant"), [("32", 32), ("0", 0), ("-4", 0), ("x", 0)])
def test_experts_may_exist_twice(number: str, redundant: int) -> None:
    setup = setup_of(replace(ENGINE, extra_args=("--ep-num-redundant-experts", number)))
    assert SGLANG.memory_settings(setup) == MemorySettings(redundant_experts=redundant)


@pytest.mark.parametrize(("degree", "spread"), [("1", False), ("8", True), ("x", False)])
def test_experts_are_spread_by_a_degree_above_one(degree: str, *, spread: bool) -> None:
    for flag in ("--ep-size", "--expert-parallel-size", "--ep"):
        assert SGLANG.memory_settings(setup_of(replace(ENGINE, extra_args=(flag, degree)))).expert_parallel is spread
