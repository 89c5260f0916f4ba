"""When the scraper wakes: for what is due and for answers, and not while there is nothing to do."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context
from random import Random
from threading import Event
from typing import TypeVarTuple

from fairlead.autoscaler.samples.scrape_targets import ScrapeTarget
from fairlead.autoscaler.samples.scraper import TICK_SECONDS, Scraper
from fairlead.scaling.facts import SampleProblem
from tests.autoscaler.pages import engine_page
from tests.autoscaler.pretend_pods import listening, whole

Given = TypeVarTuple("Given")


class CountingLoop(asyncio.SelectorEventLoop):
    """An event loop that counts the turns it was asked for."""

    turns = 0

    def call_at(
        self, when: float, callback: Callable[[*Given], object], *args: *Given, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Count those of a scraper."""
        self.turns += isinstance(getattr(callback, "__self__", None), Scraper)
        return super().call_at(when, callback, *args, context=context)


def run_story(story: Callable[[CountingLoop], Awaitable[None]]) -> None:
    async def bounded() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, CountingLoop)
        async with asyncio.timeout(20):
            await story(loop)

    with asyncio.Runner(loop_factory=CountingLoop) as runner:
        runner.run(bounded())


def scraper_of(*targets: ScrapeTarget, every: float, within: float = 2.0) -> Scraper:
    made = Scraper(interval_seconds=every, timeout_seconds=within, chance=Random(7))  # noqa: S311  # recorded
    made.start()
    made.follow(targets)
    return made


async def until(seen: Callable[[], bool]) -> None:
    while not seen():
        await asyncio.sleep(0.005)


def test_without_pods_it_never_wakes() -> None:
    """50 turns a second took 2 % of a core in an operator that scales nothing."""

    async def story(loop: CountingLoop) -> None:
        scraper = scraper_of(every=1.0)
        await asyncio.sleep(5 * TICK_SECONDS)
        assert loop.turns == 0
        await scraper.close()

    run_story(story)


def test_between_two_scrapes_of_pods_that_have_answered_it_sleeps() -> None:
    async def story(loop: CountingLoop) -> None:
        async with listening(lambda n: whole(engine_page(n))) as pod:
            scraper = scraper_of(pod.target(), every=0.5)
            await until(lambda: scraper.engine("u1").figures is not None)
            await asyncio.sleep(2 * TICK_SECONDS)
            before, scrapes = loop.turns, pod.requests
            await until(lambda: pod.requests > scrapes)
            assert loop.turns - before <= 5, "at most one for the scrape, and the first for its answer"
            await scraper.close()

    run_story(story)


def test_when_it_is_closed_it_wakes_no_more() -> None:
    async def story(loop: CountingLoop) -> None:
        async with listening(lambda n: whole(engine_page(n))) as pod:
            scraper = scraper_of(pod.target(), every=0.03)
            await until(lambda: pod.requests >= 2)
            await scraper.close()
            before = loop.turns
            await asyncio.sleep(5 * TICK_SECONDS)
            assert loop.turns == before

    run_story(story)


def test_pods_that_are_followed_anew_after_a_hold_up_are_not_blamed_for_it() -> None:
    async def story(_: CountingLoop) -> None:
        async with listening(lambda n: whole(engine_page(n)), delay=0.03) as pod:
            scraper = scraper_of(pod.target(), every=0.03, within=0.15)
            await until(lambda: pod.requests >= 2)
            Event().wait(0.3)
            scraper.follow([pod.target()])
            await until(lambda: pod.requests >= 4)
            assert scraper.tallies.failures[SampleProblem.NO_ANSWER] == 0
            await scraper.close()

    run_story(story)
