"""Immediate answers: health, models, tokens, adapters, embeddings, development routes, and counters."""

import base64
import struct
from dataclasses import replace
from typing import Any, Final

import aiohttp
import pytest

from fairlead.emulator.serve_arguments import ResponseArguments
from tests.emulator.surface.pretending import CHAT, NOON, PretendActs, run_story, serving

GETS: Final[dict[str, Any]] = {
    "/health": "",
    "/ping": "",
    "/version": {"version": "0.32.0"},
    "/load": {"server_load": 0},
    "/metrics": "vllm:num_requests_running 0.0\n",
    "/kv_event_sources": {"0": {"endpoint": "tcp://127.0.0.1:5557"}},
}


@pytest.mark.parametrize("path", GETS)
def test_the_quiet_endpoints_answer_as_vllms(path: str) -> None:
    async def story() -> None:
        async with serving() as engine:
            assert await engine.send(path) == (200, GETS[path])

    run_story(story())


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("GET", "/v2", 404, {"detail": "Not Found"}),
        ("HEAD", "/health", 405, ""),
        ("GET", "/v1/completions", 405, {"detail": "Method Not Allowed"}),
        ("POST", "/v1/embeddings", 404, {"detail": "Not Found"}),
        ("POST", "/sleep", 404, {"detail": "Not Found"}),
        ("POST", "/v1/load_lora_adapter", 404, {"detail": "Not Found"}),
        ("POST", "/fairlead/v1/faults", 404, {"detail": "Not Found"}),
        ("POST", "/ping", 200, ""),
    ],
)
def test_what_is_not_served_is_not_there(method: str, path: str, status: int, body: object) -> None:
    async def story() -> None:
        async with serving() as engine:
            assert await engine.send(path, method) == (status, body)

    run_story(story())


def test_scaled_out_routes_are_there_and_closed() -> None:
    async def story() -> None:
        async with serving() as engine:
            status, body = await engine.post("/v1/completions/render", {})
        assert (status, body["error"]["type"]) == (403, "PermissionDeniedError")

    run_story(story())


def test_a_dead_engine_is_unhealthy_and_a_hung_one_silent() -> None:
    async def story() -> None:
        async with serving(acts=PretendActs(alive=False)) as dead, serving(acts=PretendActs(hung=True)) as hung:
            assert await dead.send("/health") == (503, "")
            with pytest.raises(TimeoutError):
                await hung.session.get(hung.url + "/health", timeout=aiohttp.ClientTimeout(total=0.05))

    run_story(story())


def test_each_name_and_each_adapter_has_a_card() -> None:
    async def story() -> None:
        async with serving() as engine:
            _, body = await engine.send("/v1/models")
        cards = [(card["id"], card["root"], card["parent"], card["max_model_len"]) for card in body["data"]]
        assert cards == [
            ("chat", "org/model", None, 1024),
            ("alias", "org/model", None, 1024),
            ("de", "org/de", "chat", None),
        ]
        assert all(card["permission"][0]["created"] == NOON for card in body["data"])

    run_story(story())


def test_tokens_come_back_as_the_text_they_were() -> None:
    async def story() -> None:
        async with serving() as engine:
            _, body = await engine.post("/tokenize", {"prompt": "ahoy there", "return_token_strs": True})
            assert (body["count"], "".join(body["token_strs"])) == (len(body["tokens"]), "ahoy there")
            assert (await engine.post("/detokenize", {"tokens": body["tokens"]}))[1] == {"prompt": "ahoy there"}
            assert (await engine.post("/detokenize", {"tokens": [10**9]}))[1] == {"prompt": ""}
            assert (await engine.post("/tokenize", {"prompt": ""}))[1]["count"] == 0
            _, chat = await engine.post("/tokenize", {"messages": [{"role": "user", "content": "hi"}]})
            assert (chat["count"], chat["max_model_len"]) == (4, 1024)
            long = await engine.post("/tokenize", {"prompt": "hello " * 5000})
            assert (long[0], long[1]["count"] > 1024) == (200, True)
            _, refused = await engine.post("/tokenize", {"model": "chat"})
            assert refused["error"]["message"].startswith("2 validation errors:")
            assert (await engine.post("/detokenize", {}))[1]["error"]["param"] == "body.tokens"
            assert (await engine.post("/detokenize", {"tokens": ["x"]}))[1]["error"]["param"] == "body.tokens.0"
            assert (await engine.post("/tokenize", {"prompt": "x", "model": "nope"}))[0] == 404

    run_story(story())


POOLING: Final = replace(CHAT, answering=ResponseArguments(runner="pooling"))


def test_embeddings_have_length_one_follow_from_the_text_and_can_be_packed() -> None:
    async def story() -> None:
        async with serving(POOLING) as engine:
            _, body = await engine.post("/v1/embeddings", {"input": ["a", "b", "a"]})
            packed = {"input": "a", "encoding_format": "base64", "dimensions": 8}
            _, short = await engine.post("/v1/embeddings", packed, X_Request_Id="mine")
            _, chat = await engine.post("/v1/embeddings", {"messages": [{"role": "user", "content": "hi"}]})
            assert (await engine.post("/v1/completions", {"prompt": "x"}))[0] == 404
            assert (await engine.post("/v1/embeddings", {}))[1]["error"]["param"] == "body.input"
            assert (await engine.post("/v1/embeddings", packed | {"dimensions": 5000}))[0] == 400
        first, second, third = (one["embedding"] for one in body["data"])
        assert (first == third, first == second, len(first)) == (True, False, 1024)
        assert sum(number * number for number in first) == pytest.approx(1.0)
        assert body["usage"] == {
            "prompt_tokens": 3,
            "total_tokens": 3,
            "completion_tokens": 0,
            "prompt_tokens_details": None,
        }
        numbers = struct.unpack("<8f", base64.b64decode(short["data"][0]["embedding"]))
        assert (short["id"], sum(number * number for number in numbers)) == ("embd-mine", pytest.approx(1.0, rel=1e-5))
        assert chat["usage"]["prompt_tokens"] == 4

    run_story(story())
