"""Engines whose models write no tokens: each is proved by what it answers instead, an embedding or a ranking."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.router.planes import answering, plane, run_story, written

EMBEDDED = {"object": "list", "data": [{"embedding": [0.5]}], "usage": {"prompt_tokens": 1, "total_tokens": 1}}


@pytest.mark.parametrize(("vectors", "state"), [(EMBEDDED, "routable"), ({"data": []}, "probing")])
def test_a_model_without_tokens_is_proved_by_an_embedding(tmp_path: Path, vectors: dict[str, Any], state: str) -> None:
    async def embeds(request: web.Request) -> web.Response:
        if request.path != "/v1/embeddings":
            return web.json_response({"error": "no such endpoint"}, status=404)
        return web.json_response(vectors)

    async def story() -> None:
        async with answering(embeds) as address, plane(written(tmp_path, [address])) as router:
            if state == "routable":
                await router.until(state)
                assert (await router.complete({"model": "chat", "input": "x"}, "/v1/embeddings"))[0] == 200
                return
            while "probe: status 404" not in (await router.endpoints())[0]["reason"]:
                await asyncio.sleep(0.005)
            assert await router.states() == [state]

    run_story(story())


RANKED = {"index": 0, "relevance_score": 0.9, "document": {"text": "ping"}}


@pytest.mark.parametrize("ranks", [{"id": "1", "results": [RANKED]}, [{"index": 0, "score": 0.9, "document": "ping"}]])
def test_a_reranker_which_has_neither_tokens_nor_embeddings_is_proved_by_a_ranking(
    tmp_path: Path, ranks: dict[str, Any] | list[Any]
) -> None:
    async def scores(request: web.Request) -> web.Response:
        if request.path == "/v1/embeddings":
            return web.json_response({"error": {"message": "no Embeddings API for this model"}}, status=400)
        return web.json_response(ranks) if request.path == "/v1/rerank" else web.json_response({}, status=404)

    async def story() -> None:
        async with answering(scores) as address, plane(written(tmp_path, [address])) as router:
            await router.until("routable")
            wanted = {"model": "chat", "query": "x", "documents": ["y"]}
            assert (await router.complete(wanted, "/v1/rerank"))[0] == 200

    run_story(story())


@pytest.mark.parametrize("ranks", [{"results": []}, {"results": [{}]}, [], "0.9", {"results": {"0": 0.9}}])
def test_what_is_no_ranking_proves_nothing(tmp_path: Path, ranks: Any) -> None:  # noqa: ANN401  # any JSON
    async def scores(request: web.Request) -> web.Response:
        return web.json_response(ranks) if request.path == "/v1/rerank" else web.json_response({}, status=404)

    async def story() -> None:
        async with answering(scores) as address, plane(written(tmp_path, [address])) as router:
            while "probe: status 404" not in (await router.endpoints())[0]["reason"]:
                await asyncio.sleep(0.005)
            assert await router.states() == ["probing"]

    run_story(story())
