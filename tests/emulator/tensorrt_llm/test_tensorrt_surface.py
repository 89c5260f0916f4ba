"""TensorRT-LLM's HTTP surface: its schema, errors, names, adapters, probes, and connections that end."""

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
from tests.emulator.living import TENSORRT, faulty, living
from tests.emulator.surface.pretending import PretendActs, PretendDriver, ends, run_story, serving

PROMPT: Final[dict[str, Any]] = {"model": "chat", "prompt": "hello world", "max_tokens": 4, "ignore_eos": True}
CHAT: Final[dict[str, Any]] = {
    "model": "chat",
    "messages": [{"role": "user", "content": "hello"}],
    "max_tokens": 4,
    "ignore_eos": True,
}
LORA: Final = {"lora_name": "de", "lora_int_id": 7, "lora_path": "/models/adapters/de"}
COMPLETIONS, CHATS = "/v1/completions", "/v1/chat/completions"


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
def test_an_invalid_request_is_refused_with_what_is_wrong(path: str, body: dict[str, Any], words: str) -> None:
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
def test_what_it_supports_and_the_emulator_does_not_is_refused_by_name(path: str, more: dict[str, Any]) -> None:
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
            living(faulty(EngineFault.ERRORS), serve_arguments=TENSORRT) as (engine,),
            aiohttp.ClientSession() as session,
            session.post(f"{engine.url}/v1/completions", json=PROMPT) as answer,
        ):
            assert answer.status == 400

    run_story(story())
