"""Budgets of several routers, added up in a store: they hold over all, and a new router knows what was spent."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from fairlead.accounting.budgets import BudgetAccount, BudgetReservation, BudgetShortage, RouterSpend
from fairlead.router import budget_store, shared_budgets
from fairlead.router.budget_store import BudgetStore
from fairlead.router.shared_budgets import SharedBudgets
from tests.accounting.costs import NOON
from tests.router.cache import redis_server
from tests.router.cache.redis_server import Server
from tests.router.gateways import Json, gateway, posted, single, written
from tests.router.planes import PROMPT, Raw, run_story
from tests.router.test_costs import ANSWER, PRICES, bearer, budget, tenants, until_budget_is
from tests.router.test_external_apis import outside

pytestmark = pytest.mark.conformance
WANTED = PROMPT | {"max_tokens": 800}
"""Holds 0.0066 of the currency or so, and takes 0.003."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with redis_server.running(tmp_path) as running:
        yield running


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_budgets, "EVERY_SECONDS", 0.01)
    monkeypatch.setattr(budget_store, "ANSWER_SECONDS", 1.0)


@asynccontextmanager
async def sharing(url: str, account: BudgetAccount, scope: str = "ns/front") -> AsyncIterator[SharedBudgets]:
    made = SharedBudgets(lambda: {"shop": account}, lambda: NOON)
    made.apply(url, scope)
    await made.until_first(5.0)
    try:
        yield made
    finally:
        await made.close()


async def until(account: BudgetAccount, left: float) -> None:
    async with asyncio.timeout(20):
        while account.left(NOON) != pytest.approx(left):
            await asyncio.sleep(0.005)


def held(account: BudgetAccount, amount: float) -> BudgetReservation:
    found = account.reserve(amount, NOON)
    assert isinstance(found, BudgetReservation)
    return found


def test_two_routers_see_each_others_spending_and_a_third_that_starts_sees_it_at_once(server: Server) -> None:
    async def story() -> None:
        one, two = BudgetAccount(limit=10.0, parts=2), BudgetAccount(limit=10.0, parts=2)
        async with sharing(server.url, one), sharing(server.url, two):
            first = held(one, 8.0)
            await until(two, 2.0)
            assert isinstance(two.reserve(3.0, NOON), BudgetShortage)
            one.settle(first, 1.0, NOON)
            await until(two, 9.0)
            held(two, 4.0)
        third, stranger = BudgetAccount(limit=10.0), BudgetAccount(limit=10.0)
        async with sharing(server.url, third), sharing(server.url, stranger, "ns/other"):
            assert third.left(NOON) == pytest.approx(5.0)
            assert stranger.left(NOON) == 10.0, "of another gateway"

    run_story(story(), 60)


def test_while_the_store_is_down_each_router_enforces_its_part_and_logs_that_once(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        one = BudgetAccount(limit=10.0, parts=2)
        async with sharing(server.url, one):
            held(one, 4.0)
            await until(one, 6.0)
            server.signal(signal.SIGSTOP)
            await until(one, 1.0)
            held(one, 1.0)
            await asyncio.sleep(3.0)
            server.signal(signal.SIGCONT)
            await until(one, 5.0)

    run_story(story(), 60)
    lines = [one.getMessage() for one in caplog.records]
    assert len([one for one in lines if "the store of budgets does not answer" in one]) == 1
    assert lines[-1] == "the store of budgets answers again"


def test_a_store_that_starts_again_without_its_data_gets_the_sums_of_all_running_routers(server: Server) -> None:
    async def story() -> None:
        one, two = BudgetAccount(limit=10.0, parts=2), BudgetAccount(limit=10.0, parts=2)
        async with sharing(server.url, one), sharing(server.url, two):
            held(one, 8.0)
            await until(two, 2.0)
            server.stop()
            await until(two, 5.0)
            server.start()
            await until(two, 2.0)
            assert isinstance(two.reserve(3.0, NOON), BudgetShortage)

    run_story(story(), 60)


def test_no_total_is_taken_from_a_store_that_lost_its_data_until_others_have_written_again(server: Server) -> None:
    async def story() -> None:
        client = budget_store.connect(server.url)
        assert client is not None
        one, two = (BudgetStore(client, budget_store.router_name()) for _ in range(2))
        spent, nothing = {"shop": RouterSpend(period=NOON, amount=8.0)}, {"shop": RouterSpend(period=NOON, amount=0.0)}
        assert await one.exchange(spent, "x") == {"shop": 8.0}
        assert await two.exchange(nothing, "x") == {"shop": 8.0}
        await client.flushall()
        assert await two.exchange(nothing, "x") == {}, "it has spent nothing, and no sum of its own is missing"
        assert await one.exchange(spent, "x") == {}
        assert await two.exchange(nothing, "x") == {}
        assert await two.exchange(nothing, "x") == {"shop": 8.0}
        await client.flushall()
        assert await two.exchange(nothing, "x") == {}, "it wrote first after the other loss, too"
        assert await one.exchange(spent, "x") == {}
        assert await two.exchange(nothing, "x") == {}
        assert await two.exchange(nothing, "x") == {"shop": 8.0}
        await one.leave()
        await two.leave()
        assert [await client.hgetall(name) for name in await client.keys("fairlead:budget:*")] == [{b"ended": b"8"}]
        await two.close()

    run_story(story(), 60)


def test_a_slow_store_is_retried_by_a_router_that_starts_and_by_one_that_ends(server: Server) -> None:
    async def story() -> None:
        one, two = BudgetAccount(limit=10.0, parts=2), BudgetAccount(limit=10.0, parts=2)
        loop = asyncio.get_running_loop()
        async with sharing(server.url, one):
            held(one, 4.0)
            await until(one, 6.0)
            held(one, 3.0)
            server.signal(signal.SIGSTOP)
            loop.call_later(2.5, server.signal, signal.SIGCONT)
        server.signal(signal.SIGSTOP)
        loop.call_later(2.5, server.signal, signal.SIGCONT)
        async with sharing(server.url, two):
            assert two.left(NOON) == pytest.approx(3.0)

    run_story(story(), 60)


def test_a_router_that_leaves_a_store_enforces_its_part_whatever_that_store_still_answers(server: Server) -> None:
    async def story() -> None:
        one, two = BudgetAccount(limit=10.0, parts=2), BudgetAccount(limit=10.0, parts=2)
        async with sharing(server.url, one) as budgets, sharing(server.url, two):
            held(two, 2.0)
            await until(one, 8.0)
            held(one, 1.0)
            budgets.apply(None, "ns/front")
            await until(two, 7.0)
            assert one.left(NOON) == pytest.approx(4.0)

    run_story(story(), 60)


def test_a_store_whose_address_changes_counts_what_was_spent_once_and_keeps_it_when_routers_end(
    server: Server,
) -> None:
    async def story() -> None:
        one, two = BudgetAccount(limit=10.0, parts=2), BudgetAccount(limit=10.0, parts=2)
        async with sharing(server.url, one) as budgets, sharing(server.url, two):
            held(one, 1.0)
            await until(two, 9.0)
            for number in range(3):
                budgets.apply(f"{server.url}?client_name={number}", "ns/front")
                await budgets.until_first(5.0)
                await until(one, 9.0)
            held(one, 2.0)
            await until(two, 7.0)
        third = BudgetAccount(limit=10.0)
        async with sharing(server.url, third):
            assert third.left(NOON) == pytest.approx(7.0)

    run_story(story(), 60)


def test_an_invalid_or_unreachable_store_address_keeps_no_router_from_serving() -> None:
    async def story() -> None:
        one = BudgetAccount(limit=10.0)
        made = SharedBudgets(lambda: {"shop": one}, lambda: NOON)
        await made.until_first(5.0)
        for url in ("http://nobody", "redis://127.0.0.25:1/0"):
            made.apply(url, "x")
            await made.until_first(0.3)
            assert one.left(NOON) == 10.0
        made.apply(None, "x")
        await made.close()

    run_story(story())


def test_a_router_that_starts_again_refuses_what_the_one_before_has_spent(tmp_path: Path, server: Server) -> None:
    async def story() -> None:
        place = tmp_path / "url"
        place.write_text(server.url)
        async with Raw(*[ANSWER] * 4).listening() as api:
            config = written(
                tmp_path,
                [],
                [single("chat", "external/big")],
                [outside(api.address, tmp_path, prices=PRICES)],
                tenants=tenants(tmp_path, shop=budget("0.01")),
                cache={"redisUrlFile": str(place)},
            )
            async with gateway(config) as router:
                assert [(await posted(router, WANTED, **bearer()))[0] for _ in range(3)] == [200, 200, 429]
            async with gateway(config) as router:
                assert (await posted(router, WANTED, **bearer()))[0] == 429
                assert (await posted(router, WANTED, **bearer("office")))[0] == 200

    run_story(story(), 60)


def test_a_budget_that_was_taken_out_of_the_file_for_a_while_is_not_whole_again_in_the_store(
    tmp_path: Path, server: Server
) -> None:
    async def story() -> None:
        place = tmp_path / "url"
        place.write_text(server.url)
        async with Raw(*[ANSWER] * 4).listening() as api:

            def configured(**budgets: Json) -> Path:
                outer, routes = [outside(api.address, tmp_path, prices=PRICES)], [single("chat", "external/big")]
                names = tenants(tmp_path, **budgets)
                return written(tmp_path, [], routes, outer, tenants=names, cache={"redisUrlFile": str(place)})

            async with gateway(configured(shop=budget("0.01"))) as router:
                assert (await posted(router, WANTED, **bearer()))[0] == 200
                configured()
                await until_budget_is(router, 0.0)
                configured(shop=budget("0.01"))
                await until_budget_is(router, 0.01)
                assert [(await posted(router, WANTED, **bearer()))[0] for _ in range(2)] == [200, 429]
            async with gateway(tmp_path / "router.json") as router:
                assert (await posted(router, WANTED, **bearer()))[0] == 429

    run_story(story(), 60)
