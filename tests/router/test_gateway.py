"""One address in front of several deployments: which of them answers, and what clients and engines see of it."""

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import pytest

from tests.emulator.living import SGLANG, living, paced
from tests.router.gateways import gateway, posted, single, target, weighted, written
from tests.router.planes import STREAM, Raw, run_story, whole

ANSWER: Final = whole(
    b'{"model":"base","choices":[{"text":"a","finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1}}'
)


def body(model: str, prompt: str = "one two three", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return {"model": model, "prompt": prompt, "max_tokens": 4} | more


def seen(engine: Raw) -> list[dict[str, Any]]:
    """The bodies that an engine got."""
    return [json.loads(one.partition(b"\r\n\r\n")[2]) for one in engine.seen]


def test_an_alias_goes_to_its_deployment_under_the_name_that_this_one_knows(tmp_path: Path) -> None:
    async def story() -> None:
        async with Raw(*[ANSWER] * 3).listening() as one, Raw(ANSWER).listening() as other:
            targets = [target("a", one.address, models=["base-a"]), target("b", other.address, models=["base-b"])]
            routes = [single("chat", "ns/a"), single("base-b", "ns/b"), single("code", "ns/a")]
            async with gateway(written(tmp_path, targets, routes)) as router:
                status, headers, _ = await posted(router, body("chat"))
                assert status == 200
                assert (headers["x-fairlead-route"], headers["x-fairlead-target"]) == ("chat", "ns/a")
                assert "x-fairlead-fallback" not in headers
                await posted(router, body("code"))
                await posted(router, body("base-b"))
            assert [sent["model"] for sent in seen(one)] == ["base-a", "base-a"]
            assert seen(other) == [body("base-b")]
            assert seen(one)[0] == body("base-a")

    run_story(story())


def test_a_model_that_no_route_has_is_refused_with_those_that_this_tenant_may_use(tmp_path: Path) -> None:
    async def story() -> None:
        (tmp_path / "key").write_text("secret")
        tenants = [{"name": "shop", "keyFiles": [str(tmp_path / "key")], "models": ["chat"]}]
        async with Raw().listening() as engine:
            routes = [single("chat", "ns/a"), single("code", "ns/a")]
            async with gateway(written(tmp_path, [target("a", engine.address)], routes, tenants=tenants)) as router:
                status, _, text = await posted(router, body("poem"), authorization="Bearer secret")
                error = json.loads(text)["error"]
                assert (status, error["code"], error["param"]) == (404, "model_not_found", "model")
                assert error["message"] == "model: poem: there is no such model here; ask for one of: chat"
                status, _, text = await posted(router, body("code"), authorization="Bearer secret")
                assert (status, json.loads(text)["error"]["code"]) == (403, "model_not_allowed")
                assert "chat" in text
                async with router.session.get(
                    router.url + "/v1/models", headers={"authorization": "Bearer secret"}
                ) as answer:
                    assert [one["id"] for one in (await answer.json())["data"]] == ["chat"]

    run_story(story())


def test_weights_share_requests_out_within_what_chance_allows(tmp_path: Path) -> None:
    async def story() -> None:
        async with Raw(*[ANSWER] * 600).listening() as one, Raw(*[ANSWER] * 600).listening() as other:
            targets = [target("a", one.address), target("b", other.address)]
            async with gateway(written(tmp_path, targets, [weighted("chat", a=3, b=1)])) as router:
                for _ in range(20):
                    await asyncio.gather(*(posted(router, body("chat")) for _ in range(20)))
            # 400 draws of 3/4: the mean is 300, the deviation 8.7; six of them happen once in 500 million runs.
            assert abs(len(one.seen) - 300) < 6 * 8.7
            assert len(one.seen) + len(other.seen) == 400

    run_story(story(), seconds=30)


def test_rules_go_by_length_tools_task_and_expressions(tmp_path: Path) -> None:
    expression = {"expression": 'task.startsWith("plan") && !tools'}
    rules = [
        {"name": "long", "when": {"minPromptTokens": 100}, "target": "ns/long"},
        {"name": "plans", "when": expression, "target": "ns/plans"},
        {"name": "tools", "when": {"tools": True}, "target": "ns/tools"},
        {"name": "task", "when": {"tasks": ["extract"]}, "target": "ns/task"},
    ]
    route = {"name": "chat", "strategy": "Rules", "target": "ns/other", "rules": rules}

    async def story() -> None:
        names = ("long", "tools", "task", "other", "plans")
        engines = [Raw(ANSWER) for _ in names]
        async with AsyncExitStack() as stack:
            for engine in engines:
                await stack.enter_async_context(engine.listening())
            targets = [target(name, engine.address) for name, engine in zip(names, engines, strict=True)]
            async with gateway(written(tmp_path, targets, [route]), log=tmp_path / "log") as router:
                chat = {"model": "chat", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 4}
                tools = [{"type": "function", "function": {"name": "f"}}]
                found = [
                    await posted(router, body("chat", "word " * 100)),
                    await posted(router, chat | {"tools": tools}, "/v1/chat/completions"),
                    await posted(router, body("chat"), x_fairlead_task="extract"),
                    await posted(router, body("chat")),
                    await posted(router, body("chat"), x_fairlead_task="plan-7"),
                ]
            assert [headers["x-fairlead-target"] for _, headers, _ in found] == [f"ns/{name}" for name in names]
        lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
        assert [(one["model"], one["target"], one.get("rule")) for one in lines] == [
            ("chat", "ns/long", "long"),
            ("chat", "ns/tools", "tools"),
            ("chat", "ns/task", "task"),
            ("chat", "ns/other", None),
            ("chat", "ns/plans", "plans"),
        ]

    run_story(story())


def test_two_kinds_of_engines_stand_behind_one_address(tmp_path: Path) -> None:
    async def story() -> None:
        async with living() as (vllm,), living(serve_arguments=SGLANG) as (sglang,):
            targets = [
                target("a", vllm.address, models=["chat"]),
                target("b", sglang.address, models=["chat", "de"], adapters=["de"], engineKind="SGLang"),
            ]
            routes = [single("plain", "ns/a"), single("other", "ns/b")]
            async with gateway(written(tmp_path, targets, routes)) as router:
                for name, to in (("plain", "ns/a"), ("other", "ns/b")):
                    status, headers, text = await posted(router, STREAM | {"model": name})
                    assert (status, headers["x-fairlead-target"]) == (200, to)
                    assert text.endswith("data: [DONE]\n\n")
                assert (vllm.engine.answered, sglang.engine.answered) == (2, 2), "each its probe and one request"

    run_story(story(), seconds=30)


def test_a_tenants_concurrency_holds_over_all_targets_together(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("secret")
    tenant = {"name": "shop", "keyFiles": [str(tmp_path / "key")], "maxConcurrency": 2}

    async def story() -> None:
        async with living(paced(0.02, 0.002)) as (one,), living(paced(0.02, 0.002)) as (other,):
            targets = [target("a", one.address), target("b", other.address)]
            routes = [single("left", "ns/a"), single("right", "ns/b")]
            most = 0

            async def watch() -> None:
                nonlocal most
                while True:
                    most = max(most, one.engine.now.running + other.engine.now.running)
                    await asyncio.sleep(0.001)

            async with gateway(written(tmp_path, targets, routes, tenants=[tenant])) as router:
                watching = asyncio.create_task(watch())
                began = asyncio.get_running_loop().time()
                names = ["left", "right"] * 20
                bodies = [STREAM | {"model": name, "max_tokens": 5} for name in names]
                answers = await asyncio.gather(*(posted(router, one, authorization="Bearer secret") for one in bodies))
                took = asyncio.get_running_loop().time() - began
                watching.cancel()
                assert {status for status, _, _ in answers} == {200}
                assert most == 2
                # 40 requests of some 30 ms, two at a time: with a sweep between them they would take ten seconds.
                assert took < 5

    run_story(story(), seconds=30)


def test_pages_show_each_target_as_its_own_router_would_and_all_together(tmp_path: Path) -> None:
    async def story() -> None:
        async with Raw(ANSWER).listening() as one, Raw(ANSWER).listening() as other:
            targets = [target("a", one.address), target("b", other.address)]
            routes = [single("chat", "ns/a"), weighted("mix", a=1, b=1)]
            async with gateway(written(tmp_path, targets, routes)) as router:
                await posted(router, body("chat"))
                page = await router.page()
                assert list(page["targets"]) == ["ns/a", "ns/b"]
                assert page["routes"] == {"chat": {"strategy": "Single"}, "mix": {"strategy": "Weighted"}}
                use = {"inflight": 0, "waiting": 0, "requestsPerMinute": 1, "tokensPerMinute": 4}
                assert page["tenants"] == {"": use}
                async with router.session.get(
                    router.pages + "/fairlead/v1/endpoints", params={"deployment": "ns/a"}
                ) as answer:
                    own = await answer.json()
                assert set(own) == {"endpoints", "queue", "demand", "draining", "lastHour", "share"}
                assert [end["address"] for end in own["endpoints"]] == [one.address]
                assert own["demand"]["arrivals"] == 1
                assert page["targets"]["ns/b"]["demand"]["arrivals"] == 0
                async with router.session.get(
                    router.pages + "/fairlead/v1/endpoints", params={"deployment": "ns/c"}
                ) as answer:
                    assert answer.status == 404
                    assert "it has ns/a, ns/b" in await answer.text()
                of = '{model="chat",target="ns/a"'
                assert await router.metric(f'fairlead_router_target_requests_total{of},code="2xx"}}') == 1
                assert await router.metric(f"fairlead_router_target_prompt_tokens_total{of}}}") > 0
                assert await router.metric(f"fairlead_router_target_output_tokens_total{of}}}") > 0

    run_story(story())


@pytest.mark.parametrize("enabled", [False, True])
def test_a_route_decides_whether_its_answers_are_cached(tmp_path: Path, *, enabled: bool) -> None:
    async def story() -> None:
        async with Raw(*[ANSWER] * 9).listening() as engine:
            routes = [single("own", "ns/a"), single("on", "ns/a") | {"cache": True}, single("off", "ns/a")]
            routes[2] |= {"cache": False}
            config = written(tmp_path, [target("a", engine.address)], routes, cache={"enabled": enabled})
            async with gateway(config) as router:
                seen = []
                for _ in range(2):
                    for name in ("own", "on", "off"):
                        _, headers, _ = await posted(router, body(name, temperature=0))
                        seen.append(headers.get("x-fairlead-cache"))
                usual = ["miss", "hit"] if enabled else [None, None]
                assert seen == [usual[0], "miss", None, usual[1], "hit", None]
                headers = (await posted(router, body("own", "four", temperature=0), x_fairlead_cache="on"))[1]
                assert headers["x-fairlead-cache"] == "miss"
                headers = (await posted(router, body("on", "four", temperature=0), x_fairlead_cache="off"))[1]
                assert headers["x-fairlead-cache"].startswith("pass")

    run_story(story())


def test_a_route_to_a_deployment_that_has_not_joined_says_so(tmp_path: Path) -> None:
    async def story() -> None:
        async with Raw(ANSWER).listening() as engine:
            routes = [single("chat", "ns/a"), single("lost", "ns/c"), single("saved", "ns/c", "ns/a")]
            async with gateway(written(tmp_path, [target("a", engine.address)], routes)) as router:
                status, _, text = await posted(router, body("lost"))
                assert (status, json.loads(text)["error"]["code"]) == (503, "no_replica_routable")
                status, headers, _ = await posted(router, body("saved"))
                assert (status, headers["x-fairlead-target"]) == (200, "ns/a")

    run_story(story())
