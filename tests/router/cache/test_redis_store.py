"""The shared store of routers: a help while it answers, and never an obstacle."""

import asyncio

import pytest
from redis.exceptions import ConnectionError as Refused

from fairlead.router.cache import redis_store
from fairlead.router.cache.cache import FlightJoin
from fairlead.router.cache.outage import MAX_FAILURES, REST_SECONDS
from fairlead.router.cache.redis_store import MAX_LOOKUPS, MAX_WRITES
from tests.router.cache.clients import ANSWER, CHAT, HEAD, Client, answer, enquiry, find_reply, followed, hit, settings
from tests.router.cache.redis_worlds import SlowRedis, World, kept_by_one, rounds, story


def test_what_one_router_keeps_another_gives() -> None:
    async def scenario(world: World) -> None:
        await kept_by_one(world)
        world.now += 7
        client, other = followed(world.two_cache, Client()), followed(world.two_cache, Client())
        await rounds(world.redis, request=3)
        assert (client.body, client.received) == (ANSWER, ["head", "body", "end"])
        assert other.body == ANSWER
        assert client.head is not None
        assert client.head.age == 7
        found = hit(world.two_cache, now=50_107.0)
        assert found is not None
        assert found.age == 7
        assert world.two.counts.hits == 1

    story(scenario)


def test_a_response_from_the_store_is_a_hit_and_no_miss() -> None:
    async def scenario(world: World) -> None:
        await kept_by_one(world)
        first, second = followed(world.two_cache, Client()), followed(world.two_cache, Client())
        gone = followed(world.two_cache, Client(), enquiry(revisions=("r2",)))
        assert gone.follower is not None
        gone.follower.leave()
        await rounds(world.redis, request=4)
        assert (first.body, second.body) == (ANSWER, ANSWER)
        one, two = world.one_cache.counts, world.two_cache.counts
        assert (one.hits, one.misses, one.joined) == (0, 1, 0)
        assert (two.hits, two.misses, two.joined) == (1, 1, 1)

    story(scenario)


def test_a_response_whose_client_left_meanwhile_is_no_hit() -> None:
    async def scenario(world: World) -> None:
        await kept_by_one(world)
        left = followed(world.two_cache, Client())
        await asyncio.sleep(0)
        assert left.follower is not None
        left.follower.leave()
        await rounds(world.redis, request=3)
        assert (world.two_cache.counts.hits, world.two_cache.counts.misses) == (0, 1)

    story(scenario)


def test_no_request_gets_an_answer_of_another_tenant_or_another_revision() -> None:
    async def scenario(world: World) -> None:
        await kept_by_one(world)
        bank = followed(world.two_cache, Client(), enquiry(tenant="bank"))
        newer = followed(world.two_cache, Client(), enquiry(revisions=("r2",)))
        await rounds(world.redis, request=4)
        assert (bank.received, newer.received) == (["lead"], ["lead"])

    story(scenario)


def test_no_router_gets_the_answers_of_another_deployment_with_an_equal_spec() -> None:
    async def scenario(world: World) -> None:
        await kept_by_one(world)
        world.two.scope = "InferenceDeployment dev/chat"
        client = followed(world.two_cache, Client())
        await rounds(world.redis, request=3)
        assert client.received == ["lead"]
        assert client.flight is not None
        answer(client.flight, now=50_100.0)
        await rounds(world.redis, request=4)
        assert len(world.redis.held) == 2

    story(scenario)


def test_names_and_values_in_the_store_reveal_no_tenant_and_no_prompt() -> None:
    async def scenario(world: World) -> None:
        await kept_by_one(world)
        ((name, value),) = world.redis.held.items()
        assert name.startswith(b"fairlead:cache:2:")
        assert b"shop" not in name + value
        assert b"prod" not in name + value
        assert b"Why?" not in name + value

    story(scenario)


@pytest.mark.parametrize(
    "spoil", [b"", b"garbage", b"\x90", b"\x96\xc4\x010\xa2r1\xcb\x00\x00\x00\x00\x00\x00\x00\x00"]
)
def test_what_is_no_answer_is_none(spoil: bytes) -> None:
    async def scenario(world: World) -> None:
        await kept_by_one(world)
        world.redis.held = dict.fromkeys(world.redis.held, spoil)
        client = followed(world.two_cache, Client())
        await rounds(world.redis, request=3)
        assert client.received == ["lead"]

    story(scenario)


def test_one_that_is_over_is_none() -> None:
    async def scenario(world: World) -> None:
        await kept_by_one(world)
        world.now += 3600
        client = followed(world.two_cache, Client())
        await rounds(world.redis, request=3)
        assert client.received == ["lead"]

    story(scenario)


def test_a_router_gives_nothing_older_than_its_own_time_to_live() -> None:
    async def scenario(world: World) -> None:
        await kept_by_one(world)
        world.two_cache.apply(settings(ttl_seconds=60.0))
        world.now += 61
        client = followed(world.two_cache, Client())
        await rounds(world.redis, request=3)
        assert (client.received, world.two_cache.entries) == (["lead"], 0)

    story(scenario)


def test_a_slow_store_is_not_waited_for() -> None:
    async def scenario(world: World) -> None:
        world.redis.delay = 10.0
        client = followed(world.one_cache, Client())
        async with asyncio.timeout(30):
            while not client.received:
                await asyncio.sleep(0.001)
        assert (client.received, world.one.counts.slow) == (["lead"], 1)

    story(scenario)


def test_a_broken_store_is_left_alone_and_retried_now_and_then(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(world: World) -> None:
        world.redis.broken = Refused("no")
        for seed in range(MAX_FAILURES):
            client = followed(world.one_cache, Client(), enquiry({**CHAT, "seed": seed}))
            await rounds(world.redis, request=seed + 1)
            assert client.received == ["lead"]
        assert not isinstance(find_reply(world.one_cache), FlightJoin)
        assert (world.redis.requests, world.one.counts.errors) == (3, 3)
        world.now += REST_SECONDS
        world.redis.broken = None
        followed(world.one_cache, Client(), enquiry({**CHAT, "seed": 9}))
        assert not isinstance(find_reply(world.one_cache, enquiry({**CHAT, "seed": 10})), FlightJoin)
        await rounds(world.redis, request=4)
        assert isinstance(find_reply(world.one_cache, enquiry({**CHAT, "seed": 11})), FlightJoin)

    story(scenario)
    assert [one.getMessage() for one in caplog.records] == [
        "the shared response cache does not answer (ConnectionError); this router uses its own",
        "the shared response cache answers again",
    ]


def test_no_request_waits_for_the_store_when_many_do_already() -> None:
    async def scenario(world: World) -> None:
        world.redis.delay = 0.01
        found = [find_reply(world.one_cache, enquiry({**CHAT, "seed": seed})) for seed in range(MAX_LOOKUPS + 1)]
        assert [isinstance(one, FlightJoin) for one in found] == [*[True] * MAX_LOOKUPS, False]
        assert world.one.counts.busy == 1

    story(scenario)


def test_who_waits_for_the_store_and_leaves_costs_nothing() -> None:
    async def scenario(world: World) -> None:
        client = followed(world.one_cache, Client())
        assert client.follower is not None
        client.follower.leave()
        await rounds(world.redis, request=1)
        assert (client.received, world.one_cache.flights) == ([], 0)

    story(scenario)


def test_what_cannot_be_written_in_time_is_dropped_and_counted() -> None:
    async def scenario(world: World) -> None:
        leader = followed(world.one_cache, Client())
        await rounds(world.redis, request=1)
        assert leader.flight is not None
        request = leader.flight.request
        answer(leader.flight)
        kept = hit(world.one_cache)
        assert kept is not None
        for _ in range(MAX_WRITES + 5):
            world.one.write(request, kept.entry, 1.0)
        assert world.one.counts.dropped == 6
        world.redis.broken = OSError("gone")
        while world.one.counts.dropped < 6 + MAX_WRITES - MAX_FAILURES:
            await asyncio.sleep(0)
        assert world.one.counts.errors == MAX_FAILURES

    story(scenario)


@pytest.mark.parametrize("revision", ["", "ns/chat@"])
def test_answers_of_a_revision_without_a_name_are_not_shared(revision: str) -> None:
    async def scenario(world: World) -> None:
        found = find_reply(world.one_cache, enquiry(revisions=(revision,)))
        assert not isinstance(found, FlightJoin)
        answer(found.flight, head=type(HEAD)(status=200, lines=HEAD.lines, length=None, revision=revision))  # type: ignore[union-attr]
        await asyncio.sleep(0.01)
        assert (world.redis.requests, world.one_cache.entries) == (0, 1)

    story(scenario)


def test_on_close_pending_answers_are_written_and_requests_that_wait_for_the_store_become_leaders() -> None:
    async def scenario(world: World) -> None:
        leader = followed(world.one_cache, Client())
        await rounds(world.redis, request=1)
        assert leader.flight is not None
        world.redis.delay = 10.0
        waiting = followed(world.one_cache, Client(), enquiry({**CHAT, "seed": 4}))
        await rounds(SlowRedis(), request=0)
        world.redis.delay = 0.0
        answer(leader.flight)
        await world.one.close()
        assert (waiting.received, world.redis.closed) == (["lead"], True)
        assert (world.one.counts.written, len(world.redis.held)) == (1, 1)

    story(scenario)


def test_an_address_that_is_none_is_refused_without_repeating_it() -> None:
    with pytest.raises(ValueError, match="write redis://") as refused:
        redis_store.connect("http://:secret@store")
    assert "secret" not in str(refused.value)
