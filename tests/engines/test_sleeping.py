"""How an engine is put to sleep and woken: against one that answers as vLLM 0.32 does."""

from fairlead.engines.vllm.http_api import SLEEP
from tests.emulator.surface.pretending import answering, run_story, serving


def test_an_engine_ends_what_it_runs_sleeps_with_its_weights_in_memory_and_wakes_whole() -> None:
    async def story() -> None:
        async with serving(answering(dev_mode=True)) as engine:
            assert await engine.send(SLEEP.sleep, "POST") == (200, {"status": "sleeping", "level": 1})
            assert await engine.send(SLEEP.wake, "POST") == (200, {"status": "awake", "tags": None})
        assert engine.acts.done == [("sleep", 1, "wait"), ("wake", None)]

    run_story(story())
