"""One address in front of several deployments: which of them answers, and what clients and engines see of it."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from fairlead.emulator.emulation_knobs import EngineFault
from tests.emulator.living import CHAT as SERVED
from tests.emulator.living import Living, faulty, living, paced
from tests.router.gateways import endpoints, gateway, posted, routable, single, target, weighted, written
from tests.router.planes import STREAM, Raw, free_port, run_story, whole

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


def test_rules_go_by_length_tools_task_and_tenant(tmp_path: Path) -> None:
    rules = [
        {"name": "long", "when": {"minPromptTokens": 100}, "target": "ns/long"},
        {"name": "tools", "when": {"tools": True}, "target": "ns/tools"},
        {"name": "task", "when": {"tasks": ["extract"]}, "target": "ns/task"},
    ]
    route = {"name": "chat", "strategy": "Rules", "target": "ns/other", "rules": rules}

    async def story() -> None:
        names = ("long", "tools", "task", "other")
        engines = [Raw(ANSWER) for _ in names]
        async with engines[0].listening(), engines[1].listening(), engines[2].listening(), engines[3].listening():
            targets = [target(name, engine.address) for name, engine in zip(names, engines, strict=True)]
            async with gateway(written(tmp_path, targets, [route]), log=tmp_path / "log") as router:
                chat = {"model": "chat", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 4}
                tools = [{"type": "function", "function": {"name": "f"}}]
                found = [
                    await posted(router, body("chat", "word " * 100)),
                    await posted(router, chat | {"tools": tools}, "/v1/chat/completions"),
                    await posted(router, body("chat"), x_fairlead_task="extract"),
                    await posted(router, body("chat")),
                ]
            assert [headers["x-fairlead-target"] for _, headers, _ in found] == [f"ns/{name}" for name in names]
        lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
        assert [(one["model"], one["target"], one.get("rule")) for one in lines] == [
            ("chat", "ns/long", "long"),
            ("chat", "ns/tools", "tools"),
            ("chat", "ns/task", "task"),
            ("chat", "ns/other", None),
        ]

    run_story(story())
