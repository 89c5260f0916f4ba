"""The source of a deployment's samples: pods themselves, or the Prometheus of its policy, with its Secrets."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from dataclasses import replace

from fairlead.autoscaler.decision_facts import ScalingCase
from fairlead.autoscaler.samples.prometheus_api import PrometheusServer
from fairlead.autoscaler.samples.sample_source import SampleSource, SourceCounters
from fairlead.autoscaler.samples.scrape_targets import ScrapeTarget
from fairlead.autoscaler.samples.source_registry import SECRETS_LIVE_S, SourceFactories, SourceRegistry
from fairlead.cluster import kinds
from fairlead.cluster.api_errors import ApiRequest, RequestRefused
from fairlead.fleet.desired_state import EngineKind, SecretKey
from fairlead.fleet.policies import PrometheusAccess, ScalingPolicy
from fairlead.scaling.facts import SampleProblem
from tests import virtual_time
from tests.autoscaler.fleets import SUBJECT, Clock, PretendServer, PretendSource, PretendWorld, deployment

PLAIN = ScalingCase(document=deployment("plain"), subject=SUBJECT, policy=ScalingPolicy())
URL = "http://prometheus.monitoring"
TOKEN = SecretKey(name="prometheus", key="token")
QUERYING = replace(
    PLAIN, document=deployment("asking"), policy=ScalingPolicy(prometheus=PrometheusAccess(url=URL, token=TOKEN))
)


def target(name: str) -> ScrapeTarget:
    return ScrapeTarget(uid=name, namespace="team", name=name, ip="10.0.0.1", kind=EngineKind.SIMULATED)


class Bench:
    """Sources, and what was created for them."""

    def __init__(self) -> None:
        self.server = PretendServer(PretendWorld())
        self.direct = PretendSource(Clock())
        self.made: list[tuple[PrometheusServer, PretendSource]] = []
        self.sources = SourceRegistry(SourceFactories(direct=lambda: self.direct, prometheus=self._make), self.server)

    def _make(self, door: PrometheusServer) -> SampleSource:
        self.made.append((door, PretendSource(Clock())))
        return self.made[-1][1]

    def keep_token(self, text: str) -> None:
        """Set the Secret that the API server holds."""
        self.server.held["prometheus"] = {"data": {"token": base64.b64encode(text.encode()).decode()}}

    def scrapes(self) -> int:
        """All scrapes, as the metrics page adds them up."""
        return sum(one.scrapes for one in self.sources.tallies())

    async def follow(self, *cases: ScalingCase) -> None:
        """One round."""
        self.sources.follow((case, iter((target(case.name),))) for case in cases)
        for _ in range(5):
            await asyncio.sleep(0)


def run_story(story: Callable[[Bench], Awaitable[None]]) -> None:
    """On virtual time: Secrets are read again after minutes."""

    async def report() -> None:
        bench = Bench()
        await story(bench)
        await bench.sources.close()

    virtual_time.run_story(report())


def test_each_follows_the_source_of_its_policy() -> None:
    async def story(bench: Bench) -> None:
        bench.keep_token("sesame\n")
        await bench.follow(PLAIN, QUERYING)
        await bench.follow(PLAIN, QUERYING)
        ((door, source),) = bench.made
        assert door == PrometheusServer(url=URL, token="sesame", namespace="team")
        assert [one.name for one in bench.direct.targets] == ["plain"]
        assert [one.name for one in source.targets] == ["asking"]
        assert bench.sources.of(PLAIN) is bench.direct
        assert bench.sources.of(QUERYING) is source
        source.tallies.scrapes, bench.direct.tallies.scrapes = 3, 4
        assert bench.scrapes() == 7

    run_story(story)


def test_routers_of_a_gateway_are_scraped_directly_since_their_metrics_cover_all_its_deployments() -> None:
    joined = replace(QUERYING, document=deployment("asking") | {"spec": {"gateway": {"name": "front"}}})
    shared = replace(target("router"), uid="router/team/asking", kind=None, deployment="team/asking")

    async def story(bench: Bench) -> None:
        bench.keep_token("sesame")
        for _ in range(2):
            bench.sources.follow([(joined, iter((target("asking"), shared)))])
            for _ in range(5):
                await asyncio.sleep(0)
        ((_, source),) = bench.made
        assert [one.name for one in bench.direct.targets] == ["router"]
        assert [one.name for one in source.targets] == ["asking"]
        both = bench.sources.of(joined)
        both.start()
        both.follow(())
        await both.close()
        assert both.tallies is source.tallies
        assert both.engine("asking") == source.engine("asking")
        assert both.router("router/team/asking") == bench.direct.router("router/team/asking")
        assert both.router("asking") == source.router("asking")

    run_story(story)


def test_without_its_secret_everything_is_unknown_and_says_why() -> None:
    async def story(bench: Bench) -> None:
        await bench.follow(QUERYING)
        source = bench.sources.of(QUERYING)
        assert bench.made == []
        assert source.engine("asking").problem is SampleProblem.NO_ANSWER
        assert "Secret team/prometheus has no key token" in source.engine("asking").because
        assert source.router("asking").figures is None

    run_story(story)


def test_an_operator_that_may_not_read_secrets_says_with_which_value_it_may() -> None:
    async def story(bench: Bench) -> None:
        request = ApiRequest(verb="get", resource=kinds.SECRET, namespace="team", name="prometheus")
        bench.server.unread = RequestRefused(request, 403, {})
        await bench.follow(QUERYING)
        assert bench.sources.of(QUERYING).engine("asking").because == (
            "the operator is not permitted to read Secret team/prometheus of the policy's Prometheus; "
            "install it with rbac.secrets=true, or name a Prometheus that needs none"
        )

    run_story(story)


def test_a_secret_that_is_not_text_is_reported_too() -> None:
    async def story(bench: Bench) -> None:
        bench.server.held["prometheus"] = {"data": {"token": "!"}}
        await bench.follow(QUERYING)
        assert "it is not text" in bench.sources.of(QUERYING).engine("asking").because

    run_story(story)


def test_a_prometheus_that_no_policy_names_is_left() -> None:
    async def story(bench: Bench) -> None:
        bench.keep_token("sesame")
        await bench.follow(QUERYING)
        await bench.follow(PLAIN)
        bench.made[0][1].tallies.scrapes = 3
        assert bench.scrapes() == 0, "what it still counts is counted nowhere"

    run_story(story)


def test_totals_of_scrapes_never_go_down_when_a_token_is_rotated_or_a_prometheus_is_left() -> None:
    async def story(bench: Bench) -> None:
        bench.keep_token("sesame")
        await bench.follow(QUERYING)
        first = SourceCounters(scrapes=100, bytes_read=7, connections=2, late=1)
        first.failures[SampleProblem.STALE] = 5
        bench.made[0][1].tallies = first
        bench.keep_token("open")
        await asyncio.sleep(SECRETS_LIVE_S)
        await bench.follow(QUERYING)
        assert (len(bench.made), bench.scrapes()) == (2, 100)
        bench.made[1][1].tallies.scrapes = 11
        await bench.follow(PLAIN)
        assert bench.scrapes() == 111
        past = next(one for one in bench.sources.tallies() if one.scrapes)
        first.scrapes = 111
        assert past == first

    run_story(story)
