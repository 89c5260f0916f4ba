"""Engines are read as the kind that they run, also if that is known only later."""

from fairlead.fleet.desired_state import EngineKind
from fairlead.scaling.facts import SampleProblem
from tests.autoscaler.pages import engine_page
from tests.autoscaler.pretend_pods import listening, whole
from tests.autoscaler.samples.test_scraper import run_story, scraping, until


def test_a_pod_that_turns_out_to_be_of_another_kind_is_read_as_that_kind() -> None:
    async def story() -> None:
        async with (
            listening(lambda n: whole(engine_page(n))) as pod,
            scraping(pod.target(EngineKind.SGLANG)) as scraper,
        ):
            await until(lambda: scraper.engine("u1").problem is SampleProblem.UNREADABLE)
            scraper.follow([pod.target()])
            assert scraper.engine("u1").because == "it was not scraped yet", (
                "what was read as another kind is no sample"
            )
            await until(lambda: scraper.engine("u1").figures is not None)
            scraper.follow([pod.target()])
            assert scraper.engine("u1").figures is not None
            assert pod.max_at_once == 1

    run_story(story())
