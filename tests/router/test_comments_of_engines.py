"""Servers that write comments while their engine hangs: its clients' connections stay open, and nothing has come."""

import asyncio
from pathlib import Path
from typing import Final

import pytest
from aiohttp import web

from fairlead.routing import watchdog
from tests.router.planes import STREAM, Plane, answering, plane, run_story, written

EVENT: Final = b'data: {"choices":[{"index":0,"text":"a","finish_reason":null}]}\n\n'
END: Final = b'data: {"choices":[{"index":0,"text":"","finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
SHORT: Final = {"firstTokenSeconds": 0.3, "betweenTokensSeconds": 0.3}


class Commenting:
    """vLLM with `--sse-keep-alive-interval`: a server that answers for an engine, which hangs after some events."""

    def __init__(self, *events: bytes) -> None:
        self.events = events

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if b"ping" in await request.read():
            return web.json_response({"usage": {"completion_tokens": 1}})
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for event in self.events:
            await response.write(event)
        while END not in self.events:
            await response.write(b": keep-alive\n\n")
            await asyncio.sleep(0.02)
        return response


async def ejected(router: Plane, by: str) -> bool:
    return await router.metric(f'fairlead_router_ejections_total{{by="{by}"}}') >= 1


def test_a_stream_of_comments_alone_ends_at_the_time_for_its_first_token(tmp_path: Path) -> None:
    async def story() -> None:
        engine = Commenting()
        async with answering(engine.answer) as address, plane(written(tmp_path, [address], timeouts=SHORT)) as router:
            await router.until("routable")
            for _ in range(3):
                status, text = await router.complete(STREAM)
                assert (status, text.startswith(": keep-alive\n\n")) == (200, True)
                assert "no first token within 0.3 s (timeouts.firstToken)" in text
                assert text.endswith("data: [DONE]\n\n")
            assert await ejected(router, "breaker")

    run_story(story())


def test_comments_after_a_token_do_not_hide_that_no_other_one_comes(tmp_path: Path) -> None:
    async def story() -> None:
        engine = Commenting(EVENT)
        async with answering(engine.answer) as address, plane(written(tmp_path, [address], timeouts=SHORT)) as router:
            await router.until("routable")
            status, text = await router.complete(STREAM)
            assert (status, text.startswith(EVENT.decode())) == (200, True)
            assert "silent for 0.3 s, in the middle of the answer" in text

    run_story(story())


@pytest.mark.interpreted
def test_an_engine_that_hangs_behind_comments_leaves_the_rotation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        engine = Commenting(EVENT, END)
        async with answering(engine.answer) as address, plane(written(tmp_path, [address])) as router:
            await router.until("routable")
            for _ in range(3):
                assert await router.complete(STREAM) == (200, (EVENT + END).decode())
            engine.events = (EVENT,)
            monkeypatch.setattr(watchdog, "FLOOR_SECONDS", 0.3)
            _, text = await router.complete(STREAM)
            assert "no progress for" in text
            assert await ejected(router, "watchdog")

    run_story(story())
