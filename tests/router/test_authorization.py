"""Who may read the pages of the metrics port: by keys, by tokens that the cluster reviews, or on this machine only."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import aiohttp
import pytest

from fairlead.fleet.token_rights import TokenRight
from fairlead.process.exit_signals import ExitSignals
from fairlead.router import authorization, process
from fairlead.router.authorization import MetricsAuthorizer
from fairlead.router.config.loader import RouterConfig, load, read
from fairlead.router.config.settings import SecretLocation
from fairlead.router.drain import DrainPace
from fairlead.router.process import RouterOptions
from fairlead.router.wire.head_cache import HeadCache
from fairlead.router.wire.limits import RequestLimits
from fairlead.router.wire.problems import Problem
from fairlead.router.wire.request_heads import RequestHead
from fairlead.router.wire.requests import ClientRequest, RequestReader
from tests.emulator.living import client
from tests.router.planes import HOST, free_port, plane, run_story, written

IN_A_CLUSTER = RouterConfig(namespace="team", selector="app=vllm")


class Cluster:
    """An API server that knows some tokens, and counts its requests."""

    def __init__(self, **tokens: TokenRight) -> None:
        self.tokens = tokens
        self.reviews = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def review(self, token: str, page: str) -> TokenRight:
        self.reviews += 1
        assert page == "/metrics"
        await self.gate.wait()
        return self.tokens.get(token, TokenRight.UNKNOWN_TOKEN)


def head(token: str | None = None, path: str = "/metrics") -> RequestHead:
    lines = "" if token is None else f"Authorization: Bearer {token}\r\n"
    found = RequestReader(RequestLimits(), HeadCache()).feed(f"GET {path} HTTP/1.1\r\nHost: a\r\n{lines}\r\n".encode())
    assert isinstance(found, ClientRequest)
    return found.head


async def judged(one: MetricsAuthorizer, token: str | None) -> int:
    """200, or the status of the refusal."""
    answer: asyncio.Future[Problem | None] = asyncio.get_running_loop().create_future()
    one.judge(head(token), answer.set_result)
    problem = await answer
    return 200 if problem is None else problem.status


def test_a_router_of_a_gateway_reviews_tokens_although_only_its_targets_have_pods() -> None:
    async def story() -> None:
        gateway = RouterConfig(namespace="team", is_gateway=True, targets=IN_A_CLUSTER.served)
        assert (gateway.selector, gateway.in_cluster) == ("", True)
        one = MetricsAuthorizer(lambda: gateway, Cluster(prometheus=TokenRight.ALLOWED).review)
        assert [await judged(one, token) for token in ("prometheus", "strange", None)] == [200, 401, 401]
        await one.close()

    run_story(story())


@pytest.mark.trial(16)
def test_a_token_opens_the_page_when_the_cluster_grants_its_owner_the_path() -> None:
    async def story() -> None:
        cluster = Cluster(prometheus=TokenRight.ALLOWED, somebody=TokenRight.DENIED, later=TokenRight.NO_ANSWER)
        one = MetricsAuthorizer(lambda: IN_A_CLUSTER, cluster.review)
        assert [await judged(one, token) for token in ("prometheus", "somebody", "later", "strange", None)] == [
            *(200, 403, 503, 401, 401)
        ]
        await one.close()

    run_story(story())


def test_the_cluster_reviews_a_token_for_a_page_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        now = 1000.0
        monkeypatch.setattr(authorization, "monotonic", lambda: now)
        cluster = Cluster(prometheus=TokenRight.ALLOWED, somebody=TokenRight.DENIED)
        one = MetricsAuthorizer(lambda: IN_A_CLUSTER, cluster.review)
        for _ in range(3):
            assert await judged(one, "prometheus") == 200
            assert await judged(one, "somebody") == 403
        assert cluster.reviews == 2
        now += authorization.REFUSAL_SECONDS + 1
        cluster.tokens["somebody"] = TokenRight.ALLOWED
        assert (await judged(one, "somebody"), await judged(one, "prometheus"), cluster.reviews) == (200, 200, 3)
        now += authorization.GRANT_SECONDS
        cluster.tokens["prometheus"] = TokenRight.DENIED
        assert (await judged(one, "prometheus"), cluster.reviews) == (403, 4)

    run_story(story())


def test_unknown_tokens_can_neither_flood_the_cluster_with_reviews_nor_lock_out_an_authorized_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def story() -> None:
        now = 1000.0
        monkeypatch.setattr(authorization, "monotonic", lambda: now)
        cluster = Cluster(prometheus=TokenRight.ALLOWED)
        one = MetricsAuthorizer(lambda: IN_A_CLUSTER, cluster.review)
        assert await judged(one, "prometheus") == 200
        answers = [await judged(one, f"guess-{number}") for number in range(300)]
        assert set(answers) == {401, 503}
        assert cluster.reviews == authorization.UNKNOWN_TOKENS_PER_MINUTE
        assert await judged(one, "prometheus") == 200
        now += 30
        for number in range(300):
            await judged(one, f"another-{number}")
        assert cluster.reviews == authorization.UNKNOWN_TOKENS_PER_MINUTE * 1.5

    run_story(story())


def test_unknown_tokens_keep_no_authorized_one_waiting_while_reviews_are_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        now = 1000.0
        monkeypatch.setattr(authorization, "monotonic", lambda: now)
        cluster = Cluster(prometheus=TokenRight.ALLOWED)
        one = MetricsAuthorizer(lambda: IN_A_CLUSTER, cluster.review)
        assert await judged(one, "prometheus") == 200
        now += authorization.GRANT_SECONDS
        cluster.gate.clear()
        guesses = [asyncio.create_task(judged(one, f"guess-{number}")) for number in range(authorization.MAX_REVIEWS)]
        while cluster.reviews <= authorization.MAX_REVIEWS:
            await asyncio.sleep(0)
        again = [asyncio.create_task(judged(one, "prometheus")) for _ in range(authorization.MAX_REVIEWS + 1)]
        assert await judged(one, "one-more") == 503
        cluster.gate.set()
        statuses = await asyncio.gather(*again)
        assert (statuses.count(200), statuses[-1]) == (authorization.MAX_REVIEWS, 503)
        assert await asyncio.gather(*guesses) == [401] * authorization.MAX_REVIEWS

    run_story(story())


def test_only_so_many_reviews_run_at_a_time_and_none_outlives_the_router() -> None:
    async def story() -> None:
        cluster = Cluster()
        one = MetricsAuthorizer(lambda: IN_A_CLUSTER, cluster.review)
        cluster.gate.clear()
        waiting = [asyncio.create_task(judged(one, f"guess-{number}")) for number in range(authorization.MAX_REVIEWS)]
        while cluster.reviews < authorization.MAX_REVIEWS:
            await asyncio.sleep(0)
        assert await judged(one, "one-more") == 503
        await one.close()
        assert not any(task.done() for task in waiting)
        for task in waiting:
            task.cancel()

    run_story(story())


def test_what_is_known_of_tokens_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authorization, "UNKNOWN_TOKENS_PER_MINUTE", 10_000.0)

    async def story() -> None:
        first, *others = tokens = [f"t{number}" for number in range(authorization.MAX_CACHED + 5)]
        cluster = Cluster(**dict.fromkeys(tokens, TokenRight.ALLOWED))
        one = MetricsAuthorizer(lambda: IN_A_CLUSTER, cluster.review)
        for token in (first, *others):
            assert await judged(one, token) == 200
        reviews = cluster.reviews
        for token in others[-authorization.MAX_CACHED :]:
            assert await judged(one, token) == 200
        assert cluster.reviews == reviews
        assert (await judged(one, first), cluster.reviews) == (200, reviews + 1)

    run_story(story())


def test_a_key_opens_it_without_a_cluster_and_a_token_does_not() -> None:
    async def story() -> None:
        digest = sha256(b"k").digest()
        alone = RouterConfig(
            endpoints=("a:1",), metrics_places=(SecretLocation(sha256=digest.hex()),), metrics_keys=frozenset([digest])
        )
        cluster = Cluster(t=TokenRight.ALLOWED)
        one = MetricsAuthorizer(lambda: alone, cluster.review)
        assert [await judged(one, token) for token in ("k", "t", None)] == [200, 401, 401]
        assert cluster.reviews == 0

    run_story(story())


def test_a_key_that_cannot_be_read_keeps_the_page_shut(tmp_path: Path) -> None:
    config = tmp_path / "router.yaml"
    config.write_text(f"endpoints: ['127.0.0.1:1']\nmetricsKeys: [{{file: {tmp_path}/absent}}]\n")
    found = load(config)
    assert (found.guarded, found.metrics_keys) == (True, frozenset())
    assert "metricsKeys: file" in found.warnings[0]


def test_the_file_names_a_key_in_one_place_each() -> None:
    with pytest.raises(ValueError, match=r"metricsKeys\[0\]: 2 of file, env and sha256 are set"):
        read("endpoints: ['a:1']\nmetricsKeys: [{file: /a, env: B}]\n")
    with pytest.raises(ValueError, match=r"metricsKeys\[0\]: 'ab': must be a SHA-256"):
        read('{"renderedFrom": "x", "endpoints": ["a:1"], "metricsKeys": ["ab"]}')


@asynccontextmanager
async def on_every_address(
    folder: Path, caplog: pytest.LogCaptureFixture, name: str = "", metrics_host: str | None = None
) -> AsyncIterator[tuple[int, aiohttp.ClientSession]]:
    """A router without keys as a pod runs it; yields its metrics port and a client."""
    caplog.set_level(logging.INFO)
    options = RouterOptions(
        config=written(folder, ["127.0.0.1:1"]),
        host="0.0.0.0",  # noqa: S104
        name=name,
        port=free_port(),
        metrics_port=free_port(),
        metrics_host=metrics_host,
        drain_pace=DrainPace(linger_seconds=0.01),
    )
    signals = ExitSignals()
    life = asyncio.create_task(process.live(options, signals))
    async with client() as session:
        while "listening" not in caplog.text:
            await asyncio.sleep(0.01)
        yield options.metrics_port, session
    signals.put_nowait(15)
    signals.put_nowait(15)
    await life


def test_a_pods_router_without_a_key_refuses_its_pages_but_shows_its_health_to_the_kubelet(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        async with on_every_address(tmp_path, caplog, name="front-router-a") as (port, session):
            answers = {"/health": 200, "/metrics": 401, "/fairlead/v1/endpoints": 401}
            for page, status in answers.items():
                async with session.get(f"http://{HOST}:{port}{page}") as answer:
                    assert answer.status == status, page

    run_story(story())


@pytest.mark.parametrize(
    ("chosen", "listens", "reply"),
    [(None, "127.0.0.1", "served on 127.0.0.1 alone"), ("0.0.0.0", HOST, "open to everyone who can reach 0.0.0.0")],  # noqa: S104
)
def test_without_a_key_the_metrics_page_is_served_to_this_machine_alone_unless_configured_otherwise(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, chosen: str | None, listens: str, reply: str
) -> None:
    async def story() -> None:
        async with on_every_address(tmp_path, caplog, metrics_host=chosen) as (port, session):
            async with session.get(f"http://{listens}:{port}/metrics") as answer:
                assert answer.status == 200
            if chosen is None:
                with pytest.raises(OSError, match="Cannot connect"):
                    await session.get(f"http://{HOST}:{port}/metrics")
            assert reply in caplog.text

    run_story(story())


def test_a_file_that_loses_its_keys_does_not_open_the_page() -> None:
    async def story() -> None:
        one = MetricsAuthorizer(lambda: RouterConfig(endpoints=("a:1",)))
        assert await judged(one, None) == 401
        one.open = True
        assert await judged(one, None) == 200
        later = replace(
            IN_A_CLUSTER, selector="", endpoints=("a:1",), metrics_places=(SecretLocation(sha256="0" * 64),)
        )
        assert await judged(MetricsAuthorizer(lambda: later), None) == 401

    run_story(story())


def test_a_client_that_leaves_during_a_review_is_not_answered(tmp_path: Path) -> None:
    async def story() -> None:
        async with plane(written(tmp_path, ["127.0.0.1:1"])) as router:
            _, writer = await asyncio.open_connection(HOST, router.metrics_port)
            writer.write(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
            writer.close()
            assert await router.metric("fairlead_router_requests_in_flight") == 0.0

    run_story(story())
