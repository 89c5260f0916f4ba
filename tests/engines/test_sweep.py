"""How each kind of engine is swept: its flags and variables, and what its pages say of its counters."""

import json
from pathlib import Path
from typing import Final

import pytest

from fairlead.engines.catalogue import ENGINES
from fairlead.engines.sglang.sweep import SglangSweep
from fairlead.engines.start_log import LogLine
from fairlead.engines.vllm.sweep import VllmSweep
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.sweeps import EngineVariant, KvCapacity

DATA: Final = Path(__file__).parent / "data"
VLLM_PAGE: Final = (DATA / "vllm-0.32-busy.txt").read_text(encoding="utf-8")
SGLANG_PAGE: Final = (DATA / "sglang-0.5.23-busy.txt").read_text(encoding="utf-8")
LOADS: Final = json.dumps({"version": "0.5.23", "loads": [{"num_running_reqs": 3}, {"num_waiting_reqs": 2}]})
FREED: Final = LogLine(9.0, "Sleep mode freed 20.50 GiB memory, 1.25 GiB memory is still in use.")


def test_a_kind_that_can_be_swept_says_how_and_no_other() -> None:
    assert {kind for kind, engine in ENGINES.items() if engine.sweep is not None} == {
        EngineKind.VLLM,
        EngineKind.SGLANG,
    }


def test_vllm_starts_without_weights_unless_its_command_says_how_to_load_them() -> None:
    sweep = VllmSweep()
    assert sweep.added(("--max-model-len", "256")) == ("--load-format", "dummy")
    assert sweep.added(("--load-format=auto",)) == ()
    assert sweep.flags(EngineVariant.FP8) == ("--quantization", "fp8")
    flag, value = sweep.drafting(EngineVariant.EAGLE3, "/head")
    assert flag == "--speculative-config"
    assert json.loads(value) == {"method": "eagle3", "model": "/head", "num_speculative_tokens": 3}


def test_vllm_has_its_sleep_endpoints_only_in_the_variant_that_sleeps() -> None:
    sweep = VllmSweep()
    variables = {one: sweep.environment(one).get("VLLM_SERVER_DEV_MODE") for one in EngineVariant}
    assert {one for one, value in variables.items() if value == "1"} == {EngineVariant.SLEEP}
    assert sweep.slept([FREED]) == (20.5, 1.25)


def test_vllm_on_a_processor_has_no_graphs_no_sleep_and_no_lookup_on_a_gpu() -> None:
    assert [one.what for one in VllmSweep().lacks(on_cpu=True)] == [
        *("ngramGpu", "graphs", "sleep", "memory of CUDA graphs")
    ]
    assert VllmSweep().lacks(on_cpu=False) == ()


def test_a_sample_of_vllm_has_the_time_of_its_prompts_and_the_size_of_its_cache() -> None:
    found = VllmSweep().sample([VLLM_PAGE])
    assert found is not None
    assert (found.load.running, found.capacity) == (12.0, KvCapacity(tokens=56144, blocks=3510, block_tokens=16))
    assert found.prefills > 0 < found.prefill_s
    assert found.first_tokens > 0 < found.gaps[1]


def test_a_page_without_a_cache_or_a_histogram_still_counts_requests() -> None:
    kept = [line for line in VLLM_PAGE.splitlines(keepends=True) if "cache_config_info" not in line]
    found = VllmSweep().sample(["".join(one for one in kept if "prefill_time" not in one and "inter_token" not in one)])
    assert found is not None
    assert (found.capacity, found.prefill_s, found.gaps) == (None, 0.0, (0.0, 0.0))
    of_sglang = SglangSweep().sample([LOADS, SGLANG_PAGE.replace("sglang:page_size", "sglang:other")])
    assert of_sglang is not None
    assert of_sglang.capacity is None


@pytest.mark.parametrize("page", ["", "<html>busy</html>", "vllm:num_requests_running NaN"])
def test_what_is_no_metrics_page_is_no_sample(page: str) -> None:
    assert VllmSweep().sample([page]) is None
    assert SglangSweep().sample([LOADS, page]) is None


@pytest.mark.parametrize("page", [None, "", "[]", "{}", "not JSON"])
def test_an_engine_without_a_readable_version_is_recorded_by_its_name(page: str | None) -> None:
    assert VllmSweep().version(page) == "vLLM"
    assert SglangSweep().version(page) == "SGLang"


def test_a_version_is_recorded_beside_the_name() -> None:
    assert VllmSweep().version('{"version": "0.32.0"}') == "vLLM 0.32.0"
    assert SglangSweep().version(LOADS) == "SGLang 0.5.23"


def test_sglang_is_swept_with_its_metrics_on_and_without_drafts() -> None:
    sweep = SglangSweep()
    assert sweep.added(("--enable-metrics",)) == ("--load-format", "dummy", "--decode-log-interval", "10")
    assert sweep.flags(EngineVariant.KV_FP8) == ("--kv-cache-dtype", "fp8_e4m3")
    assert sweep.drafting(EngineVariant.DRAFT, "/draft") == ()
    assert all(sweep.environment(one)["PYTHONUNBUFFERED"] == "1" for one in EngineVariant)
    assert sweep.slept([FREED]) is None
    assert len(sweep.lacks(on_cpu=True)) == len(sweep.lacks(on_cpu=False)) + 1


def test_a_sample_of_sglang_has_the_current_number_of_requests() -> None:
    """Its page is up to half a minute old when nothing runs."""
    stage = "sglang:per_stage_req_latency_seconds"
    labelled = ('_sum{stage="prefill_forward"} 1.5', '_count{stage="prefill_forward"} 4', '_sum{stage="other"} 9')
    summed = "".join(f"{stage}{one}\n" for one in labelled)
    found = SglangSweep().sample([LOADS, f"{SGLANG_PAGE}\n{summed}"])
    assert found is not None
    assert (found.load.running, found.load.waiting) == (3.0, 2.0)
    assert (found.prefill_s, found.prefills) == (1.5, 4.0)
    assert found.capacity == KvCapacity(tokens=56144, blocks=56144, block_tokens=1)
    assert SglangSweep().sample(["{}", SGLANG_PAGE]) is None


@pytest.mark.parametrize("kind", [VllmSweep(), SglangSweep()])
def test_a_log_without_the_lines_of_a_start_has_no_phases(kind: VllmSweep | SglangSweep) -> None:
    assert kind.start([LogLine(1.0, "hello")], 2.0).phases == {}
