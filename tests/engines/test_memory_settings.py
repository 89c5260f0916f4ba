"""vLLM's share of a GPU depends on its release, and on a few arguments that no field owns."""

from dataclasses import replace
from typing import Final

import pytest

from fairlead.engines.catalogue import ENGINES
from fairlead.engines.vllm.memory import CURRENT, VllmRelease
from fairlead.fleet.desired_state import Adapter, EngineKind
from fairlead.fleet.engine_memory import BatchLimits, MemorySettings
from tests.engines.setups import A100, B200, ENGINE, H100, L4, VOLUME, setup_of

LIKE_VLLM: Final = (EngineKind.VLLM, EngineKind.SIMULATED)


@pytest.mark.parametrize(
    ("text", "release"),
    [
        ("0.19.0", VllmRelease(0, 19)),
        ("v0.26.1rc1.dev608+g99a1", VllmRelease(0, 26)),
        ("latest", CURRENT),
        ("", CURRENT),
    ],
)
def test_a_version_is_read_where_one_can_be_seen(text: str, release: VllmRelease) -> None:
    assert {ENGINES[kind].memory(text) for kind in LIKE_VLLM} == {release}


def test_the_batch_follows_the_card_and_the_release() -> None:
    assert [CURRENT.batch(gpu) for gpu in (L4, A100, H100, B200)] == [
        BatchLimits(256, 2048),
        BatchLimits(256, 2048),
        BatchLimits(1024, 8192),
        BatchLimits(1024, 16384),
    ]
    assert VllmRelease(0, 8).batch(L4) == BatchLimits(1024, 2048)
    assert VllmRelease(0, 19).batch(B200) == BatchLimits(1024, 8192)


def test_overheads_change_where_a_release_changed_them() -> None:
    def facts(minor: int) -> tuple[float | bool, ...]:
        one = VllmRelease(0, minor)
        aside = (one.sets_graphs_aside, one.counts_requests)
        return (one.share, one.logit_bytes, one.context_gib, one.switched_gib, *aside)

    assert facts(14) == (0.9, 36.0, 0.13, 1.3, False, False)
    assert facts(32) == (0.92, 12.4, 0.25, 2.07, True, True)


def test_the_error_was_measured_on_its_own_starts() -> None:
    assert {one.doubt(card) for one in (VllmRelease(0, 19), CURRENT) for card in (H100, L4)} == {1.0}


def test_arguments_and_adapters_say_the_rest() -> None:
    adapters = tuple(Adapter(name=f"a{rank}", source=VOLUME, rank=rank) for rank in range(8, 18))
    spread = setup_of(replace(ENGINE, adapters=adapters, extra_args=("-ep", "--language-model-only")))

    for engine in (ENGINES[kind] for kind in LIKE_VLLM):
        assert engine.memory_settings(setup_of()) == MemorySettings()
        assert engine.memory_settings(spread) == MemorySettings(
            expert_parallel=True, images=False, adapter_ranks=(32,) * 8
        )


@pytest.mark.parametrize(
    ("words", "counted"),
    [
        ((), True),
        (("--lora-target-modules", "q_proj", "experts"), True),
        (("--lora-target-modules", "q_proj", "v_proj"), False),
        (("--num-redundant-experts", "2", "--lora-target-modules", "q_proj"), False),
        (("--enable-moe-shared-loras",), False),
    ],
)
def test_slots_have_room_for_experts_unless_arguments_leave_them_out(words: tuple[str, ...], *, counted: bool) -> None:
    setup = setup_of(replace(ENGINE, extra_args=words))
    assert ENGINES[EngineKind.VLLM].memory_settings(setup).adapter_experts is counted


def test_slots_have_room_for_experts_since_a_release() -> None:
    assert [VllmRelease(0, minor).adapts_experts for minor in (11, 12)] == [False, True]
    assert not any(ENGINES[kind].memory("").adapts_experts for kind in (EngineKind.SGLANG, EngineKind.TENSORRT_LLM))
