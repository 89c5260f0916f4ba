"""Engine kinds other than vLLM: how adapters are named, and a full queue inside a stream."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from fairlead.fleet.endpoints import DiscoveredEndpoint
from tests.emulator.living import SGLANG, TENSORRT, client, living, paced
from tests.router import gateways
from tests.router.planes import (
    CHAT,
    PROMPT,
    STREAM,
    Cluster,
    Raw,
    events,
    exchange_bytes,
    plane,
    posted,
    run_story,
    written,
)
from tests.router.test_engine_requests import ANSWER, DELTA, keyed

FULL = b'{"error": {"object": "error", "message": "The request queue is full.", "type": "x", "code": 503}}'


def of_kind(kind: str, config: Path, *adapters: str) -> Path:
    """The same file, for engines of this kind with these adapters."""
    config.write_text(json.dumps(json.loads(config.read_text()) | {"engineKind": kind, "adapters": adapters}))
    return config


def of_sglang(config: Path, *adapters: str) -> Path:
    """For engines of SGLang."""
    return of_kind("SGLang", config, *adapters)


def of_tensorrt(config: Path, *adapters: str) -> Path:
    """For engines of TensorRT-LLM."""
    return of_kind("TensorRT-LLM", config, *adapters)


def body_of(request: bytes) -> Any:  # noqa: ANN401 - any JSON
    return json.loads(request.partition(b"\r\n\r\n")[2])


def test_an_adapter_is_named_after_its_model_and_a_base_model_chooses_none(tmp_path: Path) -> None:
    async def story() -> None:
        cluster, engine = Cluster(), Raw(ANSWER, ANSWER, ANSWER)
        async with engine.listening(), plane(of_sglang(written(tmp_path, ["x:1"]), "de"), cluster) as router:
            cluster.announce(DiscoveredEndpoint(pod="a", address=engine.address, adapters=frozenset({"de"})))
            await router.until("routable")
            assert (await router.complete(PROMPT | {"model": "de"}))[0] == 200
            assert (await router.complete(PROMPT | {"lora_path": "de"}))[0] == 200
            assert (await router.complete(PROMPT | {"model": "de", "max_tokens": 5}, "/v1/messages"))[0] == 200
        first, second, third = (body_of(one) for one in engine.seen)
        assert first == PROMPT | {"model": "chat:de"}
        assert second == PROMPT | {"lora_path": None}
        assert third["model"] == "chat:de"

    run_story(story())


def test_a_route_that_would_answer_as_the_base_model_is_refused(tmp_path: Path) -> None:
    async def story() -> None:
        cluster, engine = Cluster(), Raw(ANSWER)
        async with engine.listening(), plane(of_sglang(written(tmp_path, ["x:1"]), "de"), cluster) as router:
            cluster.announce(DiscoveredEndpoint(pod="a", address=engine.address, adapters=frozenset({"de"})))
            await router.until("routable")
            status, text = await router.complete({"model": "de", "input": "x"}, "/v1/responses")
            assert (status, json.loads(text)["error"]["code"]) == (400, "adapter_not_here")
            assert "ask for it on /v1/chat/completions" in text
            assert engine.seen == []
            assert (await router.complete({"model": "chat", "input": "x"}, "/v1/responses"))[0] == 200
            assert body_of(engine.seen[0]) == {"model": "chat", "input": "x"}, "nothing is added there"

    run_story(story())


def test_without_adapters_bodies_pass_as_they_are(tmp_path: Path) -> None:
    async def story() -> None:
        engine = Raw(ANSWER)
        async with engine.listening(), plane(of_sglang(written(tmp_path, [engine.address]))) as router:
            await router.until("routable")
            assert (await router.complete(PROMPT))[0] == 200
            assert body_of(engine.seen[0]) == PROMPT

    run_story(story())


def test_a_queue_full_error_inside_a_stream_is_retried_elsewhere_before_the_client_gets_a_byte(tmp_path: Path) -> None:
    async def story() -> None:
        full, free = Raw(*[events(FULL, b"[DONE]")] * 3), Raw(*[events(DELTA, b"[DONE]")] * 3)
        async with full.listening(), free.listening():
            async with plane(of_sglang(written(tmp_path, [full.address, free.address]))) as router:
                await router.until("routable", "routable")
                for _ in range(3):
                    answer = await exchange_bytes(router, posted(STREAM, "/v1/completions"))
                    assert b"queue is full" not in answer
                    assert b'"text"' in answer
                assert await router.states() == ["routable", "routable"], "a full engine is healthy"
            assert full.seen, "one of three began there"

    run_story(story())


def test_an_emulated_sglang_gets_requests_like_the_real_one(tmp_path: Path) -> None:
    """One with a queue of zero, one with room: streams and plain requests, the model and its adapter."""

    async def story() -> None:
        crowded = replace(
            SGLANG,
            limits=replace(SGLANG.limits, max_sequences=1),
            admission=replace(SGLANG.admission, max_waiting=1),
        )
        async with (
            living(paced(0.001, 0.02), serve_arguments=crowded) as (full,),
            living(serve_arguments=SGLANG) as (free,),
        ):
            cluster = Cluster()
            async with plane(of_sglang(written(tmp_path, ["x:1"]), "de"), cluster) as router, client() as session:
                cluster.announce(
                    DiscoveredEndpoint(pod="a", address=full.address, adapters=frozenset({"de"})),
                    DiscoveredEndpoint(pod="b", address=free.address, adapters=frozenset({"de"})),
                )
                await router.until("routable", "routable")
                before = free.engine.answered
                lasting = STREAM | {"max_tokens": 1900}
                holders = [session.post(f"{full.url}/v1/completions", json=lasting) for _ in range(2)]
                async with holders[0], holders[1]:
                    bodies = (PROMPT, STREAM, PROMPT | {"model": "de"}) * 2
                    answers = [await exchange_bytes(router, posted(body, "/v1/completions")) for body in bodies]
                assert all(answer.startswith(b"HTTP/1.1 200") for answer in answers)
                assert not any(b"queue is full" in answer for answer in answers)
                assert b'"model":"chat:de"' in answers[2]
                assert free.engine.answered == before + 6

    run_story(story())


def test_an_emulated_tensorrt_llm_gets_requests_like_the_real_one(tmp_path: Path) -> None:
    """One that still starts, one that is ready: streams and plain requests, the model and its adapter."""

    async def story() -> None:
        starting = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 2\r\n\r\n{}"
        begins = Raw(*[starting] * 12)
        async with begins.listening(), living(serve_arguments=TENSORRT) as (ready,):
            cluster = Cluster()
            async with plane(of_tensorrt(written(tmp_path, ["x:1"]), "de"), cluster) as router:
                cluster.announce(
                    DiscoveredEndpoint(pod="a", address=begins.address, adapters=frozenset({"de"})),
                    DiscoveredEndpoint(pod="b", address=ready.address, adapters=frozenset({"de"})),
                )
                await router.until("routable", "routable")
                before = ready.engine.answered
                bodies = (PROMPT, STREAM, PROMPT | {"model": "de"}) * 2
                answers = [await exchange_bytes(router, posted(body, "/v1/completions")) for body in bodies]
                assert all(answer.startswith(b"HTTP/1.1 200") for answer in answers)
                base, adapted = (body_of(answers[place])["choices"][0]["text"] for place in (0, 2))
                assert base != adapted
                assert b"[DONE]" in answers[1]
                assert ready.engine.answered == before + 6
                refused = await exchange_bytes(router, posted(PROMPT | {"priority": 1}, "/v1/completions"))
                assert b"Extra inputs are not permitted" in refused

    run_story(story())


def test_tenants_whose_prefixes_are_apart_are_refused_where_the_engine_would_mix_them(tmp_path: Path) -> None:
    async def story() -> None:
        engine, bearer = Raw(ANSWER), "Authorization: Bearer sk-1"
        routing = keyed(tmp_path) | {"balancing": {"salt": True}}
        message = PROMPT | {"max_tokens": 5}
        async with engine.listening(), plane(of_sglang(written(tmp_path, [engine.address], **routing))) as router:
            await router.until("routable")
            answer = await exchange_bytes(router, posted(message, "/v1/messages", bearer))
            assert b"400 Bad Request" in answer
            assert b"this deployment separates tenants' prefixes" in answer
            assert engine.seen == []
            await exchange_bytes(router, posted(message, "/v1/completions", bearer))
            assert "cache_salt" in body_of(engine.seen[0])

    run_story(story())


def test_an_engine_that_forbids_unknown_members_gets_a_salt_elsewhere_only_for_one_that_was_sent(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        engine, bearer = Raw(ANSWER, ANSWER), "Authorization: Bearer sk-1"
        routing = keyed(tmp_path) | {"balancing": {"salt": True}}
        body = {"model": "chat", "input": "a"}
        async with engine.listening(), plane(of_tensorrt(written(tmp_path, [engine.address], **routing))) as router:
            await router.until("routable")
            await exchange_bytes(router, posted(body, "/v1/embeddings", bearer))
            await exchange_bytes(router, posted(body | {"cache_salt": "shop's"}, "/v1/embeddings", bearer))
        assert body_of(engine.seen[0]) == body
        assert body_of(engine.seen[1])["cache_salt"] not in ("", "shop's")

    run_story(story())


def test_an_adapter_of_tensorrt_is_named_by_its_folder_and_no_client_names_another(tmp_path: Path) -> None:
    async def story() -> None:
        cluster, engine = Cluster(), Raw(ANSWER, ANSWER)
        async with engine.listening(), plane(of_tensorrt(written(tmp_path, ["x:1"]), "de"), cluster) as router:
            cluster.announce(DiscoveredEndpoint(pod="a", address=engine.address, adapters=frozenset({"de"})))
            await router.until("routable")
            assert (await router.complete(PROMPT | {"model": "de"}))[0] == 200
            stolen = {"lora_name": "x", "lora_int_id": 1, "lora_path": "/etc"}
            assert (await router.complete(PROMPT | {"lora_request": stolen}))[0] == 200
            status, text = await router.complete({"model": "de", "input": "x"}, "/v1/responses")
            assert (status, json.loads(text)["error"]["code"]) == (400, "adapter_not_here")
        first, second = (body_of(one) for one in engine.seen)
        assert first["lora_request"]["lora_path"] == "/models/adapters/de"
        assert second == PROMPT | {"lora_request": None}

    run_story(story())


def test_a_call_whose_name_tensorrt_repeats_is_checked_as_one_of_the_tool_that_was_offered(tmp_path: Path) -> None:
    """In a stream each piece of the arguments comes with the name again, if the client named the tool."""
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    tools = [{"type": "function", "function": {"name": "weather", "parameters": schema}}]
    named = {"type": "function", "function": {"name": "weather"}}
    question = CHAT | {"tools": tools, "tool_choice": named, "max_tokens": 200, "stream": True}
    checks = 'fairlead_router_structured_checks_total{model="chat",target="ns/a",revision="",result="%s"}'

    async def story() -> None:
        async with living(serve_arguments=TENSORRT) as (engine,):
            targets = [gateways.target("a", engine.address, engineKind="TensorRT-LLM")]
            config = gateways.written(tmp_path, targets, [gateways.single("chat", "ns/a")])
            async with gateways.gateway(config) as router:
                status, _, text = await gateways.posted(router, question, "/v1/chat/completions")
                assert (status, text.count('"name":"weather"') > 1) == (200, True)
                found = [await router.metric(checks % result) for result in ("valid", "unknown_tool")]
                assert found == [1.0, -1.0]

    run_story(story())


def test_tensorrt_takes_a_salt_in_chat_alone(tmp_path: Path) -> None:
    async def story() -> None:
        engine, bearer = Raw(ANSWER), "Authorization: Bearer sk-1"
        routing = keyed(tmp_path) | {"balancing": {"salt": True}}
        chat = {"model": "chat", "messages": [{"role": "user", "content": "hello"}]}
        async with engine.listening(), plane(of_tensorrt(written(tmp_path, [engine.address], **routing))) as router:
            await router.until("routable")
            answer = await exchange_bytes(router, posted(PROMPT, "/v1/completions", bearer))
            assert b"this deployment separates tenants' prefixes" in answer
            assert engine.seen == []
            await exchange_bytes(router, posted(chat, "/v1/chat/completions", bearer))
            assert "cache_salt" in body_of(engine.seen[0])

    run_story(story())


def test_a_request_at_a_tensorrt_llm_that_is_still_starting_is_retried_elsewhere(tmp_path: Path) -> None:
    starting = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 2\r\n\r\n{}"

    async def story() -> None:
        begins, ready = Raw(*[starting] * 3), Raw(*[ANSWER] * 3)
        async with begins.listening(), ready.listening():
            async with plane(of_tensorrt(written(tmp_path, [begins.address, ready.address]))) as router:
                await router.until("routable", "routable")
                assert [(await router.complete(PROMPT))[0] for _ in range(3)] == [200, 200, 200]
            assert begins.seen, "one of three began there"

    run_story(story())
