"""Prometheus as the source: the queries, what its answers mean for each pod, and the effect of no answer."""

import asyncio
import re
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any, Final

import pytest

from fairlead.autoscaler.samples import prometheus_queries
from fairlead.autoscaler.samples.prometheus import PrometheusSampleSource
from fairlead.autoscaler.samples.prometheus_api import Answer, PrometheusServer, PrometheusUnavailable
from fairlead.autoscaler.samples.prometheus_queries import ROUTER_FAMILIES, PodName, PrometheusSeries
from fairlead.autoscaler.samples.query_turns import QueryTurns
from fairlead.autoscaler.samples.scrape_targets import ScrapeTarget
from fairlead.engines.tensorrt_llm import metrics as tensorrt
from fairlead.engines.vllm import metrics
from fairlead.fleet.desired_state import EngineKind
from fairlead.scaling.facts import RouterFigures, SampleProblem
from house.tree import ROOT
from tests.engines.tensorrt_llm.test_tensorrt_metrics import PAGE
from tests.engines.test_metrics import BUSY

CHAT: Final = PodName("demo", "chat-1")
FRESH: Final = 'trtllm_model_config_info{engine_type="pytorch",model_name="chat",model="m"} 1.0\n'
"""The page of a TensorRT-LLM that has answered nothing yet."""
GATE: Final = PodName("demo", "chat-router-1")
_LINE: Final = re.compile(r"(?m)^(\w[\w:]*)(?:\{(.*)\})? (\S+)$")
_LABEL: Final = re.compile(r'(\w+)="([^"]*)"')
_FAMILIES: Final = re.compile(r'__name__=~"([^"]+)"|timestamp\(([\w:]+)')
HELD: Final = prometheus_queries.HELD


def series(pod: PodName, family: str, value: str, **labels: str) -> PrometheusSeries:
    return PrometheusSeries({"__name__": family, "namespace": pod.namespace, "pod": pod.name, **labels}, value)


def scraped(page: str, pod: PodName) -> list[PrometheusSeries]:
    """What a Prometheus stores of an engine's page."""
    return [
        series(pod, name, value, **dict(_LABEL.findall(labels or ""))) for name, labels, value in _LINE.findall(page)
    ]


def gate(requests: float = 100) -> list[PrometheusSeries]:
    """What it stores of a router's page."""
    return [
        series(GATE, prometheus_queries.ARRIVALS, f"{requests}", model="chat", lane="interactive"),
        series(GATE, prometheus_queries.ARRIVALS, "4", model="chat", lane="long"),
        series(GATE, prometheus_queries.ARRIVALS, "50", model="chat", lane="batch"),
        series(GATE, prometheus_queries.ARRIVALS, "3", model="other"),
        series(GATE, prometheus_queries.ARRIVED_TOKENS, "30000", model="chat", lane="interactive"),
        series(GATE, prometheus_queries.ARRIVED_TOKENS, "90000", model="chat", lane="batch"),
        series(GATE, prometheus_queries.WAITING, "3", lane="interactive"),
        series(GATE, prometheus_queries.WAITING, "1", lane="long"),
        series(GATE, prometheus_queries.WAITING, "40", lane="batch"),
        series(GATE, prometheus_queries.OLDEST, "2.5", lane="long"),
        series(GATE, HELD, "2"),
        series(GATE, prometheus_queries.STATE, "1", exported_pod="chat-1", state="ejected"),
        series(GATE, prometheus_queries.STATE, "0", exported_pod="chat-1", state="routable"),
        series(GATE, prometheus_queries.INFLIGHT, "4", exported_pod="chat-1"),
    ]


class Server:
    """Has these series, and answers with those of the families that a query names; all have one timestamp."""

    def __init__(self, engines: list[PrometheusSeries], routers: list[PrometheusSeries]) -> None:
        self.engines = engines
        self.routers = routers
        self.at = 100.0
        self.trouble: Exception | None = None
        self.queries: list[str] = []
        self.closed = False

    def query(self, query: str, read: Callable[[Iterable[PrometheusSeries]], Answer]) -> Answer:
        return read(self.found(query))

    def found(self, query: str) -> list[PrometheusSeries]:
        self.queries.append(query)
        if self.trouble is not None:
            raise self.trouble
        match = _FAMILIES.search(query)
        assert match is not None, query
        families = frozenset((match[1] or match[2]).split("|"))
        found = [one for one in (*self.engines, *self.routers) if one.labels["__name__"] in families]
        if "timestamp(" in query:
            return [
                PrometheusSeries({"namespace": one.namespace, "pod": one.name}, f"{self.at}")
                for one in {s.pod for s in found}
            ]
        return found

    def course(self, query: str, start: float, end: float, step_seconds: float) -> list[tuple[float, float]]:
        raise AssertionError(query, start, end, step_seconds)

    def close(self) -> None:
        self.closed = True


def target(pod: PodName, kind: EngineKind | None) -> ScrapeTarget:
    return ScrapeTarget(uid=pod.name, namespace=pod.namespace, name=pod.name, ip="10.0.0.1", kind=kind)


BOTH: Final = (target(CHAT, EngineKind.VLLM), target(GATE, None))


def looked(server: Server, pods: tuple[ScrapeTarget, ...] = BOTH) -> PrometheusSampleSource:
    """A source that read once."""

    async def story() -> PrometheusSampleSource:
        source = PrometheusSampleSource(
            PrometheusServer(url="http://prometheus"), QueryTurns(), connect=lambda _: server
        )
        source.start()
        source.follow(pods)
        async with asyncio.timeout(20):
            await until(lambda: all(is_read(source, one) for one in pods))
        await source.close()
        return source

    return asyncio.run(story())


def is_read(source: PrometheusSampleSource, pod: ScrapeTarget) -> bool:
    """Whether the first answer about this pod has arrived."""
    if pod.kind is None:
        return source.router(pod.uid) != source.router("another uid")
    return source.engine(pod.uid) != source.engine("another uid")


def run_story(story: Coroutine[Any, Any, None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(20):
            await story

    asyncio.run(bounded())


async def until(seen: Callable[[], bool]) -> None:
    while not seen():
        await asyncio.sleep(0.005)


def test_the_figures_of_an_engine_from_prometheus_equal_those_of_a_direct_scrape() -> None:
    server = Server(scraped(BUSY, CHAT), gate())
    sample = looked(server).engine("chat-1")

    assert (sample.figures, sample.at, sample.problem) == (metrics.load(BUSY), 100.0, None)
    assert server.closed


@pytest.mark.parametrize("page", [FRESH, FRESH + PAGE], ids=["before its first answer", "at work"])
def test_a_tensorrt_llm_is_read_from_prometheus_as_from_its_page(page: str) -> None:
    """The size of its cache is in two families, and a new server's page has only its settings."""
    server = Server(scraped(page, CHAT), [])
    sample = looked(server, (target(CHAT, EngineKind.TENSORRT_LLM),)).engine("chat-1")

    assert (sample.figures, sample.at, sample.problem) == (tensorrt.load(page), 100.0, None)


def test_the_figures_of_a_router_from_prometheus_equal_those_of_its_page() -> None:
    sample = looked(Server([], gate())).router("chat-router-1")

    assert sample.figures is not None
    assert sample.figures.figures == RouterFigures(
        at=100.0,
        arrivals=107.0,
        prompt_tokens=30_000.0,
        batch_arrivals=50.0,
        waiting=4.0,
        batch_waiting=40.0,
        held=2.0,
        oldest_seconds=2.5,
    )
    seen = sample.figures.endpoints["chat-1"]
    assert (seen.state, seen.busy_since) == ("ejected", 100.0)


def test_a_router_that_received_no_request_yet_counts_zero() -> None:
    sample = looked(Server([], [one for one in gate() if "arriv" not in one.labels["__name__"]])).router(
        "chat-router-1"
    )

    assert sample.figures is not None
    assert sample.figures.figures.arrivals == 0.0


def test_a_value_that_is_not_a_number_makes_a_sample_unreadable_through_prometheus_too() -> None:
    lying = re.sub(r"(?m)^(vllm:num_requests_running.*) \S+$", r"\1 NaN", BUSY)
    source = looked(Server(scraped(lying, CHAT), [*gate(), series(GATE, HELD, "NaN")]))

    assert source.engine("chat-1").problem is SampleProblem.UNREADABLE
    assert source.router("chat-router-1").problem is SampleProblem.UNREADABLE


def test_a_pod_without_samples_in_prometheus_is_reported_with_that_reason() -> None:
    sample = looked(Server([], [])).engine("chat-1")

    assert (sample.figures, sample.problem) == (None, SampleProblem.NO_ANSWER)
    assert sample.because == (
        "Prometheus has no sample with its labels namespace and pod; check that it scrapes the pod and keeps both"
    )


def test_an_unreachable_prometheus_is_a_sample_problem_of_every_pod_that_is_read_through_it() -> None:
    server = Server([], [])
    server.trouble = PrometheusUnavailable("connection refused")
    source = looked(server)

    because = "Prometheus at http://prometheus does not answer: connection refused"
    assert (source.engine("chat-1").because, source.router("chat-router-1").because) == (because, because)
    assert source.tallies.failures[SampleProblem.NO_ANSWER] == 2


def test_an_internal_error_is_a_sample_problem_and_does_not_end_the_queries() -> None:
    server = Server([], [])
    server.trouble = ZeroDivisionError()

    assert (
        looked(server).engine("chat-1").because
        == "an internal error kept the autoscaler from querying Prometheus at http://prometheus; see its log"
    )


def test_prometheus_is_queried_repeatedly_and_at_once_for_a_new_pod() -> None:
    async def story() -> None:
        server = Server(scraped(BUSY, CHAT), gate())
        source = PrometheusSampleSource(PrometheusServer(url="http://prometheus"), QueryTurns(), 0.02, lambda _: server)
        source.start()
        source.follow(BOTH)
        await until(lambda: source.tallies.scrapes >= 6)
        source.follow(BOTH[:1])
        assert source.router("chat-router-1").figures is None
        await source.close()

    run_story(story())


def test_each_query_names_the_namespaces_and_keeps_the_labels_that_distinguish_samples() -> None:
    server = Server([], [])
    looked(server)

    assert all('namespace=~"demo"' in query for query in server.queries)
    assert len(server.queries) == 4
    assert any(
        query.startswith("max by (__name__, namespace, pod, le, engine, model_name,") for query in server.queries
    )


def test_no_label_of_a_real_page_is_added_up_away() -> None:
    kept = {"le", *metrics.NAMES.labels, *metrics.NAMES.capacity_labels}
    wanted = metrics.NAMES.families - {metrics.NAMES.capacity}
    found: Mapping[str, set[str]] = {name: set() for name in wanted}
    for name, labels, _ in _LINE.findall(BUSY):
        if name in wanted:
            found[name] |= {label for label, _ in _LABEL.findall(labels)}

    assert all(labels <= kept for labels in found.values())


def test_routers_of_other_releases_are_read_too() -> None:
    assert ROUTER_FAMILIES == (
        "fairlead_router_arrivals_total",
        "fairlead_router_arrived_prompt_tokens_total",
        "fairlead_router_requests_waiting",
        "fairlead_router_oldest_wait_seconds",
        "fairlead_router_requests_held",
        "fairlead_router_endpoint_state",
        "fairlead_router_endpoint_inflight",
    )


def test_labels_are_written_out_so_that_they_read_back() -> None:
    odd = series(CHAT, "vllm:num_requests_running", "2", model_name='a"b\\c\nd', engine="")

    assert prometheus_queries.engine_expositions([odd]) == {
        CHAT: 'vllm:num_requests_running{model_name="a\\"b\\\\c\\nd"} 2\n'
    }


def test_secrets_are_not_shown() -> None:
    assert "hush" not in repr(PrometheusServer(url="http://prometheus", token="hush", authority="hush"))


def test_the_reference_page_lists_every_query_exactly_as_it_is_sent() -> None:
    page = (ROOT / "docs" / "reference" / "figures.md").read_text(encoding="utf-8")
    queries = (
        prometheus_queries.of_engines(metrics.NAMES, ["demo"]),
        prometheus_queries.moments(metrics.NAMES.usage, ["demo"]),
        prometheus_queries.of_routers(["demo"]),
        prometheus_queries.moments(HELD, ["demo"]),
        prometheus_queries.requests_each_hour(PodName("demo", "chat-router")),
    )

    assert all(f"\n{query}\n" in page for query in queries)
