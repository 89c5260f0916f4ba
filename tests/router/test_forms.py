"""Forms, such as sound to transcribe: the model that they name is routed, limited and recorded as in any request."""

import json
from pathlib import Path

import aiohttp

from tests.router import gateways
from tests.router.gateways import gateway, single, target
from tests.router.planes import Plane, Raw, plane, run_story, written
from tests.router.test_engine_requests import ANSWER

PATH = "/v1/audio/transcriptions"
SECRET = "secret-lora"


async def sent(router: Plane, model: str | None, key: str = "sk-1") -> tuple[int, str]:
    """Send a form; return the status, and the error's code if there is one."""
    form = aiohttp.FormData({} if model is None else {"model": model})
    form.add_field("file", b"RIFF" + bytes(100), filename="a.wav")
    headers = {"Authorization": f"Bearer {key}"}
    async with router.session.post(router.url + PATH, data=form, headers=headers) as answer:
        text = await answer.text()
        return answer.status, json.loads(text)["error"]["code"] if answer.status >= 400 else ""


def models(engine: Raw) -> list[bytes]:
    """The models that an engine was asked for."""
    return [one.partition(b'name="model"\r\n\r\n')[2].partition(b"\r\n")[0] for one in engine.seen]


def test_a_tenant_gets_only_its_models_by_a_form_and_the_record_names_them(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sk-1")
    tenants = [{"name": "shop", "keyFiles": [str(tmp_path / "key")], "models": ["base"]}]

    async def story() -> None:
        async with Raw(*[ANSWER] * 3).listening() as engine:
            config = written(tmp_path, [engine.address], ["base", SECRET], tenants=tenants)
            async with plane(config, log=tmp_path / "log") as router:
                await router.until("routable")
                assert await sent(router, SECRET) == (403, "model_not_allowed")
                assert await sent(router, "whisper") == (404, "model_not_found")
                assert (await sent(router, "base"))[0] == 200
                assert (await sent(router, None))[0] == 200
        assert models(engine) == [b"base", b""]

    run_story(story())
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [line.get("model") for line in lines if line["status"] == 200] == ["base", None]


def test_a_gateway_sends_a_form_by_its_route_under_the_name_that_the_deployment_knows(tmp_path: Path) -> None:
    async def story() -> None:
        async with Raw(ANSWER).listening() as one, Raw(ANSWER).listening() as other:
            targets = [target("a", one.address, models=["base-a"]), target("b", other.address, models=["base-b"])]
            routes = [single("talk", "ns/a"), single("base-b", "ns/b")]
            async with gateway(gateways.written(tmp_path, targets, routes)) as router:
                assert (await sent(router, "talk"))[0] == 200
                assert (await sent(router, "base-b"))[0] == 200
                assert await sent(router, "base-a") == (404, "model_not_found")
                assert (await sent(router, None))[0] == 404
            assert (models(one), models(other)) == ([b"base-a"], [b"base-b"])
            assert one.seen[0].endswith(b"--\r\n"), "its length is that of the new name"

    run_story(story())


def test_a_form_with_two_content_types_is_refused_since_engines_would_read_a_model_that_the_router_does_not(
    tmp_path: Path,
) -> None:
    (tmp_path / "key").write_text("sk-1")
    tenants = [{"name": "shop", "keyFiles": [str(tmp_path / "key")], "models": ["base"]}]
    form = b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nsecret-lora\r\n--b--\r\n'
    kinds = ["multipart/form-data; boundary=b", "text/plain"]

    async def story() -> None:
        async with Raw(ANSWER).listening() as engine:
            config = written(tmp_path, [engine.address], ["base", SECRET], tenants=tenants)
            async with plane(config) as router:
                await router.until("routable")
                for first, last in (kinds, reversed(kinds)):
                    given = [("Authorization", "Bearer sk-1"), ("Content-Type", first), ("Content-Type", last)]
                    async with router.session.post(router.url + PATH, data=form, headers=given) as answer:
                        assert (answer.status, (await answer.json())["error"]["code"]) == (400, "content_type_twice")
        assert engine.seen == []

    run_story(story())
