"""KV blocks in main memory: one field for every kind of engine, and what its container then needs."""

from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fairlead.engines.catalogue import ENGINES
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.engines.start_budget import LifecycleParameters
from fairlead.fleet.desired_state import EngineKind, Parallelism, Storage
from fairlead.fleet.engine_launch import EngineLaunch
from fairlead.fleet.engine_memory import NO_HOST_CACHE, HostCache
from tests.engines.on_cpu import on_cpu
from tests.engines.refused_host_memory import FIELD, GIB, keeping, with_shared_memory
from tests.engines.setups import ENGINE, setup_of

COMPUTING = (EngineKind.VLLM, EngineKind.SGLANG, EngineKind.TENSORRT_LLM)


def of_kind(kind: EngineKind, gib: float | None = None, *words: str, **spread: int) -> EngineSetup:
    size = None if gib is None else int(gib * GIB)
    engine = replace(ENGINE, kind=kind, version="", host_memory_bytes=size, extra_args=words)
    return setup_of(engine, parallelism=Parallelism(**spread))


def launch(setup: EngineSetup) -> EngineLaunch:
    return ENGINES[setup.engine.kind].launch(setup, LifecycleParameters())


def options(setup: EngineSetup) -> dict[str, Any]:
    file = launch(setup).options
    assert file is not None
    return dict(yaml.safe_load(file.text)["kv_cache_config"])


def kept(setup: EngineSetup) -> HostCache:
    return ENGINES[setup.engine.kind].memory_settings(setup).host_cache


def given_flags(setup: EngineSetup, first: str) -> tuple[str, ...]:
    command = launch(setup).command
    begin = command.index(first)
    return command[begin : begin + 4]


def test_vllm_takes_gib_for_all_gpus_of_a_rank_and_each_data_parallel_rank_has_its_own() -> None:
    for spread, gib in (({"tensor": 4, "pipeline": 2}, "64"), ({"data": 2}, "32"), ({"data": 3}, "21.3330078125")):
        words = given_flags(of_kind(EngineKind.VLLM, 64, **spread), "--kv-offloading-size")
        assert words == ("--kv-offloading-size", gib, "--kv-offloading-backend", "native")


def test_sglang_takes_gigabytes_of_each_gpu() -> None:
    words = given_flags(of_kind(EngineKind.SGLANG, 64, tensor=2, data=2), "--enable-hierarchical-cache")
    assert words[:3] == ("--enable-hierarchical-cache", "--hicache-size", "17")


def test_tensorrt_llm_takes_bytes_of_each_gpu() -> None:
    assert options(of_kind(EngineKind.TENSORRT_LLM, 64, tensor=2))["host_cache_size"] == 32 * GIB
    assert "host_cache_size" not in options(of_kind(EngineKind.TENSORRT_LLM))


@pytest.mark.parametrize("kind", COMPUTING)
def test_a_container_requests_it_and_vllms_shared_memory_holds_it(kind: EngineKind) -> None:
    found, plain = (launch(of_kind(kind, gib, tensor=2)) for gib in (64, None))
    assert (found.host_cache_bytes, plain.host_cache_bytes) == (64 * GIB, 0)
    grown = 64 * GIB if kind is EngineKind.VLLM else 0
    assert found.shared_memory_bytes - plain.shared_memory_bytes == grown


@pytest.mark.parametrize(
    ("kind", "words", "gib"),
    [
        (EngineKind.VLLM, ("--kv-offloading-size", "8"), 16),
        (EngineKind.VLLM, ("--kv-offloading-size=8", "--kv-offloading-backend=native"), 16),
        (EngineKind.VLLM, ("--kv-offloading-size=8", "--kv-offloading-backend=lmcache"), 0),
        (EngineKind.VLLM, ("--kv-offloading-size=None",), 0),
        (EngineKind.VLLM, ("--kv-offloading-size=-8",), 0),
        (EngineKind.SGLANG, ("--hicache-size=8", "--enable-hierarchical-cache"), 16e9 / GIB),
        (EngineKind.SGLANG, ("--hicache-size=8", "--enable-hicache"), 16e9 / GIB),
        (EngineKind.SGLANG, ("--hicache-size=8",), 0),
        (EngineKind.SGLANG, ("--enable-hierarchical-cache", "--hicache-ratio=2"), 0),
        (EngineKind.SGLANG, ("--enable-hierarchical-cache", "--hicache-size=much"), 0),
    ],
)
def test_flags_given_by_hand_count_alike(kind: EngineKind, words: tuple[str, ...], gib: float) -> None:
    setup = of_kind(kind, None, *words, data=2)
    assert (launch(setup).host_cache_bytes, kept(setup).replica_bytes) == (int(gib * GIB), int(gib * GIB))
    assert launch(setup).command[-len(words) :] == words


def test_a_key_given_by_hand_counts_until_the_field_owns_it() -> None:
    words = ("--set=kv_cache_config.host_cache_size=1073741824",)
    assert kept(of_kind(EngineKind.TENSORRT_LLM, None, *words, tensor=2)) == HostCache(2 * GIB, copies=False)
    both = of_kind(EngineKind.TENSORRT_LLM, 64, *words)
    (refused,) = (
        one for one in ENGINES[EngineKind.TENSORRT_LLM].refusals(both) if one.field == "spec.engine.extraArgs"
    )
    assert (refused.because, refused.remedy) == (f"{FIELD} owns this key", f"set {FIELD} instead")


def test_on_a_processor_the_whole_cache_is_in_main_memory_already() -> None:
    for kind, words in ((EngineKind.VLLM, ("--kv-offloading-size=8",)), (EngineKind.SGLANG, ("--enable-hicache",))):
        setup = on_cpu(replace(ENGINE, kind=kind, host_memory_bytes=8 * GIB, extra_args=words))
        assert kept(setup) == NO_HOST_CACHE
        assert FIELD in [one.field for one in ENGINES[kind].refusals(setup)]


def test_a_stated_size_of_shared_memory_that_holds_it_is_left_as_it_is() -> None:
    vllm = ENGINES[EngineKind.VLLM]
    for setup in (with_shared_memory(keeping(64), 64), keeping(64)):
        assert vllm.refusals(setup) == ()
    small = with_shared_memory(keeping(64), 16)
    assert "spec.storage.sharedMemory" in [one.field for one in vllm.warnings(small)], "another image may hold it"
    assert vllm.refusals(replace(small, revision=replace(small.revision, storage=Storage()))) == ()


@pytest.mark.parametrize("kind", [one for one in EngineKind if one not in COMPUTING])
def test_a_simulated_engine_takes_the_same_command_and_holds_nothing(kind: EngineKind) -> None:
    simulated = of_kind(kind, 64)
    assert FIELD not in [one.field for one in ENGINES[kind].refusals(simulated)]
    assert launch(simulated).host_cache_bytes == launch(simulated).shared_memory_bytes == 0
    assert kept(simulated).replica_bytes == 64 * GIB, "which the fit and the emulation count"


def test_a_simulated_sglang_has_no_sizes_by_ratio() -> None:
    setup = of_kind(EngineKind.SIMULATED_SGLANG, None, "--enable-hierarchical-cache", "--hicache-ratio=2")
    (refused,) = (one for one in ENGINES[EngineKind.SIMULATED_SGLANG].refusals(setup) if "ratios" in one.because)
    assert (refused.reason, refused.remedy) == (EngineReason.NOT_YET_IN_ENGINE, f"write {FIELD} instead")


@given(gib=st.integers(1, 4096), tensor=st.sampled_from([1, 2, 4, 8]), data=st.integers(1, 8))
def test_no_engine_is_ever_given_more_than_the_spec_states(gib: int, tensor: int, data: int) -> None:
    gpus = tensor * data
    of_vllm = given_flags(of_kind(EngineKind.VLLM, gib * gpus, tensor=tensor, data=data), "--kv-offloading-size")
    of_sglang = given_flags(of_kind(EngineKind.SGLANG, gib * gpus, tensor=tensor, data=data), "--hicache-size")
    assert 0 < float(of_vllm[1]) * data <= gib * gpus
    assert 0 < int(of_sglang[1]) * 10**9 * gpus <= gib * gpus * GIB
