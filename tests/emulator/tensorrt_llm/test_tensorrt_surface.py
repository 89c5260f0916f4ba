"""TensorRT-LLM's HTTP surface: its schema, errors, names, adapters, forms, calls, and connections that end."""

import asyncio
import json
from dataclasses import replace
from typing import Any, Final

import aiohttp
import pytest

from fairlead.emulator.emulation_knobs import EngineFault
from fairlead.emulator.surface.errors import ErrorResponse
from fairlead.emulator.surface.jobs import EngineRefusal, JobEnding
from fairlead.emulator.tensorrt_llm import errors
from fairlead.emulator.tensorrt_llm.names import TensorRtModelNames
from tests.emulator import expected_replies
from tests.emulator.living import TENSORRT, faulty, living
from tests.emulator.surface.pretending import PretendActs, PretendDriver, ends, run_story, serving

PROMPT: Final[dict[str, Any]] = {"model": "chat", "prompt": "hello world", "max_tokens": 4, "ignore_eos": True}
CHAT: Final[dict[str, Any]] = {
    "model": "chat",
    "messages": [{"role": "user", "content": "hello"}],
    "max_tokens": 4,
    "ignore_eos": True,
}
TOOL: Final[dict[str, Any]] = {
    "type": "function",
    "function": {"name": "now", "parameters": {"type": "object", "properties": {"at": {"type": "integer"}}}},
}
LORA: Final = {"lora_name": "de", "lora_int_id": 7, "lora_path": "/models/adapters/de"}
COMPLETIONS, CHATS = "/v1/completions", "/v1/chat/completions"


def test_its_words_are_those_of_every_emulated_engine() -> None:
    """So stories that check each word of an answer can be told of this kind too."""

    async def story() -> None:
        async with serving(TENSORRT) as server:
            body = CHAT | {"max_tokens": 20}
            _, answer = await server.post(CHATS, body)
            words = expected_replies.chat_text(body, context_tokens=2048)
            assert answer["choices"][0]["message"]["content"] == words

    run_story(story())


@pytest.mark.parametrize("path", [COMPLETIONS, CHATS])
def test_a_stream_is_its_whole_text_and_its_last_chunk_counts(path: str) -> None:
    async def story() -> None:
        async with serving(TENSORRT) as server:
            body = PROMPT if path == COMPLETIONS else CHAT
            _, whole = await server.post(path, body)
            *chunks, last, done = await server.events(path, body | {"stream_options": {}})
            choices = [one["choices"][0] for one in chunks]
            texts = [one["text"] if "text" in one else one["delta"].get("content", "") for one in choices]
            whole_text = whole["choices"][0].get("text") or whole["choices"][0]["message"]["content"]
            assert ("".join(texts), done) == (whole_text, "[DONE]")
            assert choices[-1]["finish_reason"] == "length"
            assert last["usage"] == whole["usage"] | {"prompt_tokens_details": {"cached_tokens": 16}}
            *silent, _ = await server.events(path, body)
            assert not any(one.get("usage") for one in silent)

    run_story(story())


def test_each_prompt_of_a_stream_is_counted_by_itself() -> None:
    async def story() -> None:
        async with serving(TENSORRT) as server:
            body = PROMPT | {"prompt": [[5, 6, 7], [8, 9]], "stream_options": {"include_usage": True}}
            *_, first, second, _ = await server.events(COMPLETIONS, body)
            assert [one["usage"]["total_tokens"] for one in (first, second)] == [7, 6]
            _, whole = await server.post(COMPLETIONS, PROMPT | {"prompt": [[5, 6, 7], [8, 9]]})
            assert whole["usage"]["total_tokens"] == 13

    run_story(story())


def test_probabilities_echo_and_stops() -> None:
    async def story() -> None:
        async with serving(TENSORRT) as server:
            first, *_ = await server.events(COMPLETIONS, PROMPT | {"echo": True, "logprobs": 2})
            assert first["choices"][0]["text"].startswith("hello world")
            assert len(first["choices"][0]["logprobs"]["top_logprobs"][0]) == 2
            body = CHAT | {"logprobs": True, "top_logprobs": 2}
            _, whole = await server.post(CHATS, body)
            assert len(whole["choices"][0]["logprobs"]["content"]) == 4
            _, *pieces, _ = await server.events(CHATS, body)
            assert [len(one["choices"][0]["logprobs"]["content"]) for one in pieces] == [1] * 4
            _, free = await server.post(CHATS, CHAT | {"max_tokens": 300, "ignore_eos": False})
            text = free["choices"][0]["message"]["content"]
            stop = {"max_tokens": 300, "ignore_eos": False, "stop": text[4:7]}
            _, stopped = await server.post(CHATS, CHAT | stop)
            assert stopped["choices"][0]["stop_reason"] == text[4:7]
            *_, last, _ = await server.events(CHATS, CHAT | stop)
            assert last["choices"][0]["stop_reason"] == text[4:7]

    run_story(story())


REFUSED: Final[dict[str, tuple[str, dict[str, Any], Any]]] = {
    "a member of vLLM's": (
        COMPLETIONS,
        PROMPT | {"priority": 1, "request_id": "x"},
        {
            "error": "2 validation errors:\n  body.priority: Extra inputs are not permitted\n"
            "  body.request_id: Extra inputs are not permitted"
        },
    ),
    "a salt outside chats": (
        COMPLETIONS,
        PROMPT | {"cache_salt": "x"},
        {"error": "1 validation errors:\n  body.cache_salt: Extra inputs are not permitted"},
    ),
    "a reply that would not fit": (
        COMPLETIONS,
        PROMPT | {"max_tokens": 4000},
        {
            "object": "error",
            "message": "The prompt of 3 tokens and max_tokens 4000 exceed max_seq_len 2048. (simulated)",
            "type": "BadRequestError",
            "param": None,
            "code": 400,
        },
    ),
    "options of a stream without one": (
        COMPLETIONS,
        PROMPT | {"stream_options": {}},
        {"error": "Stream options can only be defined when stream is true."},
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_it_refuses_is_400(what: str) -> None:
    path, body, wanted = REFUSED[what]

    async def story() -> None:
        async with serving(TENSORRT) as server:
            assert await server.post(path, body) == (400, wanted)

    run_story(story())


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        (COMPLETIONS, {"prompt": "x"}, "Field required"),
        (COMPLETIONS, PROMPT | {"prompt": [7] * 2048, "max_tokens": None}, "exceed max_seq_len 2048"),
        (COMPLETIONS, PROMPT | {"n": 0}, "n must be at least 1, got 0."),
        (COMPLETIONS, PROMPT | {"max_tokens": 0}, "max_tokens must be at least 1, got 0."),
        (COMPLETIONS, PROMPT | {"min_tokens": 5}, "min_tokens must be in [0, max_tokens], got 5."),
        (CHATS, CHAT | {"response_format": {"type": "json_schema"}}, "json_schema needs its schema"),
        (CHATS, CHAT | {"response_format": {"type": "haiku"}}, "Input should be 'text'"),
        (CHATS, CHAT | {"lora_request": {"lora_name": "de"}}, "Field required"),
    ],
)
def test_what_is_wrong_with_a_request_is_said(path: str, body: dict[str, Any], words: str) -> None:
    async def story() -> None:
        async with serving(TENSORRT) as server:
            status, answer = await server.post(path, body)
            assert (status, words in json.dumps(answer)) == (400, True), answer

    run_story(story())


@pytest.mark.parametrize(
    ("path", "more"),
    [
        (COMPLETIONS, {"detokenize": False}),
        (COMPLETIONS, {"use_beam_search": True}),
        (CHATS, {"echo": True}),
        (CHATS, {"chat_template": "{{ x }}"}),
        (CHATS, {"stream": True, "stream_options": {"continuous_usage_stats": True}}),
        (CHATS, {"response_format": {"type": "structural_tag"}}),
    ],
)
def test_what_it_would_do_and_the_emulation_does_not_is_said_by_name(path: str, more: dict[str, Any]) -> None:
    async def story() -> None:
        async with serving(TENSORRT) as server:
            status, answer = await server.post(path, (PROMPT if path == COMPLETIONS else CHAT) | more)
            assert (status, answer["type"]) == (501, "NotImplementedError")

    run_story(story())


def test_without_pieces_a_prompt_must_fit_into_one_step_and_without_a_backend_there_are_no_forms() -> None:
    async def story() -> None:
        whole = replace(
            TENSORRT,
            limits=replace(TENSORRT.limits, chunked_prefill=False, batch_tokens=100, adapter_slots=0),
            answering=replace(TENSORRT.answering, forms=False),
        )
        async with serving(whole) as server:
            status, answer = await server.post(COMPLETIONS, PROMPT | {"prompt": [7] * 101})
            assert (status, "exceeds max_num_tokens 100" in answer["message"]) == (400, True)
            status, answer = await server.post(CHATS, CHAT | {"response_format": {"type": "json_object"}})
            assert (status, "guided_decoding_backend" in answer["message"]) == (400, True)
            status, answer = await server.post(COMPLETIONS, PROMPT | {"lora_request": LORA})
            assert (status, "without lora_config" in answer["message"]) == (400, True)
            assert (await server.post(CHATS, CHAT | {"response_format": {"type": "text"}}))[0] == 200

    run_story(story())


@pytest.mark.parametrize(
    "form",
    [
        {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "integer"}}},
        {"type": "json_schema", "json_schema": {"type": "integer"}},
        {"type": "json", "schema": {"type": "integer"}},
        {"type": "regex", "regex": "[0-9]{2}"},
        {"type": "ebnf", "ebnf": 'root ::= "12"'},
    ],
)
def test_forms_of_an_answer(form: dict[str, Any]) -> None:
    async def story() -> None:
        async with serving(TENSORRT) as server:
            body = CHAT | {"max_tokens": 60, "ignore_eos": False, "response_format": form}
            _, answer = await server.post(CHATS, body)
            assert isinstance(json.loads(answer["choices"][0]["message"]["content"]), int)

    run_story(story())


def test_an_adapter_comes_with_its_request_and_any_name_means_the_model() -> None:
    async def story() -> None:
        async with serving(TENSORRT) as server:
            bodies = (
                PROMPT,
                PROMPT | {"model": "de"},
                PROMPT | {"lora_request": LORA},
                PROMPT | {"lora_request": None},
            )
            found = [(await server.post(COMPLETIONS, body))[1] for body in bodies]
            plain, named, adapted, none = (one["choices"][0]["text"] for one in found)
            assert plain == named == none != adapted
            assert found[1]["model"] == "de"
            _, models = await server.send("/v1/models")
            assert [one["id"] for one in models["data"]] == ["chat"]
        names = TensorRtModelNames(TENSORRT, lambda: 0.0)
        assert names.called(None) == ("chat", None)
        with pytest.raises(ErrorResponse, match="an adapter comes with the request"):
            names.load("de", "/de", inplace=False)
        with pytest.raises(ErrorResponse, match="an adapter comes with the request"):
            names.unload("de")

    run_story(story())


def test_tools_are_called_only_where_a_client_says_so() -> None:
    async def story() -> None:
        async with serving(TENSORRT) as server:
            body = CHAT | {"tools": [TOOL], "max_tokens": 200, "ignore_eos": False}
            _, silent = await server.post(CHATS, body)
            assert silent["choices"][0]["message"]["tool_calls"] == []
            _, whole = await server.post(CHATS, body | {"tool_choice": "auto"})
            (call,) = whole["choices"][0]["message"]["tool_calls"]
            assert (whole["choices"][0]["finish_reason"], call["function"]["name"]) == ("tool_calls", "now")
            _, *pieces, _ = await server.events(CHATS, body | {"tool_choice": "auto"})
            deltas = [one for piece in pieces for one in piece["choices"][0]["delta"].get("tool_calls", [])]
            assert deltas[0]["id"]
            assert "".join(one["function"]["arguments"] for one in deltas) == call["function"]["arguments"]
            assert pieces[-1]["choices"][0]["finish_reason"] == "tool_calls"

    run_story(story())


def test_a_tool_that_the_client_names_is_called_without_a_parser_and_ends_as_text_does() -> None:
    async def story() -> None:
        plain = replace(TENSORRT, answering=replace(TENSORRT.answering, tool_parser=None, auto_tool_choice=False))
        async with serving(plain) as server:
            named = {"tool_choice": {"type": "function", "function": {"name": "now"}}}
            body = CHAT | {"tools": [TOOL], "max_tokens": 200, "ignore_eos": False}
            _, whole = await server.post(CHATS, body | named)
            (call,) = whole["choices"][0]["message"]["tool_calls"]
            assert (whole["choices"][0]["finish_reason"], whole["choices"][0]["message"]["content"]) == ("stop", "")
            _, *pieces, _ = await server.events(CHATS, body | named)
            deltas = [one for piece in pieces for one in piece["choices"][0]["delta"]["tool_calls"]]
            assert {one["function"]["name"] for one in deltas} == {"now"}
            assert "".join(one["function"]["arguments"] for one in deltas) == call["function"]["arguments"]
            _, answer = await server.post(CHATS, body | {"tool_choice": "auto"})
            assert answer["choices"][0]["message"]["tool_calls"] == []

    run_story(story())


@pytest.mark.parametrize("stream", [True, False])
def test_what_fails_inside_the_engine_is_a_connection_that_ends(stream: bool) -> None:
    async def story() -> None:
        driver = PretendDriver(by_hand=True)
        async with serving(TENSORRT, driver) as server:
            posting = asyncio.create_task(server.post(COMPLETIONS, PROMPT | {"stream": stream}))
            run = await driver.taken()
            run.step()
            ends(run, JobEnding.DEAD)
            with pytest.raises(aiohttp.ClientError):
                await posting

    run_story(story())


def test_probes_see_a_dead_executor_and_one_of_them_generates() -> None:
    async def story() -> None:
        acts, driver = PretendActs(), PretendDriver()
        async with serving(TENSORRT, driver, acts) as server:
            assert await server.send("/health") == (200, "")
            assert await server.send("/health_generate") == (200, "Generation health check OK")
            driver.refuses_late = EngineRefusal.OUT_OF_ORDER
            assert await server.send("/health_generate") == (500, "Generation health check failed")
            acts.alive = False
            assert await server.send("/health") == (503, errors.UNAVAILABLE)
            status, answer = await server.post(COMPLETIONS, PROMPT)
            assert (status, answer["message"]) == (400, "The engine failed. (simulated)")
            driver.refuses_late, driver.lag_seconds = EngineRefusal.LAGGING, 0.5
            assert (await server.post(COMPLETIONS, PROMPT))[0] == 503

    run_story(story())


def test_its_quiet_routes() -> None:
    async def story() -> None:
        async with serving(TENSORRT) as server:
            assert await server.send("/version") == (200, {"version": "1.4.0rc1"})
            assert await server.send("/metrics") == (200, [{"iter": 1}])
            assert (await server.send("/prometheus/metrics"))[0] == 200
            status, found = await server.post("/_internal/tokenize", {"prompt": "hello world"})
            assert (status, found["count"]) == (200, len(found["tokens"]))
            assert (await server.post("/_internal/tokenize", {"prompt": "x", "messages": []}))[0] == 400
            for path in ("/v1/responses", "/v1/messages", "/perf_metrics"):
                status, answer = await server.post(path, {})
                assert (status, answer["message"][: len(path)]) == (501, path)
        hidden = replace(TENSORRT, metrics=replace(TENSORRT.metrics, exposed=False, of_steps=False))
        async with serving(hidden, acts=PretendActs(faults_open=True)) as server:
            assert (await server.send("/prometheus/metrics"))[0] == 404
            assert await server.send("/metrics") == (200, [])
            assert (await server.post("/fairlead/v1/faults", {"fault": ""}))[0] == 200

    run_story(story())


def test_an_ordered_error_is_400_as_nearly_all() -> None:
    async def story() -> None:
        async with (
            living(faulty(EngineFault.ERRORS), served=TENSORRT) as (engine,),
            aiohttp.ClientSession() as session,
            session.post(f"{engine.url}/v1/completions", json=PROMPT) as answer,
        ):
            assert answer.status == 400

    run_story(story())
