"""Another generation empties the cache: nothing that was stored under an earlier one is given to anyone."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from fairlead.router.cache.cache import ResponseCache
from fairlead.router.cache.flights import CacheFlight
from fairlead.router.cache.redis_store import RedisAnswerStore, StoreClocks
from tests.router.cache.clients import ANSWER, CHAT, Client, answer, cache, enquiry, followed, hit, led, settings
from tests.router.cache.redis_worlds import SlowRedis


def test_another_generation_empties_a_running_cache_and_no_entry_counts_as_evicted() -> None:
    kept = cache()
    for number in range(3):
        answer(led(kept, enquiry({**CHAT, "seed": number})))
    kept.apply(settings(generation=1))
    assert (kept.entries, kept.bytes, kept.counts.evicted) == (0, 0, 0)
    assert hit(kept, enquiry({**CHAT, "seed": 1})) is None
    answer(led(kept, enquiry({**CHAT, "seed": 2})))
    kept.apply(settings(generation=1, ttl_seconds=10.0))
    assert hit(kept, enquiry({**CHAT, "seed": 2})) is not None, "the same generation keeps its entries"


def test_an_answer_that_began_earlier_is_neither_joined_nor_given_later() -> None:
    kept = cache()
    earlier = led(kept)
    kept.apply(settings(generation=1))
    later = led(kept)
    answer(earlier, ANSWER.replace(b"So", b"Old"))
    assert hit(kept) is None
    answer(later)
    found = hit(kept)
    assert found is not None
    assert found.entry.body == ANSWER


STEPS = st.lists(st.integers(0, 3) | st.sampled_from(["request", "answer"]), max_size=30)


@given(STEPS)
def test_no_request_ever_gets_an_answer_of_another_generation(steps: list[int | str]) -> None:
    kept, generation = cache(), 0
    flights: list[tuple[int, CacheFlight]] = []
    for step in steps:
        if isinstance(step, int):
            generation = step
            kept.apply(settings(generation=generation))
        elif step == "answer" and flights:
            made_in, flight = flights.pop(0)
            answer(flight, ANSWER.replace(b"So", b"%d" % made_in))
        elif step == "request":
            found = hit(kept)
            if found is not None:
                assert found.entry.body == ANSWER.replace(b"So", b"%d" % generation)
            else:
                flights.append((generation, led(kept, enquiry(cache_control=b"no-cache"))))


def test_routers_that_share_a_store_share_it_within_a_generation_only() -> None:
    async def story() -> None:
        redis, now = SlowRedis(), 100.0
        one, two = (
            RedisAnswerStore(redis, StoreClocks(own=lambda: now, wall=lambda: 1_000_000.0 + now), "") for _ in range(2)
        )
        first, second = cache(), cache()
        first.elsewhere, second.elsewhere = one, two
        one.start()
        two.start()

        async def requested(kept: ResponseCache) -> Client:
            """Send the request once, and answer it unless the store did."""
            requests = redis.requests
            client = followed(kept, Client())
            while redis.requests == requests or not client.received:
                await asyncio.sleep(0)
            if client.flight is not None:
                answer(client.flight)
                while redis.requests < requests + 2:
                    await asyncio.sleep(0)
            return client

        assert (await requested(first)).received == ["lead"]
        second.apply(settings(generation=1))
        assert (await requested(second)).received == ["lead"], "a router with the new configuration starts empty"
        first.apply(settings(generation=1))
        assert (await requested(first)).received == ["head", "body", "end"], (
            "and so does the next, or it shares new ones"
        )
        third = cache()
        third.elsewhere = one
        assert (await requested(third)).body == ANSWER, "one that has no new configuration yet uses older entries alone"
        assert len(redis.held) == 2
        await one.close()
        await two.close()

    asyncio.run(story())
