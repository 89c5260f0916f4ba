"""/metrics before the first request, line by line against vLLM's own."""

from pathlib import Path

import pytest

from tests.conformance import page
from tests.conformance.endpoint import Endpoint
from tests.conformance.servers import CONTEXT

RECORDED = Path(__file__).with_name("fresh_page.txt")
"""`page.shape` of the page of vLLM 0.32.0 in the plain configuration right after its start."""
OF_A_PROCESS = (
    *("virtual_memory_bytes", "resident_memory_bytes", "start_time_seconds"),
    *("cpu_seconds_total", "open_fds", "max_fds"),
)


def test_names_types_labels_children_and_buckets_are_vllms(plain: Endpoint) -> None:
    seen = page.shape(page.read(plain.fresh_page()))
    if plain.differs("metrics of our own"):
        seen = [line for line in seen if not line.startswith("fairlead_engine_")]
    assert seen == RECORDED.read_text(encoding="utf-8").splitlines()


def test_every_family_says_what_it_is(plain: Endpoint) -> None:
    families = page.read(plain.fresh_page()).families.values()
    assert [family.name for family in families if not family.help] == []


def test_the_page_says_what_it_is_written_in(plain: Endpoint) -> None:
    assert plain.get("/metrics").headers["content-type"].startswith("text/plain; version=")


@pytest.mark.parametrize("name", OF_A_PROCESS)
def test_the_process_reports_metrics_of_itself(plain: Endpoint, name: str) -> None:
    assert page.now(plain).value(f"process_{name}") > 0


def test_what_counts_begins_with_nothing(plain: Endpoint) -> None:
    fresh = page.read(plain.fresh_page())
    counters = [name for name, family in fresh.families.items() if family.kind == "counter" and "vllm:" in name]
    assert {name: fresh.value(name) for name in counters} == dict.fromkeys(counters, 0.0)
    assert fresh.value("vllm:engine_sleep_state", sleep_state="awake") == 1


def test_the_capacity_is_reported_as_label_values(plain: Endpoint) -> None:
    (label,) = page.now(plain).labels("vllm:cache_config_info")
    assert label["engine"] == "0"
    assert "model_name" not in label
    blocks, size = int(label["num_gpu_blocks"]), int(label["block_size"])
    assert int(label["kv_cache_size_tokens"]) == int(float(label["kv_cache_max_concurrency"]) * CONTEXT)
    assert int(label["kv_cache_size_tokens"]) == pytest.approx(blocks * size, rel=0.01)
    assert label["enable_prefix_caching"] == "True"
