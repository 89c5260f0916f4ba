"""What pods of one namespace may take of the scraper's time and connections, so that those of others get theirs."""

from dataclasses import replace

from fairlead.autoscaler.samples.scrape_targets import LARGEST_OF_ENGINE, LARGEST_OF_ROUTER, ScrapeTarget
from fairlead.autoscaler.samples.scraper import MAX_CONNECTING, MAX_CONNECTING_OF_NAMESPACE
from fairlead.fleet.desired_state import EngineKind
from tests.autoscaler.pages import engine_page
from tests.autoscaler.pretend_pods import HOST, listening, whole, with_full_queue
from tests.autoscaler.samples.test_scraper import run_story, scraping, until


def test_pods_of_a_namespace_that_accept_no_connection_delay_no_pod_of_another_one() -> None:
    """One that has its place in a full queue of connections waits for its handshake, as one behind a firewall does."""

    async def story() -> None:
        with with_full_queue() as port:
            shut = ScrapeTarget(uid="", namespace="evil", name="chat-1", ip=HOST, port=port, kind=EngineKind.VLLM)
            async with listening(lambda n: whole(engine_page(n))) as pod, scraping(within=60.0) as scraper:
                crowd = [replace(shut, uid=f"shut-{number}") for number in range(2 * MAX_CONNECTING)]
                scraper.follow(crowd)
                await until(lambda: scraper.tallies.connections >= MAX_CONNECTING_OF_NAMESPACE)
                scraper.follow([*crowd, pod.target()])
                await until(lambda: pod.requests >= 3)
                assert scraper.tallies.connections == MAX_CONNECTING_OF_NAMESPACE + 1

    run_story(story())


def test_an_open_connection_is_used_while_all_new_ones_wait() -> None:
    async def story() -> None:
        with with_full_queue() as port:
            shut = ScrapeTarget(uid="", namespace="", name="chat-1", ip=HOST, port=port, kind=EngineKind.VLLM)
            async with (
                listening(lambda n: whole(engine_page(n))) as pod,
                scraping(pod.target(), within=60.0) as scraper,
            ):
                await until(lambda: pod.requests >= 1)
                crowd = [replace(shut, uid=f"shut-{n}", namespace=f"evil-{n % 8}") for n in range(2 * MAX_CONNECTING)]
                scraper.follow([*crowd, pod.target()])
                await until(lambda: scraper.tallies.connections >= MAX_CONNECTING)
                before = pod.requests
                await until(lambda: pod.requests >= before + 3)

    run_story(story())


def test_a_page_that_takes_long_to_read_is_scraped_less_often() -> None:
    engine, router = (ScrapeTarget(uid="", namespace="", name="", ip="", kind=one) for one in (EngineKind.VLLM, None))

    assert [engine.rounds_between(size) for size in (0, 256 * 1024, LARGEST_OF_ENGINE)] == [1.0, 1.0, 8.0]
    assert [router.rounds_between(size) for size in (0, 2 * 2**20, LARGEST_OF_ROUTER)] == [1.0, 1.0, 4.0]

    async def story() -> None:
        large = whole(engine_page(1) + b"# " + b"x" * 2_000_000 + b"\n")
        async with (
            listening(lambda _: large) as heavy,
            listening(lambda n: whole(engine_page(n))) as light,
            scraping(heavy.target(uid="heavy"), light.target(uid="light")) as scraper,
        ):
            await until(lambda: light.requests >= 20 and scraper.engine("heavy").figures is not None)
            assert heavy.requests < light.requests / 2

    run_story(story())
