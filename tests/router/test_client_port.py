"""What the client port shows: without a key only health and refusals, to a tenant its own models, to nobody more."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pytest

from tests.emulator.living import living
from tests.router.planes import plane, run_story, written
from tests.router.walking import METHODS, ROUTES, Answered, walk

OPERATORS: Final = "the-operators-key"
SECRETS: Final = ("hidden-", "127.0.0.", "fairlead_router_", "max_model_len", "inflight", "revision", "cache_config")
"""Names of tenants and models, addresses, and contents of the operator's pages."""
OPEN: Final = ("/health", "/ready")


def guarded(folder: Path, address: str) -> Path:
    """A router with one tenant that may use one of two models, and a key for its pages."""
    (folder / "key").write_text("hidden-key-of-a-tenant")
    tenants = [{"name": "hidden-tenant", "keyFiles": [str(folder / "key")], "models": ["hidden-llama"]}]
    config = written(folder, [address], ["hidden-llama", "hidden-de"], tenants=tenants)
    document = json.loads(config.read_text()) | {"metricsKeys": [sha256(OPERATORS.encode()).hexdigest()]}
    config.write_text(json.dumps(document))
    return config


def nothing_is_shown(one: Answered) -> bool:
    """Health, or a refusal that reveals nothing."""
    path = one.target.partition("?")[0]
    if any(word in one.head + one.body.replace(path, "") for word in SECRETS):
        return False
    if one.method == "OPTIONS" and one.status == 204:
        return one.body == ""
    if path in OPEN and one.method in {"GET", "HEAD"}:
        return one.status == 200 and one.body in {"", "ok\n", "ready\n"}
    if one.method == "HEAD":
        return 400 <= one.status < 500
    return 400 <= one.status < 500 and "message" in json.loads(one.body)["error"]


@pytest.mark.trial(16)
@pytest.mark.parametrize("key", [None, OPERATORS], ids=["no key", "the operator's key"])
def test_without_a_tenants_key_the_client_port_shows_health_and_refusals_alone(
    tmp_path: Path, key: str | None, record_property: Callable[[str, object], None]
) -> None:
    async def story() -> None:
        async with living() as engines, plane(guarded(tmp_path, engines[0].address)) as router:
            async with router.session.get(router.pages + "/metrics") as answer:
                assert answer.status == 401
            before = engines[0].engine.now.running
            answers = await walk(router, key)
            shown = [one for one in answers if not nothing_is_shown(one)]
            record_property("client_port_shown", len(shown))
            assert shown == []
            assert engines[0].engine.now.running == before
            record_property("client_port_requests", len(answers))

    run_story(story(), seconds=60)


@pytest.mark.trial(16)
def test_the_operators_pages_are_on_the_metrics_port_alone_and_ask_for_its_key(tmp_path: Path) -> None:
    async def story() -> None:
        async with living() as engines, plane(guarded(tmp_path, engines[0].address)) as router:

            async def status(url: str, key: str | None) -> int:
                headers = {} if key is None else {"Authorization": f"Bearer {key}"}
                async with router.session.get(url, headers=headers) as answer:
                    assert (answer.status == 401) == ("WWW-Authenticate" in answer.headers)
                    return answer.status

            for page in ("/metrics", "/fairlead/v1/endpoints", "/fairlead/v1/usage"):
                assert await status(router.url + page, OPERATORS) == 404
                assert await status(router.pages + page, None) == 401
                assert await status(router.pages + page, "hidden-key-of-a-tenant") == 401
                assert await status(router.pages + page, OPERATORS) == 200
            for page in OPEN:
                assert await status(router.pages + page, None) == 200
                assert await status(router.url + page, None) == 200

    run_story(story())


@pytest.mark.trial(16)
def test_a_tenant_sees_the_models_that_it_may_use(tmp_path: Path) -> None:
    async def story() -> None:
        async with living() as engines, plane(guarded(tmp_path, engines[0].address)) as router:

            async def get(page: str, key: str) -> tuple[int, dict[str, Any]]:
                async with router.session.get(router.url + page, headers={"X-Api-Key": key}) as answer:
                    return answer.status, await answer.json()

            key = "hidden-key-of-a-tenant"
            status, page = await get("/v1/models", key)
            assert (status, [card["id"] for card in page["data"]]) == (200, ["hidden-llama"])
            assert (await get("/v1/models/hidden-llama", key))[0] == 200
            status, page = await get("/v1/models/hidden-de", key)
            assert status == 404
            assert page["error"]["message"] == (
                "model: hidden-de: there is no such model here; ask for one of: hidden-llama"
            )
            assert (await get("/v1/models", "wrong"))[0] == 401

    run_story(story())


def test_the_walk_is_over_every_route_and_method() -> None:
    """The number of requests is in the evidence."""
    assert len(set(ROUTES)) >= 30
    assert {"GET", "HEAD", "POST", "OPTIONS"} < set(METHODS)
