"""The page, checked by Prometheus' own parser."""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from fairlead.fleet.endpoints import EndpointState
from fairlead.fleet.tenants import Lane, Tenant
from fairlead.router.cache.counters import CacheCounters, RedisStoreCounters
from fairlead.router.cache.reasons import CacheBypassReason, NotStoredReason
from fairlead.router.observability.process_metrics import ProcessMetrics
from fairlead.router.observability.snapshot import BudgetUse, RouterSnapshot
from fairlead.routing.accounts import Account, zeroes
from fairlead.routing.endpoint import Endpoint, EndpointSample
from fairlead.routing.queue_snapshot import LaneSnapshot
from fairlead.routing.reasons import RefusalReason
from fairlead.telemetry.metric_family import MetricType
from fairlead.telemetry.router_families import FAMILIES, PREFIX
from tests.router.observability.recorders import T0, answered, recorder_of, replica, samples


@dataclass
class Cache:
    """A response cache that was used."""

    counts: CacheCounters = field(default_factory=lambda: CacheCounters(7, 6, 5, 4, 8, 1, 3, 2))
    entries: int = 3
    bytes: int = 4096


def lane(of: Lane, waiting: int, oldest_seconds: float) -> LaneSnapshot:
    return LaneSnapshot(lane=of, waiting=waiting, oldest_seconds=oldest_seconds, inflight=0)


def tenant(name: str, inflight: int, queued: int, over_concurrency: int = 0) -> Account:
    return Account(Tenant(name=name, keys=()), inflight=inflight, queued=queued, over_concurrency=over_concurrency)


def families(page: bytes) -> list[Metric]:
    return list(text_string_to_metric_families(page.decode()))


def test_every_family_of_the_table_is_on_the_page_once_with_its_help_and_type() -> None:
    router = recorder_of()
    answered(router, stream=True)
    page = router.page(RouterSnapshot()).decode()
    heads = re.findall(r"^# TYPE (\S+) (\w+)$", page, re.MULTILINE)
    assert heads == [(one.name, one.kind.value) for one in FAMILIES]
    assert re.findall(r"^# HELP (\S+) (.+)$", page, re.MULTILINE) == [(one.name, one.text) for one in FAMILIES]


def test_prometheus_reads_the_page_with_the_types_we_mean() -> None:
    router = recorder_of()
    answered(router, stream=True)
    texts = {one.name: one.type for one in families(router.page(RouterSnapshot()))}
    assert texts == {one.name.removesuffix("_total"): one.kind.value for one in FAMILIES}


def test_names_and_labels_keep_the_conventions() -> None:
    for one in FAMILIES:
        assert re.fullmatch(rf"({PREFIX}|process)_[a-z0-9_]+", one.name)
        assert one.name.endswith("_total") == (one.kind is MetricType.COUNTER)
        assert bool(one.bounds) == (one.kind is MetricType.HISTOGRAM)
        assert list(one.bounds) == sorted(set(one.bounds))
        assert "le" not in one.labels
        assert one.text.endswith(".")
    assert len({one.name for one in FAMILIES}) == len(FAMILIES)


def test_replicas_are_exposed_with_the_routers_load_and_their_own_figures() -> None:
    busy = Endpoint(pod="b", address="10.0.0.2:8000", slot=1, revision="r2", state=EndpointState.ROUTABLE)
    busy.inflight, busy.prompt_load, busy.reply_load = 3, 1200, 640
    busy.sample = EndpointSample(at=T0, running=4.0, waiting=1.0, kv_usage=0.25)
    figures = samples(recorder_of(), RouterSnapshot(endpoints=[busy, replica("a")]))
    assert figures['endpoints{state="routable"}'] == 1
    assert figures['endpoints{state="notReady"}'] == 1
    assert figures['endpoints{state="ejected"}'] == 0
    assert figures['endpoint_state{pod="b",revision="r2",state="routable"}'] == 1
    assert figures['endpoint_inflight{pod="b"}'] == 3
    assert (figures['endpoint_prefill_tokens{pod="b"}'], figures['endpoint_expected_reply_tokens{pod="b"}']) == (
        1200,
        640,
    )
    assert (figures['endpoint_running{pod="b"}'], figures['endpoint_waiting{pod="b"}']) == (4, 1)
    assert figures['endpoint_kv_usage{pod="b"}'] == 0.25
    assert 'endpoint_kv_usage{pod="a"}' not in figures


def test_queues_are_exposed_by_lane_and_by_tenant() -> None:
    lanes = [lane(Lane.INTERACTIVE, 2, 0.5), lane(Lane.BATCH, 9, 60.0)]
    tenants = [tenant("shop", 4, 2, over_concurrency=3), tenant("lab", 0, 9)]
    shadowed = zeroes() | {RefusalReason.TOKEN_RATE: 3}
    figures = samples(recorder_of(), RouterSnapshot(lanes=lanes, accounts=tenants, shadowed=shadowed, held=10))
    assert [figures[f'requests_waiting{{lane="{lane}"}}'] for lane in Lane] == [2, 0, 9]
    assert [figures[f'oldest_wait_seconds{{lane="{lane}"}}'] for lane in Lane] == [0.5, 0, 60]
    assert figures["requests_held"] == 10
    assert (figures['tenant_inflight{tenant="shop"}'], figures['tenant_waiting{tenant="lab"}']) == (4, 9)
    assert figures['shadow_refusals_total{reason="token_rate"}'] == 3
    assert (figures['tenant_over_concurrency_total{tenant="shop"}'], figures["requests_held"]) == (3, 10)


def test_budgets_are_exposed_as_this_router_enforces_them() -> None:
    figures = samples(recorder_of(), RouterSnapshot(budgets=[BudgetUse(tenant="shop", most=12.5, spent=9.0)]))
    assert (figures['tenant_budget{tenant="shop"}'], figures['tenant_budget_spent{tenant="shop"}']) == (12.5, 9)
    assert 'tenant_budget{tenant="shop"}' not in samples(recorder_of())


def test_the_cache_is_exposed_with_the_store_that_routers_share() -> None:
    cache, counters = Cache(), RedisStoreCounters(1, 2, 3, 4, 5, 6, 7)
    cache.counts.passed[CacheBypassReason.SAMPLED], cache.counts.refused[NotStoredReason.TOO_LARGE] = 9, 2
    figures = samples(recorder_of(), RouterSnapshot(cache=cache, counters=counters))
    results = ("hit", "miss", "joined", "passed")
    assert [figures[f'cache_lookups_total{{result="{result}"}}'] for result in results] == [7, 6, 5, 9]
    assert figures['cache_passed_total{reason="sampled"}'] == 9
    assert figures['cache_not_kept_total{reason="too_large"}'] == 2
    assert (figures["cache_stored_total"], figures["cache_evicted_total"]) == (4, 3)
    assert figures["cache_expired_total"] == 2
    outcomes = ("promoted", "scattered")
    assert [figures[f'cache_followers_total{{result="{outcome}"}}'] for outcome in outcomes] == [8, 1]
    assert (figures["cache_entries"], figures["cache_bytes"]) == (3, 4096)
    ways = ("hit", "miss", "slow", "error", "busy", "written", "dropped")
    assert [figures[f'cache_shared_total{{result="{result}"}}'] for result in ways] == [1, 2, 3, 4, 5, 6, 7]


def test_without_a_cache_its_metrics_are_exposed_as_zero() -> None:
    figures = samples(recorder_of())
    assert (figures["cache_entries"], figures['cache_lookups_total{result="hit"}']) == (0, 0)
    assert 'cache_shared_total{result="hit"}' not in figures


def test_connections_loop_lag_and_drain_are_exposed() -> None:
    router = recorder_of()
    counters = router.counts
    connections = counters.connections
    connections.upstreams_opened, connections.upstreams_reused = 2, 40
    connections.clients_opened, connections.clients_refused = 9, 1
    connections.slow_clients, connections.bad_heads = 2, 3
    router.swept(T0 + 0.25, T0 + 0.248)
    router.swept(T0 + 0.5, T0 + 0.51)
    figures = samples(router, RouterSnapshot(upstream_idle=4, clients=7, draining=True))
    assert [figures[f'upstream_connections_total{{kind="{kind}"}}'] for kind in ("opened", "reused")] == [2, 40]
    events = ("opened", "refused", "slow", "bad_head")
    assert [figures[f'client_connection_events_total{{event="{event}"}}'] for event in events] == [9, 1, 2, 3]
    assert (figures["upstream_idle_connections"], figures["client_connections"], figures["draining"]) == (4, 7, 1)
    assert figures["loop_lag_seconds_count"] == 2
    assert figures["loop_lag_seconds_sum"] == pytest.approx(0.002), "early is not late"


def test_process_metrics_report_what_the_kernel_counts() -> None:
    figures = samples(recorder_of())
    assert 1e6 < figures["process_resident_memory_bytes"] < 1e11
    assert figures["process_cpu_seconds_total"] > 0
    assert 1.7e9 < figures["process_start_time_seconds"] < 1e10


def test_without_kernel_figures_no_process_metrics_are_exposed(tmp_path: Path) -> None:
    assert ProcessMetrics(tmp_path).read() == {}


def test_an_older_kernel_yields_no_descriptor_metrics(tmp_path: Path) -> None:
    (tmp_path / "stat").write_text("cpu 1\nbtime 1700000000\n")
    (tmp_path / "self").mkdir()
    (tmp_path / "self" / "fd").write_text("")
    (tmp_path / "self" / "stat").write_text("7 (a (b) c) " + " ".join(str(100 * number) for number in range(3, 53)))
    ticks, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
    assert ProcessMetrics(tmp_path).read() == {
        "cpu_seconds": (1400 + 1500) / ticks,
        "resident_memory_bytes": 2400 * page,
        "start_time_seconds": 1_700_000_000 + 2200 / ticks,
    }


def test_a_router_that_has_only_answered_shows_its_failures_at_zero_so_that_the_first_one_is_an_increase() -> None:
    router = recorder_of()
    answered(router, stream=True)
    figures = samples(router)
    assert figures['results_total{surface="chat",stream="true",result="answered"}'] == 1
    for result in ("refused", "engine_failed", "cut"):
        assert figures[f'results_total{{surface="chat",stream="true",result="{result}"}}'] == 0
    assert 'results_total{surface="chat",stream="false",result="cut"}' not in figures
