"""Direct scrapes of pods: kept connections, pods that are slow, gone, closing or wrong, and none scraped twice."""

import asyncio
import resource
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from random import Random
from threading import Event
from typing import Any

import pytest

from fairlead.autoscaler.samples.scrape_targets import LARGEST_OF_ENGINE, ROUTER_PORT, ScrapeTarget
from fairlead.autoscaler.samples.scraper import Scraper
from fairlead.fleet.desired_state import EngineKind
from fairlead.scaling.facts import SampleProblem
from tests.autoscaler.pages import engine_page, router_page
from tests.autoscaler.pretend_pods import HOST, chunked, listening, whole, with_full_queue

EVERY = 0.03


def run_story(story: Coroutine[Any, Any, None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(20):
            await story

    asyncio.run(bounded())


@asynccontextmanager
async def scraping(*targets: ScrapeTarget, within: float = 2.0) -> AsyncIterator[Scraper]:
    scraper = Scraper(interval_seconds=EVERY, timeout_seconds=within, chance=Random(7))  # noqa: S311  # recorded
    scraper.start()
    scraper.follow(targets)
    try:
        yield scraper
    finally:
        await scraper.close()


async def until(seen: Callable[[], bool]) -> None:
    while not seen():
        await asyncio.sleep(0.005)


def test_one_connection_brings_page_after_page() -> None:
    async def story() -> None:
        async with listening(lambda n: chunked(engine_page(n))) as pod, scraping(pod.target()) as scraper:
            await until(lambda: pod.requests >= 4)
            sample = scraper.engine("u1")
            assert sample.figures is not None
            assert (sample.problem, sample.figures.running, sample.figures.kv_usage) == (None, 3.0, 0.25)
            assert pod.connections == scraper.tallies.connections == 1
            assert pod.heads[0].startswith(b"GET /metrics HTTP/1.1\r\nhost: ")
            assert scraper.tallies.bytes_read >= 3 * len(engine_page(1))

    run_story(story())


def test_a_router_is_scraped_at_its_own_path() -> None:
    async def story() -> None:
        async with listening(lambda n: whole(router_page(n, {}))) as pod, scraping(pod.target(None)) as scraper:
            await until(lambda: scraper.router("u1").figures is not None)
            assert pod.heads[0].startswith(b"GET /fairlead/v1/endpoints HTTP/1.1\r\n")
            assert b"authorization" not in pod.heads[0]
            assert scraper.engine("u1").figures is None
            scraper.follow([replace(pod.target(None), key="k" * 64)])
            await until(lambda: b"\r\nauthorization: Bearer " + b"k" * 64 + b"\r\n" in pod.heads[-1])

    run_story(story())


def test_a_connection_that_the_pod_closed_after_a_reply_is_no_sample_problem() -> None:
    async def story() -> None:
        def respond(n: int) -> bytes | None:
            return whole(engine_page(n)) if n % 2 else None

        async with listening(respond) as pod, scraping(pod.target()) as scraper:
            await until(lambda: pod.requests >= 7)
            assert scraper.tallies.failures[SampleProblem.NO_ANSWER] == 0
            assert scraper.engine("u1").problem is None

    run_story(story())


def test_a_pod_that_requires_a_new_connection_for_each_reply_gets_one() -> None:
    async def story() -> None:
        async with (
            listening(lambda n: whole(engine_page(n), more=b"connection: close\r\n")) as pod,
            scraping(pod.target()) as scraper,
        ):
            await until(lambda: pod.requests >= 3)
            assert pod.connections >= 3
            assert scraper.tallies.failures[SampleProblem.NO_ANSWER] == 0

    run_story(story())


def test_a_slow_pod_is_not_scraped_twice_at_once_and_delays_no_other_pod() -> None:
    async def story() -> None:
        async with (
            listening(lambda n: whole(engine_page(n)), delay=0.3) as slow,
            listening(lambda n: whole(engine_page(n))) as quick,
            scraping(slow.target(uid="slow"), quick.target(uid="quick")) as scraper,
        ):
            await until(lambda: slow.requests >= 2)
            assert slow.max_at_once == 1
            assert quick.requests > slow.requests
            assert scraper.engine("slow").problem is None

    run_story(story())


def test_a_pod_that_does_not_reply_in_time_has_a_sample_problem_and_is_scraped_again_on_a_new_connection() -> None:
    async def story() -> None:
        async with (
            listening(lambda n: whole(engine_page(n)), delay=9.0) as pod,
            scraping(pod.target(), within=0.05) as scraper,
        ):
            await until(lambda: pod.connections >= 2)
            assert scraper.engine("u1").problem is SampleProblem.NO_ANSWER
            assert scraper.engine("u1").because == "no answer within 0.05 s"

    run_story(story())


def test_a_pod_whose_queue_of_connections_is_full_has_a_sample_problem_within_the_timeout() -> None:
    async def story() -> None:
        with with_full_queue() as port:
            busy = ScrapeTarget(uid="u1", namespace="demo", name="chat-1", ip=HOST, port=port, kind=EngineKind.VLLM)
            async with scraping(busy, within=0.05) as scraper:
                await until(lambda: scraper.tallies.connections >= 2)
                assert scraper.engine("u1").because == "no answer within 0.05 s"

    run_story(story())


def test_a_delay_of_the_scraping_process_itself_is_blamed_on_no_pod() -> None:
    async def story() -> None:
        async with (
            listening(lambda n: whole(engine_page(n)), delay=0.03) as pod,
            scraping(pod.target(), within=0.15) as scraper,
        ):
            await until(lambda: pod.requests >= 2)
            Event().wait(0.3)
            await until(lambda: pod.requests >= 4)
            assert scraper.tallies.failures[SampleProblem.NO_ANSWER] == 0

    run_story(story())


def test_a_sample_problem_is_logged_once_when_it_begins_and_once_when_it_ends(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "fairlead.autoscaler")

    async def story() -> None:
        def respond(n: int) -> bytes:
            return whole(engine_page(n), status=503 if 2 <= n <= 4 else 200)

        async with listening(respond) as pod, scraping(pod.target()):
            await until(lambda: pod.requests >= 7)

    run_story(story())
    assert caplog.messages == [
        "metrics of demo/chat-1 are not used, NoAnswer: it answered with status 503",
        "metrics of demo/chat-1 are used again",
    ]


def test_two_answers_to_one_question_are_none() -> None:
    async def story() -> None:
        async with listening(lambda n: whole(engine_page(n)) * 2) as pod, scraping(pod.target()) as scraper:
            await until(lambda: pod.connections >= 2)
            assert scraper.engine("u1").figures is None
            assert scraper.engine("u1").because == "it sent more than one response"

    run_story(story())


def test_what_comes_after_an_answer_ends_the_connection_and_leaves_the_answer() -> None:
    async def story() -> None:
        async with listening(lambda n: whole(engine_page(n)), late=b"more") as pod, scraping(pod.target()) as scraper:
            await until(lambda: pod.connections >= 2)
            assert scraper.engine("u1").figures is not None

    run_story(story())


def test_an_invalid_page_is_a_sample_problem_with_its_reason() -> None:
    async def because(answer: bytes | None) -> str:
        async with listening(lambda _: answer) as pod, scraping(pod.target()) as scraper:
            await until(lambda: scraper.engine("u1").because != "it was not scraped yet")
            assert scraper.engine("u1").problem in {SampleProblem.NO_ANSWER, SampleProblem.UNREADABLE}
            return scraper.engine("u1").because

    async def story() -> None:
        assert await because(whole(b"", status=503)) == "it answered with status 503"
        assert (await because(b"SSH-2.0\r\n\r\n")).startswith("its response is not HTTP")
        assert await because(None) == "the connection broke (closed by the pod)"
        assert await because(whole(engine_page(1).replace(b" 3.0", b" NaN"))) == (
            "its metrics are rejected: NotANumber in 'vllm:num_requests_running{engine=\"0\"} NaN'"
        )
        assert await because(whole(b"x" * (LARGEST_OF_ENGINE + 1))) == "its page is larger than 2,097,152 bytes"
        assert await because(whole(b"Hello\n")) == "its metrics are rejected: NoMetrics"

    run_story(story())


def test_an_address_without_a_listener_is_a_sample_problem_and_is_scraped_less_often() -> None:
    async def story() -> None:
        async with listening(lambda _: None) as pod:
            port = pod.port
        target = ScrapeTarget(uid="u1", namespace="demo", name="chat-1", ip=HOST, port=port, kind=EngineKind.VLLM)
        async with scraping(target) as scraper:
            await until(lambda: scraper.tallies.failures[SampleProblem.NO_ANSWER] >= 3)
            assert scraper.engine("u1").because.startswith("no connection (")

    run_story(story())


def test_pods_that_are_no_longer_followed_are_forgotten_and_not_scraped_any_more() -> None:
    async def story() -> None:
        async with listening(lambda n: whole(engine_page(n))) as pod, scraping(pod.target()) as scraper:
            await until(lambda: scraper.engine("u1").problem is None)
            scraper.follow(())
            request = pod.requests
            await asyncio.sleep(3 * EVERY)
            assert pod.requests <= request + 1
            assert scraper.engine("u1").figures is None
            for _ in range(2):
                scraper.follow([pod.target()])
            await until(lambda: scraper.engine("u1").problem is None)

    run_story(story())


def test_a_pod_that_moved_is_scraped_at_its_new_address() -> None:
    async def story() -> None:
        async with (
            listening(lambda n: whole(engine_page(n))) as old,
            listening(lambda n: whole(engine_page(900 + n))) as new,
            scraping(old.target()) as scraper,
        ):
            await until(lambda: scraper.engine("u1").problem is None)
            scraper.follow([new.target()])
            await until(lambda: new.requests >= 2)
            load = scraper.engine("u1").figures
            assert load is not None
            assert (load.generation_tokens or 0) > 900

    run_story(story())


def test_engines_that_this_release_cannot_read_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fairlead.autoscaler.samples.scraper.ENGINES", {})

    async def story() -> None:
        async with listening(lambda _: None) as pod, scraping(pod.target(EngineKind.TENSORRT_LLM)) as scraper:
            await asyncio.sleep(3 * EVERY)
            assert (pod.requests, scraper.tallies.scrapes) == (0, 0)

    run_story(story())


def test_as_many_connections_are_allowed_as_the_system_lets_a_process_have() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)

    async def story() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
        async with scraping():
            assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 512

    try:
        run_story(story())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_each_kind_of_pod_has_its_port_and_an_ipv6_address_is_written_in_brackets() -> None:
    engine = ScrapeTarget(uid="u", namespace="n", name="p", ip="fd00::7", kind=EngineKind.VLLM)

    assert engine.host == "[fd00::7]:8000"
    assert replace(engine, ip="10.0.0.7", kind=None).host == f"10.0.0.7:{ROUTER_PORT}"
