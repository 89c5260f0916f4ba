"""What surrounds every request: keys, ids, counts; and streams for slow and for old clients."""

import asyncio
from typing import Final

import pytest

from fairlead.emulator.surface.engine_interface import RequestObservation
from tests.emulator.surface.pretending import PretendDriver, answering, run_story, serving

KEYS: Final = (
    ("/v1/models", None, 401),
    ("/v1/models", "Bearer other", 401),
    ("/v1/models", "Basic secret", 401),
    ("/v1/models", "Bearer secret", 200),
    ("/health", None, 200),
    ("/metrics", None, 200),
)


@pytest.mark.parametrize(("path", "key", "status"), KEYS)
def test_keys_guard_what_vllm_guards(path: str, key: str | None, status: int) -> None:
    async def story() -> None:
        async with serving(answering(api_keys=("other-secret", "secret"))) as engine:
            headers = {} if key is None else {"Authorization": key}
            async with engine.session.get(engine.url + path, headers=headers) as answer:
                assert answer.status == status
                if status == 401:
                    assert await answer.json() == {"error": "Unauthorized"}

    run_story(story())


def test_requests_are_counted_by_their_route_and_quiet_ones_are_not() -> None:
    async def story() -> None:
        async with serving() as engine:
            await engine.send("/health")
            await engine.send("/nowhere")
            await engine.send("/v1/responses/resp_1")
            await engine.post("/v1/completions", {"prompt": "x", "max_tokens": 2})
            await engine.post("/v1/completions", {"prompt": "x", "max_tokens": 2, "stream": True})
        seen = [(one.route, one.method, one.status) for one in engine.acts.seen]
        assert seen == [
            ("none", "GET", 404),
            ("/v1/responses/{response_id}", "GET", 404),
            ("/v1/completions", "POST", 200),
            ("/v1/completions", "POST", 200),
        ]
        last: RequestObservation = engine.acts.seen[-2]
        assert (last.request_bytes > 20, last.response_bytes > 300, last.seconds >= 0) == (True, True, True)

    run_story(story())


def test_ids_stand_in_headers_where_that_is_set() -> None:
    async def story() -> None:
        async with serving(answering(request_id_headers=True)) as engine, serving() as plain:
            async with engine.session.get(engine.url + "/health", headers={"X-Request-Id": "mine"}) as answer:
                assert answer.headers["x-request-id"] == "mine"
            async with engine.session.get(engine.url + "/nowhere") as answer:
                assert len(answer.headers["x-request-id"]) == 32
            async with plain.session.get(plain.url + "/health") as answer:
                assert "x-request-id" not in answer.headers

    run_story(story())


def test_a_reader_that_is_slow_gets_fewer_larger_chunks_and_every_word() -> None:
    async def story() -> None:
        body = {"prompt": "x", "max_tokens": 1000, "ignore_eos": True, "stream": True, "logprobs": 20, "n": 8}
        async with serving(driver=PretendDriver(by_hand=True)) as engine:
            task = asyncio.create_task(engine.session.post(engine.url + "/v1/completions", json=body))
            run = await engine.driver.taken()
            stream = await task
            while run.step():
                pass
            text = (await stream.read()).decode()
        assert text.count("data: ") < 8000
        assert text.count('"finish_reason":"length"') == 8
        assert text.endswith("data: [DONE]\n\n")

    run_story(story())


def test_an_old_client_gets_a_stream_without_chunks() -> None:
    async def story() -> None:
        async with serving() as engine:
            host, port = engine.url.removeprefix("http://").split(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            body = b'{"prompt": "x", "max_tokens": 2, "stream": true}'
            head = b"POST /v1/completions HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            writer.write(head % len(body) + body)
            content = await reader.read()
            writer.close()
        assert content.endswith(b"data: [DONE]\n\n")
        assert b"chunked" not in content

    run_story(story())
