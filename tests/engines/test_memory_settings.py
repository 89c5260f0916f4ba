"""vLLM's share of a GPU depends on its release, and on a few arguments that no field owns."""

from dataclasses import replace
from typing import Final

import pytest

from fairlead.engines.catalogue import ENGINES
from fairlead.engines.vllm.memory import CURRENT, VllmRelease
from fairlead.fleet.accelerators import Accelerator
from fairlead.fleet.desired_state import Adapter, EngineKind, Parallelism
from fairlead.fleet.engine_memory import BatchLimits, MemorySettings
from fairlead.fleet.quantization import WeightFormat
from tests.engines.setups import (
    A100,
    B200,
    ENGINE,
    H100,
    L4,
    LLAMA,
    VOLUME,
    WIDER_EXPERTS,
    in_blocks,
    setup_of,
    stored,
)

LIKE_VLLM: Final = (EngineKind.VLLM, EngineKind.SIMULATED)


@pytest.mark.parametrize(
    ("text", "release"),
    [
        ("0.19.0", VllmRelease(0, 19)),
        ("v0.26.1rc1.dev608+g99a1", VllmRelease(0, 26, 1)),
        ("0.20", VllmRelease(0, 20)),
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

    assert facts(14) == (0.9, 36.0, 0.13, 1.3, False, True)
    assert facts(32) == (0.92, 12.4, 0.25, 2.07, True, True)


def test_graphs_are_captured_for_fewer_sizes_when_batches_are_small() -> None:
    assert [CURRENT.graph_sizes(tokens) for tokens in (1, 8, 128, 256, 1024)] == [2, 5, 35, 51, 51]
    assert {engine.memory("").graph_sizes(256) for engine in ENGINES.values()} == {51}, "none but vLLM's was measured"
    assert CURRENT.graph_sizes(128, 2048) == 47, "1.34 times as many; an H200 took 0.27 GiB for them instead of 0.20"


def test_a_log_has_the_tokens_of_whole_requests_from_0_20_1_on() -> None:
    texts = ("0.19.0", "v0.20.0", "0.20.1", "0.21.0", "latest")
    assert [VllmRelease.read(text).prints_requests for text in texts] == [False, False, True, True, True]


def test_the_error_was_measured_on_its_own_starts() -> None:
    assert {one.doubt(card) for one in (VllmRelease(0, 19), CURRENT) for card in (H100, L4)} == {1.0}
    assert CURRENT.doubt(replace(L4, unified_memory=True)) == 2.0, "where none of those ran"


def test_arguments_and_adapters_say_the_rest() -> None:
    adapters = tuple(Adapter(name=f"a{rank}", source=VOLUME, rank=rank) for rank in range(8, 18))
    spread = setup_of(replace(ENGINE, adapters=adapters, extra_args=("-ep", "--language-model-only")))

    for engine in (ENGINES[kind] for kind in LIKE_VLLM):
        assert engine.memory_settings(setup_of()) == MemorySettings()
        assert engine.memory_settings(spread) == MemorySettings(
            expert_parallel=True, images=False, adapter_ranks=(32,) * 8
        )


@pytest.mark.parametrize(
    ("words", "factor", "whole"),
    [
        ((), 1, False),
        (("--performance-mode=throughput",), 2, False),
        (("--performance-mode", "interactivity"), 1, False),
        (("--no-enable-chunked-prefill",), 1, True),
        (("--enable-chunked-prefill",), 1, False),
    ],
)
def test_arguments_change_the_limits_of_a_batch_that_the_spec_leaves_out(
    words: tuple[str, ...], factor: int, whole: bool
) -> None:
    setup = setup_of(replace(ENGINE, extra_args=words))
    for engine in (ENGINES[kind] for kind in LIKE_VLLM):
        assert engine.memory_settings(setup) == MemorySettings(batch_factor=factor, whole_prompts=whole)


@pytest.mark.parametrize(
    ("words", "redundant", "moves"),
    [
        ((), 0, False),
        (("--enable-eplb",), 0, True),
        (("--enable-eplb", "--eplb-config", '{"num_redundant_experts": 32, "window_size": 100}'), 32, True),
        (("--enable_eplb", "--eplb-config.num_redundant_experts", "16"), 16, True),
        (("--enable-eplb", "--eplb-config.num_redundant_experts=many"), 0, True),
        (("--enable-eplb", '--eplb-config={"num_redundant_experts": -1}'), 0, True),
        (("--eplb-config.num_redundant_experts=16",), 0, False),
    ],
)
def test_experts_may_exist_twice_and_move(words: tuple[str, ...], redundant: int, moves: bool) -> None:
    setup = setup_of(replace(ENGINE, extra_args=words))
    for engine in (ENGINES[kind] for kind in LIKE_VLLM):
        assert engine.memory_settings(setup) == MemorySettings(redundant_experts=redundant, moves_experts=moves)


@pytest.mark.parametrize(
    ("words", "stated"),
    [
        ((), None),
        (("--kv-cache-memory-bytes", "2G"), 2 << 30),
        (("--kv-cache-memory=1.5g",), 1_500_000_000),
        (("--kv_cache_memory_bytes=1073741824",), 1 << 30),
        (("--kv-cache-memory-bytes=None",), None),
        (("--kv-cache-memory-bytes=0",), None),
    ],
)
def test_arguments_may_state_the_cache_of_each_gpu(words: tuple[str, ...], stated: int | None) -> None:
    setup = setup_of(replace(ENGINE, extra_args=words))
    assert {ENGINES[kind].memory_settings(setup).cache_bytes for kind in LIKE_VLLM} == {stated}


@pytest.mark.parametrize(
    ("words", "blocks"),
    [((), None), (("--num-gpu-blocks-override", "400"), 400), (("--num_gpu_blocks_override=77",), 77)]
    + [((f"--num-gpu-blocks-override={odd}",), None) for odd in ("0", "many", "-2")],
)
def test_arguments_may_state_the_blocks_of_the_cache(words: tuple[str, ...], blocks: int | None) -> None:
    setup = setup_of(replace(ENGINE, extra_args=words))
    assert {ENGINES[kind].memory_settings(setup).cache_blocks for kind in LIKE_VLLM} == {blocks}


@pytest.mark.parametrize(
    ("words", "ranks"),
    [((), 1), (("-dcp", "2"), 2), (("--decode-context-parallel-size=4",), 4), (("--decode-context-p=4",), 4)]
    + [((f"-dcp={odd}",), 1) for odd in ("0", "two", "-2")],
)
def test_gpus_may_share_the_tokens_of_each_requests_cache(words: tuple[str, ...], ranks: int) -> None:
    setup = setup_of(replace(ENGINE, extra_args=words), parallelism=Parallelism(tensor=4))
    assert {ENGINES[kind].memory_settings(setup).context_ranks for kind in LIKE_VLLM} == {ranks}


@pytest.mark.parametrize(
    ("words", "images", "or_videos"),
    [
        ((), 999, 999),
        (("--limit-mm-per-prompt", '{"image": 2}'), 2, 999),
        (("--limit-mm-per-prompt", '{"image": 2, "video": 0}'), 2, 2),
        (("--limit-mm-per-prompt", '{"image": 2, "video": 3}'), 2, 3),
        (("--limit-mm-per-prompt.image=0", "--limit-mm-per-prompt.video=1"), 0, 1),
        (('--limit-mm-per-prompt={"image": {"count": 5, "width": 512}}',), 5, 999),
        (('--limit-mm-per-prompt={"image": {"width": 512}, "video": true}',), 999, 999),
        (('--limit-mm-per-prompt={"image": -1}',), 999, 999),
    ],
)
def test_a_prompt_may_hold_as_many_images_as_the_arguments_allow(
    words: tuple[str, ...], images: int, or_videos: int
) -> None:
    """A family that may see videos encodes them by the same tower, so that their limit counts too."""
    setup = setup_of(replace(ENGINE, extra_args=words))
    assert setup.shape is not None
    for family, most in (("gemma3_text", images), ("qwen3_vl_text", or_videos)):
        seen = replace(setup, shape=replace(setup.shape, family=family))
        assert {ENGINES[kind].memory_settings(seen).prompt_images for kind in LIKE_VLLM} == {most}
    assert ENGINES[EngineKind.VLLM].memory_settings(replace(setup, shape=None)).prompt_images == or_videos


@pytest.mark.parametrize("words", [(), ("--mamba-cache-mode=align",), ("--mamba-cache-mode", "none")])
def test_states_are_cached_with_prefix_caching_whatever_mode_the_arguments_name(words: tuple[str, ...]) -> None:
    for cached in (True, False):
        setup = setup_of(replace(ENGINE, extra_args=words, prefix_caching=cached))
        assert {ENGINES[kind].memory_settings(setup).caches_states for kind in LIKE_VLLM} == {cached}


@pytest.mark.parametrize(
    ("version", "cached"), [("0.14.1", False), ("v0.15.0", True), ("0.32.0", True), ("latest", True)]
)
def test_older_releases_cache_no_states_since_they_disable_prefix_caching(version: str, cached: bool) -> None:
    """vllm-project/vllm#30877 was merged between 0.14.0 and 0.15.0."""
    setup = setup_of(replace(ENGINE, version=version, prefix_caching=True))
    assert ENGINES[EngineKind.VLLM].memory_settings(setup).caches_states is cached


@pytest.mark.parametrize(
    ("kernel", "card", "tensor", "block"),
    [
        ("--moe-backend=marlin", A100, 8, 128),
        ("--moe-backend=Deep-GEMM", H100, 8, 128),
        ("--moe-backend=triton", A100, 8, 1),
        ("--moe-backend=triton", H100, 8, 1),
        ("--moe-backend=triton", H100, 32, 128),
        ("--moe-backend=auto", H100, 8, 1),
        ("--enable-log-requests", H100, 8, 1),
    ],
)
def test_slices_of_experts_are_padded_for_a_kernel_that_takes_whole_blocks_alone(
    kernel: str, card: Accelerator, tensor: int, block: int
) -> None:
    """1536 over 8 GPUs is 192, which Triton's kernel takes in blocks of 64 from Ada on; over 32 GPUs it is 48."""
    engine, parallelism = replace(ENGINE, extra_args=(kernel,)), Parallelism(tensor=tensor)
    setup = setup_of(engine, shape=in_blocks(WIDER_EXPERTS), on=card, parallelism=parallelism)
    assert ENGINES[EngineKind.VLLM].memory_settings(setup).expert_block == block


def test_what_has_no_experts_in_blocks_is_not_padded() -> None:
    marlin = replace(ENGINE, extra_args=("--moe-backend=marlin",))
    shapes = (None, LLAMA, WIDER_EXPERTS, in_blocks(LLAMA), stored(WIDER_EXPERTS, WeightFormat.FP8))
    setups = [setup_of(marlin, shape=shape, on=H100, parallelism=Parallelism(tensor=8)) for shape in shapes]
    assert {ENGINES[EngineKind.VLLM].memory_settings(setup).expert_block for setup in setups} == {1}


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


@pytest.mark.parametrize(
    ("words", "modules"),
    [
        ((), None),
        (("--lora-target-modules", "o_proj", "model.layers.0.mlp.experts"), {"o_proj", "experts"}),
        (("--lora-target-modules=o_proj", "down_proj", "--seed", "7"), {"o_proj", "down_proj"}),
        (("--lora-target-modules", "v_proj"), {"qkv_proj", "q_proj", "k_proj", "v_proj"}),
    ],
)
def test_slots_are_made_of_the_modules_that_arguments_name(words: tuple[str, ...], modules: set[str] | None) -> None:
    found = ENGINES[EngineKind.VLLM].memory_settings(setup_of(replace(ENGINE, extra_args=words))).adapter_modules
    assert found == modules


def test_slots_have_room_for_experts_since_a_release() -> None:
    assert [VllmRelease(0, minor).adapts_experts for minor in (11, 12)] == [False, True]
    assert not any(ENGINES[kind].memory("").adapts_experts for kind in (EngineKind.SGLANG, EngineKind.TENSORRT_LLM))
