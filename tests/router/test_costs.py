"""What requests cost, as a gateway's clients and operators see it: access lines, metrics, and budgets that refuse."""

import asyncio
import json
from pathlib import Path
from typing import Any, Final

import pytest

from fairlead.router.observability import recorder
from tests.emulator.living import living, paced
from tests.router.gateways import Json, gateway, posted, single, target, written
from tests.router.planes import PROMPT, STREAM, Plane, Raw, run_story, whole
from tests.router.test_external_apis import outside
from tests.router.test_falling_back import BROKEN, EVERY
from tests.router.test_request_records import lines

PRICES: Final = {"prompt": "2", "output": "8"}
ANSWER: Final = whole(
    b'{"choices":[{"text":"a","finish_reason":"stop"}],"usage":{"prompt_tokens":500,"completion_tokens":250}}'
)
COST: Final = (500 * 2 + 250 * 8) / 1e6
"""Of one such external answer, 0.003."""
BUDGET: Final = 'fairlead_router_tenant_budget{tenant="shop"}'
BUDGET_SPENT: Final = 'fairlead_router_tenant_budget_spent{tenant="shop"}'
KEYS: Final = {"shop": "sk-shop", "office": "sk-office"}


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines are flushed as soon as they are written."""
    monkeypatch.setattr(recorder, "HAND_OVER_SECONDS", 0.01)


def tenants(folder: Path, **budgets: Any) -> list[Json]:  # noqa: ANN401 - any JSON
    """Two tenants with these budgets."""
    found = []
    for name, key in KEYS.items():
        (folder / name).write_text(key)
        found.append({"name": name, "keyFiles": [str(folder / name)]} | budgets.get(name, {}))
    return found


def budget(most: str, *, monthly: bool = True, **more: Any) -> Json:  # noqa: ANN401 - any JSON
    return {"budget": {"maxCost": most, "monthly": monthly}} | more


def bearer(name: str = "shop") -> dict[str, str]:
    return {"authorization": f"Bearer {KEYS[name]}"}


async def samples(router: Plane, prefix: str) -> dict[str, float]:
    """The samples whose names have this prefix."""
    async with router.session.get(router.pages + "/metrics") as answer:
        found = [line.rpartition(" ") for line in (await answer.text()).splitlines() if line.startswith(prefix)]
    return {name: float(value) for name, _, value in found}


def test_the_cost_of_an_external_api_appears_in_the_access_line_and_in_the_metrics(tmp_path: Path) -> None:
    async def story() -> None:
        log = tmp_path / "lines"
        async with Raw(ANSWER, ANSWER).listening() as api:
            config = written(
                tmp_path,
                [],
                [single("chat", "external/big")],
                [outside(api.address, tmp_path, prices=PRICES)],
                tenants=tenants(tmp_path),
            )
            async with gateway(config, log=log) as router:
                assert (await posted(router, PROMPT, **bearer("shop")))[0] == 200
                assert (await posted(router, PROMPT, **bearer("office")))[0] == 200
                assert [one["cost"] for one in await lines(log, 2)] == [COST, COST]
                key = '{model="chat",target="external/big",revision=""}'
                found = await samples(router, "fairlead_router_")
                assert found["fairlead_router_cost_total" + key] == pytest.approx(2 * COST)
                assert found["fairlead_router_cost_attempts_total" + key] == 2
                for name in KEYS:
                    of = f'fairlead_router_tenant_cost_total{{tenant="{name}",model="chat"}}'
                    assert found[of] == pytest.approx(COST)

    run_story(story())


def test_an_attempt_that_failed_is_paid_beside_the_one_that_answered(tmp_path: Path) -> None:
    async def story() -> None:
        log = tmp_path / "lines"
        async with Raw(BROKEN).listening() as engine, Raw(ANSWER).listening() as api:
            routes = [single("chat", "ns/a", "external/big", reasons=EVERY)]
            targets = [target("a", engine.address, pricePerHour="3600")]
            config = written(tmp_path, targets, routes, [outside(api.address, tmp_path, prices=PRICES)])
            async with gateway(config, log=log) as router:
                assert (await posted(router, PROMPT))[0] == 200
                (line,) = await lines(log, 1)
                found = await samples(router, "fairlead_router_")
                failed = found['fairlead_router_unanswered_cost_total{model="chat",target="ns/a",revision=""}']
                assert failed > 0
                assert line["cost"] == pytest.approx(COST + failed, abs=2e-9)

    run_story(story())


def test_requests_and_idle_time_are_all_that_a_replica_costs(tmp_path: Path) -> None:
    """On the real clock: the router meters one replica from its discovery; streams overlap, and one is cancelled."""

    async def story() -> None:
        async with living(paced(0.05, 0.02)) as (engine,):
            config = written(tmp_path, [target("a", engine.address, pricePerHour="3600")], [single("chat", "ns/a")])
            async with gateway(config) as router:
                before, began = await spent(router), asyncio.get_running_loop().time()
                await asyncio.gather(*(posted(router, STREAM) for _ in range(3)))
                async with router.session.post(router.url + "/v1/completions", json=STREAM) as answer:
                    await answer.content.readany()
                await asyncio.sleep(1.2)
                passed = asyncio.get_running_loop().time() - began
                # Idle time is counted once a second, so the two differ by at most a second.
                assert abs(await spent(router) - before - passed) < 1.5
                assert await samples(router, "fairlead_router_cost_total")

    run_story(story())


async def spent(router: Plane) -> float:
    found = await samples(router, "fairlead_router_")
    names = ("fairlead_router_cost_total", "fairlead_router_idle_cost_total")
    return sum(value for name, value in found.items() if name.startswith(names))


def test_a_budget_refuses_what_it_may_not_pay_for_and_says_what_is_left(tmp_path: Path) -> None:
    async def story() -> None:
        async with Raw(*[ANSWER] * 4).listening() as api:
            limits = tenants(tmp_path, shop=budget("0.01"))
            config = written(
                tmp_path,
                [],
                [single("chat", "external/big")],
                [outside(api.address, tmp_path, prices=PRICES)],
                tenants=limits,
            )
            async with gateway(config) as router:
                wanted = PROMPT | {"max_tokens": 800}
                assert [(await posted(router, wanted, **bearer()))[0] for _ in range(3)] == [200, 200, 429]
                status, headers, text = await posted(router, wanted, **bearer())
                error = json.loads(text)["error"]
                assert (status, error["code"]) == (429, "budget_spent")
                assert "the month's budget of 0.01 in all has 0.004 left" in error["message"]
                assert 0 < int(headers["retry-after"]) <= 3600
                assert (await posted(router, PROMPT | {"max_tokens": 250}, **bearer()))[0] == 200
                assert (await posted(router, wanted, **bearer("office")))[0] == 200
                page = (await router.page())["tenants"]
                assert (page["shop"]["spent"], page["shop"]["shared"]) == (pytest.approx(3 * COST), False)
                assert "spent" not in page["office"], "which has no budget"
                shown = await samples(router, "fairlead_router_tenant_budget")
                assert shown == {
                    'fairlead_router_tenant_budget{tenant="shop"}': 0.01,
                    'fairlead_router_tenant_budget_spent{tenant="shop"}': pytest.approx(3 * COST),
                }
            assert len(api.seen) == 4

    run_story(story())


async def until_budget_is(router: Plane, most: float) -> None:
    """Wait until the configuration with this budget is in force; 0: with none."""
    while (await samples(router, BUDGET)).get(BUDGET, 0.0) != most:
        await asyncio.sleep(0.005)


def test_a_budget_that_returns_in_its_period_remembers_what_was_spent(tmp_path: Path) -> None:
    async def story() -> None:
        async with Raw(*[ANSWER] * 3).listening() as api:

            def configured(**budgets: Json) -> Path:
                outer = [outside(api.address, tmp_path, prices=PRICES)]
                return written(
                    tmp_path, [], [single("chat", "external/big")], outer, tenants=tenants(tmp_path, **budgets)
                )

            async with gateway(configured(shop=budget("1"))) as router:
                await until_budget_is(router, 1.0)
                assert (await posted(router, PROMPT, **bearer()))[0] == 200
                configured()
                await until_budget_is(router, 0.0)
                configured(shop=budget("2"))
                await until_budget_is(router, 2.0)
                assert await router.metric(BUDGET_SPENT) == pytest.approx(COST)
                configured(shop=budget("3", monthly=False))
                await until_budget_is(router, 3.0)
                assert await router.metric(BUDGET_SPENT) == 0.0, "a day is not a month"
                configured(shop=budget("4"))
                await until_budget_is(router, 4.0)
                assert await router.metric(BUDGET_SPENT) == pytest.approx(COST)

    run_story(story())


def test_a_budget_in_shadow_mode_counts_and_refuses_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        log = tmp_path / "lines"
        async with Raw(ANSWER, ANSWER).listening() as api:
            config = written(
                tmp_path,
                [],
                [single("chat", "external/big")],
                [outside(api.address, tmp_path, prices=PRICES)],
                tenants=tenants(tmp_path, shop=budget("0.0001", monthly=False, shadow=True)),
            )
            async with gateway(config, log=log) as router:
                assert (await posted(router, PROMPT | {"max_tokens": 800}, **bearer()))[0] == 200
                assert (await lines(log, 1))[0]["shadow"] == "budget_spent"
                counted = await router.metric('fairlead_router_shadow_refusals_total{reason="budget_spent"}')
                assert counted == 1

    run_story(story())


def test_a_fallback_that_the_budget_cannot_pay_gets_no_request(tmp_path: Path) -> None:
    async def story() -> None:
        async with Raw(BROKEN).listening() as engine, Raw(ANSWER).listening() as api:
            config = written(
                tmp_path,
                [target("a", engine.address)],
                [single("chat", "ns/a", "external/big", reasons=EVERY)],
                [outside(api.address, tmp_path, prices=PRICES)],
                tenants=tenants(tmp_path, shop=budget("0.0001")),
            )
            async with gateway(config) as router:
                status, _, text = await posted(router, PROMPT | {"max_tokens": 800}, **bearer())
                assert (status, json.loads(text)["error"]["code"]) == (429, "budget_spent")
            assert api.seen == []

    run_story(story())


def test_what_a_client_that_leaves_had_is_paid_and_the_rest_of_its_hold_returned(tmp_path: Path) -> None:
    async def story() -> None:
        async with living(paced(0.05, 0.02)) as (engine,):
            config = written(
                tmp_path,
                [target("a", engine.address, pricePerHour="1")],
                [single("chat", "ns/a")],
                tenants=tenants(tmp_path, shop=budget("0.02")),
            )
            async with gateway(config) as router:
                for _ in range(20):
                    async with router.session.post(
                        router.url + "/v1/completions", json=STREAM | {"max_tokens": 1000}, headers=bearer()
                    ) as answer:
                        assert answer.status == 200
                        await answer.content.readany()

    run_story(story())


async def got(router: Plane, path: str, headers: dict[str, str]) -> tuple[int, Json]:
    async with router.session.get(router.url + path, headers=headers) as answer:
        return answer.status, await answer.json()


def test_what_a_success_costs_is_known_from_tasks_and_their_reported_outcomes(tmp_path: Path) -> None:
    async def story() -> None:
        async with Raw(*[ANSWER] * 3).listening() as api:
            config = written(
                tmp_path,
                [],
                [single("chat", "external/big")],
                [outside(api.address, tmp_path, prices=PRICES)],
                tenants=tenants(tmp_path),
            )
            async with gateway(config) as router:
                for task in ("one", "one", "two"):
                    assert (await posted(router, PROMPT, x_fairlead_task=task, **bearer()))[0] == 200
                assert await reported(router, {"task": "one", "success": True}) == (200, "counted")
                assert await reported(router, {"task": "two", "success": True}) == (200, "counted")
                assert await reported(router, {"task": "two", "success": False}) == (200, "changed")
                assert (await reported(router, {"task": "one", "success": True}, "office"))[0] == 404
                assert (await reported(router, {"task": "one"}))[0] == 400
                assert (await posted(router, {}, "/fairlead/v1/outcomes"))[0] == 401
                assert (await got(router, "/fairlead/v1/outcomes", bearer()))[0] == 405
                found = await samples(router, "fairlead_router_")
                of = 'target="external/big",revision=""'
                assert found[f"fairlead_router_tasks_total{{{of}}}"] == 2
                assert found[f'fairlead_router_task_outcomes{{{of},outcome="succeeded"}}'] == 1
                assert found[f'fairlead_router_task_outcomes{{{of},outcome="failed"}}'] == 1
                assert found[f"fairlead_router_reported_task_cost_total{{{of}}}"] == pytest.approx(3 * COST)

    run_story(story())


async def reported(router: Plane, body: Json, tenant: str = "shop") -> tuple[int, str | None]:
    status, _, text = await posted(router, body, "/fairlead/v1/outcomes", **bearer(tenant))
    return status, json.loads(text).get("result")
