"""SGLang's HTTP surface beyond the conformance suite: cut streams, oddities, and slow requests."""

from dataclasses import replace
from typing import Any

import pytest

from fairlead.emulator.emulation_knobs import EngineFault
from fairlead.emulator.sglang import probes
from fairlead.emulator.surface.jobs import EngineRefusal
from fairlead.engines.sglang.release import RELEASE
from tests.emulator import expected_replies
from tests.emulator.living import SGLANG, faulty, living
from tests.emulator.surface.pretending import Endpoint, PretendActs, PretendDriver, run_story, serving

CHAT: dict[str, Any] = {"model": "chat", "messages": [{"role": "user", "content": "hello"}]}
TOOL: dict[str, Any] = {"type": "function", "function": {"name": "now", "parameters": {"type": "object"}}}


async def refused(server: Endpoint, path: str, body: dict[str, Any]) -> str:
    """The message of a refusal."""
    status, answer = await server.post(path, body)
    assert status == 400
    return str(answer["message"])


def test_structured_output_is_requested_by_its_own_fields() -> None:
    async def story() -> None:
        async with serving(SGLANG) as server:
            for name, form in (
                ("regex", "[ab]{3}"),
                ("ebnf", 'root ::= "yes"'),
                ("json_schema", '{"type": "integer"}'),
            ):
                body = {"prompt": "x", "max_tokens": 60, name: form}
                assert (await server.post("/v1/completions", body))[0] == 200
            both = {"prompt": "x", "regex": "a", "response_format": {"type": "json_object"}}
            assert "Only one of" in await refused(server, "/v1/completions", both)

    run_story(story())


@pytest.mark.parametrize(
    "form",
    [
        {"response_format": {"type": "json_schema", "json_schema": "x"}},
        {"regex": "(" * 3000},
        {"response_format": {"type": "json_schema", "json_schema": {"schema": "[" * 100_000}}},
    ],
)
def test_a_form_that_is_none_is_the_clients_mistake_and_no_failure_of_the_engine(form: dict[str, Any]) -> None:
    async def story() -> None:
        async with serving(SGLANG) as server:
            status, answer = await server.post("/v1/completions", {"prompt": "x", "max_tokens": 3} | form)
            assert status in (200, 400), answer
            assert (await server.post("/v1/completions", {"prompt": "x", "max_tokens": 3}))[0] == 200

    run_story(story())


def test_its_load_is_reported_by_rank() -> None:
    async def story() -> None:
        async with serving(SGLANG) as server:
            status, answer = await server.send("/v1/loads?include=core")
            assert (status, answer["version"]) == (200, RELEASE)
            (load,) = answer["loads"]
            assert (load["dp_rank"], load["num_running_reqs"], load["num_waiting_reqs"]) == (0, 3, 2)

    run_story(story())


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"messages": []}, "Messages cannot be empty."),
        ({"tool_choice": "required"}, "Tools cannot be empty if tool choice is set to required."),
        ({"tool_choice": {"function": {"name": "x"}}}, "Tools cannot be empty if tool choice is set to a specific"),
        ({"tools": [TOOL], "tool_choice": {"function": {"name": "x"}}}, "Tool 'x' not found in tools list."),
        ({"min_tokens": 9, "max_tokens": 3}, "min_new_tokens must be in [0, max_new_tokens(3)], got 9."),
        ({"min_tokens": -1}, "min_new_tokens must be in [0, max_new_tokens], got -1."),
        ({"top_k": 0}, "top_k must be -1 (disable) or at least 1, got 0."),
        ({"repetition_penalty": 3}, "repetition_penalty must be in (0, 2] (1.0 = no penalty), got 3.0."),
        ({"n": 0}, "n must be at least 1, got 0."),
    ],
)
def test_what_a_chat_may_not_ask(body: dict[str, Any], words: str) -> None:
    async def story() -> None:
        async with serving(SGLANG) as server:
            assert words in await refused(server, "/v1/chat/completions", CHAT | body)

    run_story(story())


def test_its_reply_texts_are_those_of_every_emulated_engine() -> None:
    """So that tests of every word of an answer can use this kind too."""

    async def story() -> None:
        async with serving(SGLANG) as server:
            body = CHAT | {"max_tokens": 20, "ignore_eos": True}
            _, answer = await server.post("/v1/chat/completions", body)
            words = expected_replies.chat_text(body, context_tokens=2048)
            assert answer["choices"][0]["message"]["content"] == words

    run_story(story())


def test_without_a_parser_tools_are_only_text_of_the_prompt() -> None:
    async def story() -> None:
        async with serving(SGLANG) as server:
            status, answer = await server.post("/v1/chat/completions", CHAT | {"tools": [TOOL], "max_tokens": 3})
            assert status == 200
            assert "tool_calls" not in answer["choices"][0]["message"]

    run_story(story())


def test_a_server_that_may_cut_cuts() -> None:
    async def story() -> None:
        serve_arguments = replace(SGLANG, pool_tokens=512, answering=replace(SGLANG.answering, truncates=True))
        async with serving(serve_arguments) as server:
            status, answer = await server.post(
                "/v1/completions", {"prompt": [5] * 600, "max_tokens": 4000, "ignore_eos": True}
            )
            assert status == 200
            assert answer["usage"]["prompt_tokens"] == 512 - 7
            assert answer["usage"]["completion_tokens"] == 5

    run_story(story())


def test_a_message_that_finds_no_room_begins_before_its_error() -> None:
    async def story() -> None:
        driver = PretendDriver()
        async with serving(SGLANG, driver) as server:
            driver.refuses_late = EngineRefusal.BUSY
            message = {"model": "chat", "max_tokens": 3, "messages": CHAT["messages"]}
            status, text = await server.post("/v1/messages", message | {"stream": True})
            assert (status, [line for line in text.split("\n") if line.startswith("event")]) == (
                200,
                ["event: message_start", "event: error"],
            )
            assert "overloaded_error" in text
            status, body = await server.post("/v1/messages", message)
            assert (status, body["error"]["type"]) == (503, "overloaded_error")
            driver.refuses_late = EngineRefusal.LAGGING
            assert (await server.post("/v1/completions", {"prompt": "x", "stream": True}))[0] == 503
            driver.refuses_late = EngineRefusal.OUT_OF_ORDER
            status, body = await server.post("/v1/completions", {"prompt": "x"})
            assert (status, body["type"]) == (500, "InternalServerError")
            driver.refuses_late = EngineRefusal.DUPLICATE
            for more in ({}, {"stream": True}):
                words = await refused(server, "/v1/completions", {"prompt": "x", "rid": "mine"} | more)
                assert words.startswith("Duplicate request ID detected")

    run_story(story())


def test_a_body_names_its_request_and_says_its_priority() -> None:
    async def story() -> None:
        driver = PretendDriver()
        async with serving(SGLANG, driver) as server:
            for body, priority in (({"priority": 9}, 9), ({}, -(2**63))):
                headers = {"x_override_priority": "-4", "x_override_rid": "other"}
                await server.post("/v1/completions", {"prompt": "x", "rid": "mine"} | body, **headers)
                await server.post("/v1/chat/completions", CHAT | {"rid": "mine"} | body, **headers)
                for run in driver.runs[-2:]:
                    assert (run.job.priority, run.job.request_id) == (priority, "mine")

    run_story(story())


def test_with_a_variable_a_header_counts_more_in_chats_and_must_be_a_number() -> None:
    async def story() -> None:
        driver = PretendDriver()
        obeys = replace(SGLANG, admission=replace(SGLANG.admission, header_overrides=True))
        headers, member = {"x_override_priority": "-4", "x_override_rid": "other"}, {"priority": 9, "rid": "mine"}
        async with serving(obeys, driver) as server:
            await server.post("/v1/completions", {"prompt": "x"} | member, **headers)
            await server.post("/v1/chat/completions", CHAT | member, **headers)
            await server.post("/v1/messages", CHAT | {"max_tokens": 5}, **headers)
            found = [(run.job.priority, run.job.request_id) for run in driver.runs]
            assert found == [(9, "mine"), (-4, "other"), (-4, "other")]
            status, answer = await server.post("/v1/chat/completions", CHAT, x_override_priority="high")
            assert (status, answer["type"]) == (400, "400")

    run_story(story())


def test_prompts_are_counted_alone_and_together() -> None:
    async def story() -> None:
        async with serving(SGLANG) as server:
            one, two = [await server.post("/tokenize", {"prompt": prompt}) for prompt in ("hello", ["hello", "you"])]
            assert one[1]["count"] == len(one[1]["tokens"])
            assert two[1]["count"] == [len(ids) for ids in two[1]["tokens"]]
            chat = (await server.post("/v1/tokenize", {"messages": CHAT["messages"]}))[1]
            assert chat["count"] > one[1]["count"]
            for body in ({}, {"prompt": "x", "messages": []}):
                assert (await server.post("/tokenize", body))[0] == 400
            assert (await server.post("/v1/detokenize", {"tokens": one[1]["tokens"]}))[1] == {"text": "hello"}

    run_story(story())


def test_adapters_come_and_go_by_its_own_routes() -> None:
    async def story() -> None:
        acts = PretendActs()
        async with serving(SGLANG, acts=acts) as server:
            load = {"lora_name": "fr", "lora_path": "/fr"}
            assert (await server.post("/load_lora_adapter", load))[1]["success"] is True
            status, twice = await server.post("/load_lora_adapter", load)
            assert (status, twice["success"]) == (400, False)
            assert (await server.post("/v1/completions", {"prompt": "x", "model": "chat:fr"}))[0] == 200
            assert (await server.post("/unload_lora_adapter", {"lora_name": "fr"}))[0] == 200
            assert (await server.post("/unload_lora_adapter", {"lora_name": "fr"}))[0] == 400
        plain = replace(SGLANG, adapters=(), limits=replace(SGLANG.limits, adapter_slots=0))
        async with serving(plain) as server:
            assert (await server.post("/load_lora_adapter", load))[0] == 400
            words = await refused(server, "/v1/completions", {"prompt": "x", "model": "other:fr"})
            assert words.startswith("LoRA adapter 'fr' was requested, but LoRA is not enabled.")

    run_story(story())


def test_metrics_are_off_without_their_flag() -> None:
    async def story() -> None:
        async with serving(replace(SGLANG, metrics=replace(SGLANG.metrics, exposed=False))) as server:
            assert (await server.send("/metrics"))[0] == 404

    run_story(story())


def test_orders_reach_the_engine() -> None:
    async def story() -> None:
        acts = PretendActs()
        async with serving(SGLANG, acts=acts) as server:
            for path, body in (
                ("/flush_cache", {}),
                ("/abort_request", {"abort_all": True}),
                ("/abort_request", {"rid": "mine"}),
                ("/abort_request", {"rid": ""}),
                ("/pause_generation", {}),
                ("/continue_generation", {}),
            ):
                assert (await server.post(path, body))[0] == 200
            assert (await server.send("/v1/models/chat"))[1]["id"] == "chat"

    run_story(story())


def test_a_token_that_never_comes_makes_it_unwell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(probes, "GIVES_UP_SECONDS", 0.05)

    async def story() -> None:
        acts = PretendActs()
        async with serving(SGLANG, acts=acts) as server:
            acts.responsive = False
            assert (await server.send("/ready"))[0] == 200
            assert (await server.send("/health"))[0] == 503
            assert [(await server.send(path))[0] for path in ("/ready", "/ping")] == [503, 503]
            acts.responsive = True
            assert (await server.send("/health_generate"))[0] == 200
            assert (await server.send("/ready"))[0] == 200
            acts.draining = True
            assert [(await server.send(path))[0] for path in ("/ready", "/ping", "/health")] == [503] * 3

    run_story(story())


def test_an_engine_that_makes_no_token_is_not_responsive() -> None:
    async def story() -> None:
        async with living(faulty(EngineFault.NO_TOKENS), serve_arguments=SGLANG) as (engine,):
            assert not engine.engine.live.acts.responsive
        async with living(serve_arguments=SGLANG) as (engine,):
            assert engine.engine.live.acts.responsive
            engine.engine.live.fall_silent()
            assert not engine.engine.live.acts.responsive

    run_story(story())
