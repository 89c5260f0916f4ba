"""SGLang's ids of requests: no two alike at once, and each is the beginning of others that end with it."""

import asyncio

from fairlead.emulator.surface.jobs import EngineRefusal, JobEnding
from tests.emulator.engine import virtual
from tests.emulator.engine.virtual import Client, sequence
from tests.emulator.sglang.starts import engine
from tests.virtual_time import run_story


def test_who_goes_away_ends_every_request_whose_id_begins_with_its_own() -> None:
    async def story() -> None:
        live = engine()
        first, longer, other = (Client(live, sequence(reply=50), request_id=name) for name in ("a", "ab", "b"))
        await asyncio.sleep(0.35)
        first.cancel()
        await longer.answered()
        assert (longer.ending, live.driver.inside) == (JobEnding.ABORTED, 1)
        await other.answered()
        assert (other.ending, other.tokens) == (None, 50)

    run_story(story())


def test_an_order_to_abort_takes_the_beginning_of_ids_too_and_an_empty_id_ends_no_other() -> None:
    async def story() -> None:
        live = engine()
        clients = [Client(live, sequence(reply=50), request_id=name) for name in ("abc", "abd", "x")]
        nameless = Client(live, sequence(reply=50), request_id="")
        nameless.cancel()
        assert live.acts.abort_requests(("ab",)) == 2
        assert [client.ending for client in clients] == [JobEnding.ABORTED, JobEnding.ABORTED, None]

    run_story(story())


def test_an_id_is_free_again_once_its_request_has_ended() -> None:
    async def story() -> None:
        live = engine()
        first = Client(live, sequence(), request_id="a")
        assert Client(live, sequence(), request_id="a").feed is EngineRefusal.DUPLICATE
        await first.answered()
        assert (await Client(live, sequence(), request_id="a").answered()).tokens == 5

    run_story(story())


def test_vllm_makes_each_id_its_own() -> None:
    async def story() -> None:
        live = virtual.engine()
        first, second, longer = (Client(live, sequence(reply=20), request_id=name) for name in ("a", "a", "ab"))
        first.cancel()
        for client in (second, longer):
            assert (await client.answered()).tokens == 20

    run_story(story())
