"""External APIs as targets that a route chooses: by weight, by rules, after a poor answer; and what stays inside."""

import asyncio
import json
from pathlib import Path
from typing import Final

from tests.router.gateways import Json, gateway, posted, single, target, weighted, written
from tests.router.planes import HOST, Raw, free_port, run_story, whole
from tests.router.test_costs import ANSWER, COST, PRICES, bearer, budget, tenants
from tests.router.test_external_apis import outside
from tests.router.test_falling_back import PROMPT, came_from
from tests.router.test_judged_answers import answer, bodies_of

MESSAGE: Final[Json] = {"model": "chat", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 4}
CASCADE: Final[Json] = {
    "name": "chat",
    "strategy": "Cascade",
    "cascade": {"targets": ["ns/a", "external/big"], "check": "NotEmpty"},
}
RULES: Final[Json] = {
    "name": "chat",
    "strategy": "Rules",
    "target": "ns/a",
    "rules": [{"name": "hard", "when": {"difficulty": "Hard"}, "target": "external/big"}],
}


def test_a_model_moves_from_an_api_to_its_own_gpus_weight_by_weight_and_conversations_stay_together(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with Raw(*[ANSWER] * 99).listening() as engine, Raw(*[ANSWER] * 99).listening() as api:
            own, apis = [target("a", engine.address)], [outside(api.address, tmp_path)]

            async def homes(**weights: int) -> list[str]:
                async with gateway(written(tmp_path, own, [weighted("chat", **weights)], apis)) as router:
                    found = []
                    for session in range(20):
                        replies = [await posted(router, PROMPT, x_session_id=f"s{session}") for _ in range(2)]
                        assert [status for status, _, _ in replies] == [200, 200]
                        (home,) = {headers["x-fairlead-target"] for _, headers, _ in replies}
                        found.append(home)
                    return found

            before, after = await homes(a=1, big=3), await homes(a=3, big=3)
            assert set(before) == set(after) == {"ns/a", "external/big"}
            assert {one for one, other in zip(before, after, strict=True) if one != other} <= {"external/big"}
            assert json.loads(api.seen[0].partition(b"\r\n\r\n")[2])["model"] == "gpt-big"

    run_story(story())


def test_only_the_hard_requests_leave_the_cluster(tmp_path: Path) -> None:
    async def story() -> None:
        async with Raw(ANSWER).listening() as engine, Raw(ANSWER).listening() as api:
            config = written(tmp_path, [target("a", engine.address)], [RULES], [outside(api.address, tmp_path)])
            async with gateway(config, log=tmp_path / "log") as router:
                for level, home in (("easy", "ns/a"), ("hard", "external/big")):
                    status, headers, _ = await posted(router, PROMPT, x_fairlead_difficulty=level)
                    assert (status, headers["x-fairlead-target"]) == (200, home)
        lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
        assert [(one["target"], one.get("rule")) for one in lines] == [("ns/a", None), ("external/big", "hard")]

    run_story(story())


def test_a_poor_answer_goes_on_to_the_api_and_is_given_if_that_refuses_our_key(tmp_path: Path) -> None:
    async def story() -> None:
        refusal = whole(b'{"error":{"message":"Incorrect API key provided"}}', 401)
        async with (
            Raw(answer(""), answer("")).listening() as engine,
            Raw(answer("Rome"), refusal).listening() as api,
        ):
            config = written(tmp_path, [target("a", engine.address)], [CASCADE], [outside(api.address, tmp_path)])
            async with gateway(config) as router:
                status, headers, text = await posted(router, MESSAGE, "/v1/chat/completions")
                assert (status, headers["x-fairlead-target"]) == (200, "external/big")
                assert headers["x-fairlead-escalated"].endswith("from=ns/a")
                assert json.loads(text)["choices"][0]["message"]["content"] == "Rome"
                status, headers, text = await posted(router, MESSAGE, "/v1/chat/completions")
                assert (status, headers["x-fairlead-target"]) == (200, "ns/a")
                assert json.loads(text)["choices"][0]["message"]["content"] == ""
        assert [one["model"] for one in bodies_of(api)] == ["gpt-big", "gpt-big"]

    run_story(story())


def test_what_the_api_cannot_get_stays_with_the_deployments_of_its_route(tmp_path: Path) -> None:
    """A client of /v1/messages sees no route_not_outside by chance, by its prompt, or after a poor answer."""
    routes = [
        weighted("weighted", a=1, big=99),
        RULES | {"name": "rules"},
        CASCADE | {"name": "cascade"},
        single("single", "external/big", "ns/a"),
    ]

    async def story() -> None:
        async with Raw(*[ANSWER] * 99).listening() as engine, Raw().listening() as api:
            own = [target("a", engine.address)]
            config = written(tmp_path, own, routes, [outside(api.address, tmp_path)])
            async with gateway(config) as router:
                for route in routes:
                    for path in ("/v1/messages", "/v1/responses", "/tokenize"):
                        body = MESSAGE | {"model": route["name"], "input": "hi", "prompt": "hi"}
                        status, headers, text = await posted(router, body, path, x_fairlead_difficulty="hard")
                        assert (status, headers["x-fairlead-target"]) == (200, "ns/a"), (route["name"], path, text)
            assert api.seen == []

    run_story(story())


def test_clients_soon_hear_that_an_api_is_down_without_a_fallback(tmp_path: Path) -> None:
    """Nothing starts for it, so its requests are not held for minutes as those of a deployment without replicas."""

    async def story() -> None:
        address = f"{HOST}:{free_port()}"
        config = written(tmp_path, [], [single("chat", "external/big")], [outside(address, tmp_path)])
        async with gateway(config) as router:
            for _ in range(3):
                began = asyncio.get_running_loop().time()
                replies = await asyncio.gather(*(posted(router, PROMPT) for _ in range(4)))
                assert asyncio.get_running_loop().time() - began < 5
                assert [(status, address in text) for status, _, text in replies] == [(502, True)] * 4

    run_story(story(), 60)


def test_a_share_of_the_requests_outside_is_paid_at_the_apis_prices_within_the_tenants_budget(tmp_path: Path) -> None:
    async def story() -> None:
        async with Raw(*[ANSWER] * 9).listening() as api:
            config = written(
                tmp_path,
                [],
                [weighted("chat", big=1)],
                [outside(api.address, tmp_path, prices=PRICES)],
                tenants=tenants(tmp_path, shop=budget("0.01")),
            )
            async with gateway(config) as router:
                request = PROMPT | {"max_tokens": 800}
                replies = [await posted(router, request, **bearer()) for _ in range(3)]
                assert [status for status, _, _ in replies] == [200, 200, 429]
                assert await router.metric('fairlead_router_tenant_cost_total{tenant="shop",model="chat"}') == 2 * COST
                assert (await posted(router, request, **bearer("office")))[0] == 200

    run_story(story())


def test_an_api_that_has_no_room_is_helped_by_a_deployment(tmp_path: Path) -> None:
    async def story() -> None:
        limited = whole(b'{"error":{"message":"Rate limit reached"}}', 429)
        async with Raw(limited, limited).listening() as api, Raw(ANSWER).listening() as engine:
            route = weighted("chat", big=1) | {"fallback": {"targets": ["ns/a"], "reasons": ["QueueFull"]}}
            config = written(tmp_path, [target("a", engine.address)], [route], [outside(api.address, tmp_path)])
            async with gateway(config) as router:
                _, headers, _ = await posted(router, PROMPT)
                assert came_from(headers) == ("ns/a", "QueueFull; from=external/big")

    run_story(story())
