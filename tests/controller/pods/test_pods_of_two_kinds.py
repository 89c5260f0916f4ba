"""Requests to pods of an earlier revision, whose engine is of another kind than the spec names."""

from pathlib import Path

import aiohttp
from aiohttp import web

from fairlead.cluster.pod_http import PodReply
from fairlead.controller.pods.pod_client import PodClient
from fairlead.fleet.desired_state import EngineKind
from fairlead.objects import labels
from tests.cluster.worlds import run
from tests.controller.pods.test_pod_client import PAGE, Clock, pod


def test_an_engine_of_an_earlier_revision_is_spoken_to_as_the_kind_that_it_runs(tmp_path: Path) -> None:
    """The spec names SGLang by now: another port, another header, another page, and no endpoints for sleep."""
    lines: list[tuple[int | None, str, bool]] = []
    container = {"name": "engine", "command": ["vllm", "serve"], "ports": [{"name": "http", "containerPort": 8000}]}
    old = pod("e", "10.0.0.1") | {"spec": {"containers": [container]}}
    old["metadata"]["labels"] = {labels.ROLE: "engine"}

    async def story() -> None:
        async def reply(request: web.Request) -> web.Response:
            lines.append((request.url.port, request.path, "x-vllm-priority" in request.headers))
            return web.Response(text=PAGE if request.path == "/metrics" else "{}")

        app = web.Application()
        app.add_routes([web.route("*", "/{any:.*}", reply)])
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.UnixSite(runner, str(tmp_path / "engine")).start()
        connector = aiohttp.UnixConnector(str(tmp_path / "engine"))
        async with aiohttp.ClientSession(connector=connector) as session:
            pods, spec = PodClient(session, Clock()), EngineKind.SGLANG
            load = await pods.load(old, spec)
            assert load is not None
            assert load.capacity_blocks == 1000
            assert await pods.models(old, spec) == "{}"
            assert await pods.complete(old, spec, b"{}", {}, 1.0) == PodReply(200, b"{}")
            assert await pods.sleep(old, spec)
            assert await pods.wake(old, spec)
        await runner.cleanup()

    run(story())
    assert lines == [
        (8000, "/metrics", False),
        (8000, "/v1/models", False),
        (8000, "/v1/chat/completions", True),
        (8000, "/sleep", False),
        (8000, "/wake_up", False),
    ]
