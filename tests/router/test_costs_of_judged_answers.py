"""Counters of checked answers: which failed their check, which were sent to nobody, which tasks were misrouted."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.router.gateways import Json, gateway, posted, single, target, written
from tests.router.planes import Plane, Raw, run_story, whole
from tests.router.test_costs import bearer, budget, reported, samples, tenants
from tests.router.test_external_apis import outside
from tests.router.test_judged_answers import BAD, CHAT, FORM, GOOD, QUESTION, answer, cascade, stream
from tests.router.test_request_records import lines

PRICES: Final = {"prompt": "1000000", "output": "0"}
"""A prompt token costs one; each answer says that its prompt had three."""
ANSWERS_COST: Final = 3.0
WANTED: Final = QUESTION | {"response_format": FORM}


@asynccontextmanager
async def priced(folder: Path, route: Json, *apis: Sequence[bytes | None]) -> AsyncIterator[Plane]:
    """A gateway in front of priced APIs, `external/0` and so on, which give these answers."""
    async with AsyncExitStack() as stack:
        raws = [await stack.enter_async_context(Raw(*one).listening()) for one in apis]
        externals = [
            outside(raw.address, folder, prices=PRICES) | {"name": f"external/{place}"}
            for place, raw in enumerate(raws)
        ]
        config = written(folder, [], [route], externals, tenants=tenants(folder))
        yield await stack.enter_async_context(gateway(config))


async def counted(router: Plane, api: int) -> dict[str, float]:
    """The figures of one API, by their short names."""
    found = await samples(router, "fairlead_router_")
    of = f'target="external/{api}",revision=""'
    names = {f"cost_{one}": f'cost_{one}_total{{model="chat",{of}}}' for one in ("attempts", "retries")}
    names |= {one: f'cost_{one}_total{{model="chat",{of}}}' for one in ("validated", "invalid")}
    names |= {"unanswered": f'unanswered_cost_total{{model="chat",{of}}}', "misrouted": f"misrouted_tasks{{{of}}}"}
    return {short: found.get(f"fairlead_router_{name}", 0.0) for short, name in names.items()}


async def done(router: Plane, task: str, *, success: bool) -> None:
    """One request of a task, and its report."""
    status, _, _ = await posted(router, WANTED, CHAT, x_fairlead_task=task, **bearer())
    assert status == 200
    assert (await reported(router, {"task": task, "success": success}))[0] == 200


def test_an_invalid_answer_and_its_retry_are_counted_and_the_first_reached_no_client(tmp_path: Path) -> None:
    async def story() -> None:
        route = single("chat", "external/0") | {"onInvalid": "Retry"}
        async with priced(tmp_path, route, [answer(BAD), answer(GOOD), answer(GOOD)]) as router:
            await done(router, "one", success=True)
            await done(router, "two", success=True)
            found = await counted(router, 0)
            assert (found["cost_attempts"], found["cost_retries"]) == (3, 1)
            assert (found["validated"], found["invalid"]) == (3, 1)
            assert (found["unanswered"], found["misrouted"]) == (ANSWERS_COST, 0)

    run_story(story())


def test_a_retry_whose_longer_prompt_the_budget_cannot_pay_is_not_sent(tmp_path: Path) -> None:
    async def story() -> None:
        long = "no JSON, " * 1000
        prompt = len(json.dumps(WANTED))
        async with Raw(answer(long), answer(GOOD)).listening() as api:
            externals = [outside(api.address, tmp_path, prices=PRICES)]
            route = single("chat", "external/big") | {"onInvalid": "Retry"}
            names = tenants(tmp_path, shop=budget(str(2 * prompt + len(long) // 2)))
            async with gateway(written(tmp_path, [], [route], externals, tenants=names)) as router:
                status, _, text = await posted(router, WANTED, CHAT, **bearer())
                assert (status, json.loads(text)["choices"][0]["message"]["content"]) == (200, long)
                assert len(api.seen) == 1

    run_story(story())


def test_the_prompt_of_a_retry_holds_the_answer_and_says_nothing_of_the_bytes_of_a_token(tmp_path: Path) -> None:
    async def story() -> None:
        question = WANTED | {"messages": [{"role": "user", "content": "x" * 4000}]}
        answers = [*[answer(BAD, prompt=1000), answer(GOOD, prompt=9000)] * 3, answer(GOOD, prompt=1000)]
        async with Raw(*answers).listening() as engine:
            route = single("chat", "ns/a") | {"onInvalid": "Retry"}
            config = written(tmp_path, [target("a", engine.address)], [route])
            async with gateway(config, log=tmp_path / "log") as router:
                for _ in range(4):
                    assert (await posted(router, question, CHAT))[0] == 200
                *retried, last = [one["prompt_tokens_estimated"] for one in await lines(tmp_path / "log", 4)]
        assert last == pytest.approx(1000, rel=0.02)
        assert min(retried) > last, "the second attempt's prompt is longer"

    run_story(story())


def test_what_is_given_although_it_is_invalid_is_counted_and_is_an_answer(tmp_path: Path) -> None:
    async def story() -> None:
        async with priced(tmp_path, single("chat", "external/0"), [answer(BAD), answer(GOOD)]) as router:
            await done(router, "one", success=False)
            await done(router, "two", success=True)
            found = await counted(router, 0)
            assert (found["validated"], found["invalid"], found["unanswered"]) == (2, 1, 0)
            assert found["misrouted"] == 1

    run_story(story())


def test_a_form_that_cannot_be_checked_is_neither_valid_nor_invalid(tmp_path: Path) -> None:
    async def story() -> None:
        async with priced(tmp_path, single("chat", "external/0"), [whole(b"no JSON at all"), answer(GOOD)]) as router:
            await posted(router, WANTED, CHAT, **bearer())
            await posted(router, QUESTION, CHAT, **bearer())
            found = await counted(router, 0)
            assert (found["cost_attempts"], found["validated"], found["invalid"]) == (2, 0, 0)

    run_story(story())


def test_a_task_that_a_larger_model_had_to_answer_is_misrouted_at_the_smaller_one(tmp_path: Path) -> None:
    async def story() -> None:
        route = cascade("0", "1", check="JsonSchema")
        route["cascade"]["targets"] = ["external/0", "external/1"]
        async with priced(tmp_path, route, [answer(BAD), answer(GOOD)], [answer(GOOD)]) as router:
            await done(router, "one", success=True)
            await done(router, "two", success=True)
            small, large = await counted(router, 0), await counted(router, 1)
            assert (small["misrouted"], large["misrouted"]) == (1, 0)
            assert (small["validated"], small["invalid"], small["unanswered"]) == (2, 1, ANSWERS_COST)
            assert (large["validated"], large["invalid"], large["unanswered"]) == (1, 0, 0)

    run_story(story())


@pytest.mark.parametrize("failure", [None, whole(b"{}", 400)], ids=["away", "refusing"])
def test_an_answer_that_is_given_after_all_is_one_and_its_task_was_not_escalated(
    tmp_path: Path, failure: bytes | None
) -> None:
    async def story() -> None:
        route = cascade("0", "1", check="JsonSchema")
        route["cascade"]["targets"] = ["external/0", "external/1"]
        async with priced(tmp_path, route, [answer(BAD)], [failure] * 9) as router:
            await done(router, "one", success=True)
            small = await counted(router, 0)
            assert (small["invalid"], small["unanswered"], small["misrouted"]) == (1, 0, 0)

    run_story(story())


def test_targets_without_a_price_have_no_such_figures(tmp_path: Path) -> None:
    async def story() -> None:
        async with AsyncExitStack() as stack:
            engine = await stack.enter_async_context(Raw(answer(BAD)).listening())
            config = written(tmp_path, [target("a", engine.address)], [single("chat", "ns/a")])
            router = await stack.enter_async_context(gateway(config))
            assert (await posted(router, WANTED, CHAT))[0] == 200
            assert await samples(router, "fairlead_router_cost_") == {}

    run_story(story())


class Breaking(Raw):
    """An API that closes each connection once it has written all it has."""

    async def _answered(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        await super()._answered(reader, writer)
        return False


@pytest.mark.parametrize(
    ("small_api", "streams"),
    [(Breaking, True), (Raw, True), (Breaking, False)],
    ids=["a stream breaks", "a stream stands still", "a whole answer breaks"],
)
def test_what_an_api_wrote_of_a_held_answer_is_paid_for_although_a_larger_model_answers(
    tmp_path: Path, small_api: type[Raw], streams: bool
) -> None:
    """Nobody sees how much is missing of an answer in one piece: it is paid for in full."""

    async def story() -> None:
        small = stream("one", "two").partition(b"data: [DONE]")[0] if streams else answer(GOOD)
        large, wrote = (stream("three"), 2) if streams else (answer(GOOD, tokens=1), QUESTION["max_tokens"])
        async with small_api(small[:-3]).listening() as first, Raw(large).listening() as second:
            prices = {"prompt": "0", "output": "1000000"}
            apis = [outside(one.address, tmp_path, prices=prices) for one in (first, second)]
            externals = [one | {"name": f"external/{place}"} for place, one in enumerate(apis)]
            route = cascade("0", "1")
            route["cascade"]["targets"] = ["external/0", "external/1"]
            names, slow = tenants(tmp_path, shop=budget("1000")), {"betweenTokensSeconds": 0.1}
            async with gateway(written(tmp_path, [], [route], externals, tenants=names, timeouts=slow)) as router:
                status, headers, _ = await posted(router, QUESTION | {"stream": streams}, CHAT, **bearer())
                assert (status, headers["x-fairlead-target"]) == (200, "external/1")
                assert (await router.page())["tenants"]["shop"]["spent"] == wrote + 1

    run_story(story())


def test_an_error_in_place_of_a_larger_answer_costs_nothing_although_it_breaks(tmp_path: Path) -> None:
    async def story() -> None:
        async with Raw(answer("")).listening() as small, Breaking(*[whole(b"{}", 400)[:-1]] * 3).listening() as large:
            prices = {"prompt": "0", "output": "1"}
            apis = [outside(one.address, tmp_path, prices=prices) for one in (small, large)]
            externals = [one | {"name": f"external/{place}"} for place, one in enumerate(apis)]
            route = cascade("0", "1")
            route["cascade"]["targets"] = ["external/0", "external/1"]
            names = tenants(tmp_path, shop=budget("1000"))
            async with gateway(written(tmp_path, [], [route], externals, tenants=names)) as router:
                status, headers, _ = await posted(router, QUESTION, CHAT, **bearer())
                assert (status, headers["x-fairlead-target"], bool(large.seen)) == (200, "external/0", True)
                assert (await router.page())["tenants"]["shop"]["spent"] == pytest.approx(7e-6)

    run_story(story())
