"""What cannot be answered is refused in the format that the client's library knows, with the allowed method."""

import asyncio
import json
from pathlib import Path
from typing import Any, Final

import openai
import pytest

from tests.emulator.living import living
from tests.router.planes import PROMPT, Raw, exchange_bytes, plane, run_story, whole, written

NOT_FOUND: Final = whole(b'{"detail":"Not Found"}', 404)
OPENAI: Final = {"message", "type", "param", "code"}


def head_and_body(answer: bytes) -> tuple[int, str, dict[str, Any]]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head[9:12]), head.decode().lower(), json.loads(body)


def sent(method: str, path: str, body: str = "") -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    return (head + body).encode()


@pytest.mark.trial(20)
@pytest.mark.parametrize("answer", [NOT_FOUND, whole(b'{"detail":"Method Not Allowed"}', 405), whole(b"<html>", 404)])
@pytest.mark.parametrize("path", ["/v1/images/generations", "/v1/embeddings", "/v1/nothing", "/v1/messages/batches"])
def test_a_route_that_the_engine_has_not_is_refused_in_the_clients_shape(
    tmp_path: Path, path: str, answer: bytes
) -> None:
    async def story() -> None:
        async with Raw(answer).listening() as engine, plane(written(tmp_path, [engine.address])) as router:
            await router.until("routable")
            status, _, page = head_and_body(
                await exchange_bytes(router, sent("POST", path, '{"model": "chat", "input": "a"}'))
            )
            assert status == 404
            assert page["error"]["message"] == (
                f"POST {path}: the engine at this address has no such route; use one that its "
                "model supports, such as chat"
            )
            if path.startswith("/v1/messages"):
                assert (page["type"], page["error"]["type"]) == ("error", "not_found_error")
            else:
                assert set(page["error"]) == OPENAI

    run_story(story())


def test_the_engines_own_error_about_a_model_passes_as_it_came(tmp_path: Path) -> None:
    async def story() -> None:
        error = b'{"error":{"message":"The model `x` does not exist.","type":"NotFoundError","code":404}}'
        async with Raw(whole(error, 404)).listening() as engine, plane(written(tmp_path, [engine.address])) as router:
            await router.until("routable")
            assert await router.complete() == (404, error.decode())

    run_story(story())


@pytest.mark.trial(20)
@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/v1/chat/completions", 405, "POST"),
        ("PUT", "/v1/embeddings", 405, "POST"),
        ("DELETE", "/tokenize", 405, "POST"),
        ("GET", "/v1/messages", 405, "POST"),
        ("POST", "/v1/models", 405, "GET, HEAD"),
        ("POST", "/v1/models/chat", 405, "GET, HEAD"),
        ("DELETE", "/health", 405, "GET, HEAD"),
        ("GET", "/v1/nothing", 404, ""),
        ("GET", "/v1/messages/batches", 404, ""),
        ("POST", "/v1/load_lora_adapter", 404, ""),
        ("POST", "/v1/%6coad_lora_adapter", 404, ""),
        ("POST", "/v1/unload_lora_adapter/", 404, ""),
        ("POST", "/v1/chat/completions/batch", 404, ""),
        ("POST", "/v1/chat/complet%69ons", 404, ""),
        ("POST", "/v1//chat/completions", 404, ""),
        ("POST", "/v1/./chat/completions", 404, ""),
        ("POST", "/v1/messages/", 404, ""),
        ("POST", "/v1/responses;a", 404, ""),
        ("POST", "/v2/chat/completions", 404, ""),
    ],
)
def test_a_wrong_method_is_refused_with_the_right_one(
    tmp_path: Path, method: str, path: str, status: int, allow: str
) -> None:
    async def story() -> None:
        async with plane(written(tmp_path, ["127.0.0.1:1"])) as router:
            found, head, page = head_and_body(
                await exchange_bytes(router, sent(method, path, "{}" if method == "POST" else ""))
            )
            assert found == status
            assert (f"\r\nallow: {allow}\r\n".lower() in head) == bool(allow)
            assert ("type" in page) == path.startswith("/v1/messages")
            assert page["error"]["message"].startswith(f"{method} {path}: ")

    run_story(story())


@pytest.mark.trial(20)
@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "max_tokens: Field required"),
        ({"max_tokens": None}, "max_tokens: Input should be a valid integer"),
        ({"max_tokens": "many"}, "max_tokens: Input should be a valid integer"),
    ],
)
def test_messages_without_max_tokens_are_refused_as_anthropic_does(
    tmp_path: Path, body: dict[str, Any], message: str
) -> None:
    async def story() -> None:
        text = json.dumps({"model": "chat", "messages": [{"role": "user", "content": "hello"}]} | body)
        async with plane(written(tmp_path, ["127.0.0.1:1"])) as router:
            status, _, page = head_and_body(await exchange_bytes(router, sent("POST", "/v1/messages", text)))
            assert status == 400
            assert (page["type"], page["error"]["type"], page["error"]["message"]) == (
                *("error", "invalid_request_error"),
                message,
            )

    run_story(story())


@pytest.mark.trial(20)
def test_openais_own_client_raises_what_it_raises_at_openai(tmp_path: Path) -> None:
    async def story() -> None:
        async with living() as engines, plane(written(tmp_path, [engines[0].address])) as router:
            await router.until("routable")

            def send() -> list[str]:
                with openai.OpenAI(base_url=f"{router.url}/v1", api_key="none", max_retries=0) as client:
                    assert client.completions.create(**PROMPT, max_tokens=2).choices
                    with pytest.raises(openai.NotFoundError) as picture:
                        client.images.generate(model="chat", prompt="a cat")
                    with pytest.raises(openai.NotFoundError) as file:
                        client.files.list()
                    return [str(one.value.body) for one in (picture, file)]

            picture, file = await asyncio.to_thread(send)
            assert "the engine at this address has no such route" in picture
            assert "there is no such route" in file

    run_story(story())
