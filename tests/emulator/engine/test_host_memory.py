"""KV blocks in main memory, emulated: how many each kind has, what loading takes, and what pages say of it."""

import pytest

from fairlead.emulator.emulation_knobs import EmulationKnobs
from fairlead.emulator.engine.provision import EmulatedMachine, EngineProvision
from fairlead.simulator.engine.settings import EngineSettings
from fairlead.sizing import links
from tests.emulator.engine.test_page import value
from tests.emulator.engine.virtual import Client, engine, provided, sequence
from tests.emulator.sglang import starts as sglang
from tests.emulator.tensorrt_llm import starts as tensorrt
from tests.virtual_time import run_story

H100 = EmulatedMachine("NVIDIA-H100-80GB-HBM3", 4)
MODEL = EmulationKnobs()
GIB = 1 << 30
TOKEN_BYTES = 131_072
"""A token of Llama 8B in the KV cache."""
ONE = '{engine="0",model_name="chat"}'


def of_vllm(*words: str) -> EngineProvision:
    return provided(*words, machine=H100, knobs=MODEL)


def held_tokens(settings: EngineSettings) -> int:
    return settings.host_blocks * settings.block_tokens


def test_a_rank_has_the_blocks_that_its_gib_hold() -> None:
    cases = (((), 0), (("--kv-offloading-size", "64"), 64), (("--kv_offloading-size=64", "-tp", "2"), 64))
    for words, gib in cases:
        assert held_tokens(of_vllm(*words).settings) * TOKEN_BYTES == pytest.approx(gib * GIB, rel=0.001)
    ranks = of_vllm("--kv-offloading-size=32", "--data-parallel-size=2")
    assert held_tokens(ranks.settings) * TOKEN_BYTES == pytest.approx(32 * GIB, rel=0.001), "each of both"
    assert of_vllm("--kv-offloading-size=64", "--kv-offloading-backend=lmcache").settings.host_blocks == 0
    assert of_vllm("--kv-offloading-size=None").settings.host_blocks == 0


def test_two_gpus_load_their_parts_of_a_block_at_the_same_time() -> None:
    one, two = (of_vllm("--kv-offloading-size=64", *words).settings.load_s for words in ((), ("-tp", "2")))
    assert one == pytest.approx(16 * TOKEN_BYTES / links.PCIE.bytes_per_second, rel=0.001)
    assert two == pytest.approx(one / 2, rel=0.001)


def test_what_is_assumed_is_said() -> None:
    (note,) = (one for one in of_vllm("--kv-offloading-size=64").notes if "main memory" in one)
    assert note.startswith("INFO (simulated) 64.0 GiB of main memory hold 32768 blocks of each rank; ")
    assert "loaded at 20 GB/s to each GPU, which is assumed" in note


def test_sglang_counts_gigabytes_of_each_gpu() -> None:
    both = ("--enable-hierarchical-cache", "--hicache-size", "32")
    settings = sglang.provided(*both, machine=H100).settings
    assert held_tokens(settings) * TOKEN_BYTES == pytest.approx(32e9, rel=0.001)
    assert sglang.provided("--hicache-size=32", machine=H100).settings.host_blocks == 0


def test_tensorrt_llm_moves_blocks_so_that_both_tiers_add_up() -> None:
    plain = tensorrt.provided(machine=H100).settings
    with_tier = tensorrt.provided(f"--set=kv_cache_config.host_cache_size={32 * GIB}", machine=H100).settings
    more = (with_tier.host_blocks - plain.blocks) * plain.block_tokens
    assert more * TOKEN_BYTES == pytest.approx(32 * GIB, rel=0.001)


def test_the_note_counts_no_blocks_of_the_gpu() -> None:
    found = tensorrt.provided(f"--set=kv_cache_config.host_cache_size={32 * GIB}", machine=H100)
    held = found.settings.host_blocks - found.settings.blocks
    (note,) = (one for one in found.notes if "main memory" in one)
    assert note.startswith(f"INFO (simulated) 32.0 GiB of main memory hold {held} blocks of each rank; ")


def test_vllms_page_counts_what_is_found_beyond_the_gpu() -> None:
    async def story() -> None:
        live = engine("--num-gpu-blocks-override=60", "--max-model-len=600", "--kv-offloading-size=4")
        for start in (0, 10_000, 0):
            await Client(live, sequence(500, 2, start=start)).answered()
        page = live.acts.metrics()
        hits = value(page, f"vllm:external_prefix_cache_hits_total{ONE}")
        assert hits > 0
        assert hits % 16 == 0
        assert value(page, f"vllm:external_prefix_cache_queries_total{ONE}") > hits
        for family, source in (("", "external_kv_transfer"), ("_cached", "host")):
            sample = f'vllm:prompt_tokens{family}_by_source_total{{engine="0",model_name="chat",source="{source}"}}'
            assert value(page, sample) == hits
        loaded, stored = (value(page, f"vllm:kv_offload_{name}_bytes_total{ONE}") for name in ("load", "store"))
        assert loaded == pytest.approx(hits * TOKEN_BYTES, rel=0.01)
        assert stored > loaded
        assert (
            0
            < value(page, f"vllm:kv_offload_load_time_total{ONE}")
            < value(page, f"vllm:kv_offload_store_time_total{ONE}")
        )
        assert 'kv_offloading_size="4.0"' in page

    run_story(story())


def test_a_page_without_it_has_no_such_families() -> None:
    async def story() -> None:
        page = engine().acts.metrics()
        assert "kv_offload_" not in page
        assert value(page, f"vllm:external_prefix_cache_queries_total{ONE}") == 0
        assert 'kv_offloading_size="None"' in page

    run_story(story())


def test_sglangs_page_says_where_cached_tokens_were() -> None:
    async def story() -> None:
        tier = ("--max-total-tokens=1024", "--context-length=600", "--enable-hierarchical-cache", "--hicache-size=4")
        live = sglang.engine(*tier)
        for start in (0, 10_000, 20_000, 0):
            await Client(live, sequence(500, 2, start=start)).answered()
        page = live.acts.metrics()
        assert 'cache_source="host"' in page
        assert 'cache_source="device"' not in page

    run_story(story())
