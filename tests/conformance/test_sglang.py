"""Where SGLang 0.5.23 answers differently from vLLM: shapes, errors, names, probes.

Shapes are those of its source (`srt/entrypoints/openai/protocol.py` and the serving modules beside it); what only a run
of the real server showed is marked so.
"""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.conformance.configurations import HELD, KEY, SLOTS
from tests.conformance.endpoint import DONE, MODEL, Answer, Endpoint, Json
from tests.conformance.servers import CONTEXT
from tests.waiting import eventually

IDS: Final = [5, 6, 7, 8]
USAGE: Final = (
    *("prompt_tokens", "total_tokens", "completion_tokens", "prompt_tokens_details", "reasoning_tokens"),
    "completion_tokens_details",
)
CHOICE: Final = ("index", "text", "logprobs", "finish_reason", "matched_stop")
DELTA_CHOICE: Final = ("index", "delta", "logprobs", "finish_reason", "matched_stop")
CHUNK: Final = ("id", "object", "created", "model", "choices")
FULL: Final = {
    "object": "error",
    "message": "The request queue is full.",
    "param": None,
    "code": 503,
}


def test_a_completion_has_its_keys_in_its_order(sglang: Endpoint) -> None:
    body = sglang.complete(IDS, max_tokens=3, ignore_eos=True).json
    (choice,) = body["choices"]
    assert (tuple(body), tuple(choice), tuple(body["usage"])) == ((*CHUNK, "usage", "metadata"), CHOICE, USAGE)
    assert (body["object"], body["model"], body["metadata"]) == (
        "text_completion",
        MODEL,
        {"weight_version": "default", "weight_versions": [{"version": "default", "start": 0, "end": 3}]},
    )
    assert len(body["id"]) == 32


def test_a_chat_has_its_keys_in_its_order(sglang: Endpoint) -> None:
    body = sglang.chat("hello", max_tokens=3).json
    (choice,) = body["choices"]
    assert tuple(body) == (*CHUNK, "usage", "metadata")
    assert tuple(choice) == ("index", "message", "logprobs", "finish_reason", "matched_stop")
    assert tuple(choice["message"]) == ("role", "content", "reasoning_content")


def test_a_completions_chunks_have_an_empty_usage_and_the_last_has_no_nulls(sglang: Endpoint) -> None:
    *chunks, last = sglang.complete(
        IDS, max_tokens=3, ignore_eos=True, stream=True, stream_options={"include_usage": True}
    ).chunks
    assert {tuple(chunk) for chunk in chunks} == {(*CHUNK, "usage")}
    assert {tuple(chunk["choices"][0]) for chunk in chunks} == {CHOICE}
    assert {chunk["usage"] for chunk in chunks} == {None}
    assert tuple(last["usage"]) == USAGE[:-1]


def test_a_chats_stream_reports_why_it_ended_in_a_chunk_of_its_own(sglang: Endpoint) -> None:
    first, *middle, last = sglang.chat("hello world", max_tokens=3, ignore_eos=True, stream=True).chunks
    assert first["choices"][0]["delta"] == {"reasoning_content": None, "role": "assistant", "content": ""}
    assert {tuple(chunk) for chunk in (first, *middle, last)} == {CHUNK}
    assert {tuple(chunk["choices"][0]) for chunk in (first, *middle, last)} == {DELTA_CHOICE}
    assert {tuple(chunk["choices"][0]["delta"]) for chunk in middle} == {("reasoning_content", "content")}
    assert (last["choices"][0]["delta"], last["choices"][0]["finish_reason"]) == ({"reasoning_content": None}, "length")


def test_a_models_name_is_not_checked_and_is_repeated(sglang: Endpoint) -> None:
    answer = sglang.complete(IDS, model="nobody", max_tokens=1)
    assert (answer.status, answer.json["model"]) == (200, "nobody")
    missing = sglang.get("/v1/models/nobody")
    assert (missing.status, missing.json["error"]["code"]) == (404, "model_not_found")


def test_an_adapter_is_named_after_a_colon_and_its_own_name_means_the_model(sglang: Endpoint) -> None:
    base, card = sglang.get("/v1/models").json["data"]
    assert (base["id"], card["id"], card["parent"], card["max_model_len"]) == (MODEL, "poet", MODEL, None)
    texts = {
        name: sglang.complete(IDS, model=name, max_tokens=8, ignore_eos=True).json["choices"][0]["text"]
        for name in (MODEL, "poet", f"{MODEL}:poet")
    }
    assert texts["poet"] == texts[MODEL] != texts[f"{MODEL}:poet"]
    chosen = sglang.complete(IDS, lora_path="poet", max_tokens=8, ignore_eos=True).json["choices"][0]["text"]
    assert chosen == texts[f"{MODEL}:poet"]


def test_a_reply_that_ignores_the_end_ignores_tokens_to_stop_at(sglang: Endpoint) -> None:
    """A run showed it."""
    whole = sglang.complete(IDS, max_tokens=12, ignore_eos=True, return_token_ids=True).json["choices"][0]["token_ids"]
    stops = {"max_tokens": 12, "ignore_eos": True, "stop_token_ids": whole[5:]}
    assert sglang.complete(IDS, **stops).json["choices"][0]["finish_reason"] == "length"


def test_an_adapter_that_is_not_loaded_is_refused(sglang: Endpoint) -> None:
    answer = sglang.complete(IDS, model=f"{MODEL}:nobody", max_tokens=1)
    assert (answer.status, answer.json["type"]) == (400, "BadRequestError")
    assert answer.json["message"].startswith("Got LoRA adapter that has never been loaded: nobody\n")


WHOLE: Final = (
    f"Requested token count exceeds the model's maximum context length of {CONTEXT} tokens. You requested a total of "
    "1101 tokens: 101 tokens from the input messages and 1000 tokens for the completion. Please reduce the number of "
    "tokens in the input messages or the completion to fit within the limit."
)
ALMOST: Final = (
    f"Input length ({CONTEXT - 6} tokens) exceeds the maximum allowed length ({CONTEXT - 6} tokens). Use a shorter "
    "input or enable --allow-auto-truncate."
)
TOO_MUCH: Final[dict[str, tuple[Json, str]]] = {
    "a prompt as long as the context": (
        {"prompt": [7] * CONTEXT, "max_tokens": 1},
        f"The input ({CONTEXT} tokens) is longer than the model's context length ({CONTEXT} tokens).",
    ),
    "a reply that would not fit": ({"prompt": [7] * 101, "max_tokens": 1000}, WHOLE),
    "a prompt that is a little shorter (a run showed it)": ({"prompt": [7] * (CONTEXT - 6), "max_tokens": 1}, ALMOST),
    "a temperature below zero": (
        {"prompt": "x", "temperature": -1},
        "temperature must be a non-negative finite number, got -1.0.",
    ),
    "a share that is none": ({"prompt": "x", "top_p": 0}, "top_p must be in (0, 1], got 0.0."),
    "no prompt": ({"prompt": ""}, "Prompt cannot be empty"),
}


@pytest.mark.parametrize("what", TOO_MUCH)
def test_what_it_cannot_do_is_refused_in_a_flat_error_object(sglang: Endpoint, what: str) -> None:
    body, message = TOO_MUCH[what]
    answer = sglang.post("/v1/completions", model=MODEL, **body)
    assert answer.status == 400
    wanted = {"object": "error", "message": message, "type": "BadRequestError", "param": None, "code": 400}
    assert answer.json == wanted


@pytest.mark.parametrize("body", [b"{", b'{"prompt": 3}', b"[]", b'{"prompt": "x", "max_tokens": 0}'])
def test_a_body_that_cannot_be_read_is_a_bad_request(sglang: Endpoint, body: bytes) -> None:
    answer = sglang.send("POST", "/v1/completions", raw=body)
    assert (answer.status, answer.json["object"], answer.json["type"], answer.json["code"]) == (
        400,
        "error",
        "Bad Request",
        400,
    )
    assert answer.json["message"]


def test_an_error_of_a_message_has_anthropics_form(sglang: Endpoint) -> None:
    answer = sglang.post("/v1/messages", model=MODEL, messages=[], max_tokens=3)
    assert (answer.status, answer.json["type"], answer.json["error"]["type"]) == (400, "error", "invalid_request_error")


def test_a_call_is_returned_with_its_index(sglang: Endpoint) -> None:
    tool = {"type": "function", "function": {"name": "now", "parameters": {"type": "object", "properties": {}}}}
    whole = sglang.chat("hello", tools=[tool], tool_choice="required", max_tokens=300).json["choices"][0]
    (call,) = whole["message"]["tool_calls"]
    assert (whole["finish_reason"], whole["message"]["content"]) == ("tool_calls", "")
    assert (list(call), call["id"][:5], call["function"]["name"]) == (
        ["id", "index", "type", "function"],
        "call_",
        "now",
    )
    chunks = sglang.chat("hello", tools=[tool], tool_choice="required", max_tokens=300, stream=True).chunks
    calls = [one for chunk in chunks for one in chunk["choices"][0]["delta"].get("tool_calls") or []]
    assert "".join(one["function"]["arguments"] for one in calls) == call["function"]["arguments"]
    assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_its_probes_are_two_flags_and_a_token(sglang: Endpoint) -> None:
    """A run showed it: the probe looks for a token every second, so it never answers sooner."""
    order: list[str] = []

    def send(path: str) -> None:
        assert sglang.get(path).status == 200
        order.append(path)

    slow = threading.Thread(target=send, args=("/health",), daemon=True)
    slow.start()
    for path in ("/ready", "/ping", "/ready", "/ping"):
        send(path)
    slow.join(10)
    assert order == ["/ready", "/ping", "/ready", "/ping", "/health"]


def test_while_it_is_paused_it_is_not_ready(sglang: Endpoint) -> None:
    assert sglang.post("/pause_generation").status == 200
    try:
        assert (sglang.get("/ready").status, sglang.get("/ping").status) == (503, 200)
    finally:
        assert sglang.post("/continue_generation").status == 200
    assert sglang.get("/ready").status == 200


def test_what_the_emulator_lacks_is_refused_by_name(sglang: Endpoint) -> None:
    servers_own = sglang.post("/generate", text="x")
    if sglang.process is not None:
        assert (servers_own.status, servers_own.json["message"][:9]) == (501, "/generate")


def test_its_families_are_those_of_a_real_page(sglang: Endpoint) -> None:
    """Names as a run of the real server showed them, each up to its first digit; five come with their description."""
    sglang.complete(IDS, max_tokens=3, stream=True)
    measured = frozenset((Path(__file__).parents[1] / "data" / "sglang-0.5.23-names.txt").read_text().split())
    eventually(lambda: "num_requests_total" in sglang.get("/metrics").text, "a request is told", 10)
    families = {line.split()[2] for line in sglang.get("/metrics").text.split("\n") if line.startswith("# TYPE ")}
    ours = {name for name in families if name.startswith("sglang:")}
    assert {name for name in ours if re.split(r"\d", name)[0] not in measured} <= {
        "sglang:lora_pool_slots_used",
        "sglang:lora_pool_slots_total",
        "sglang:lora_pool_utilization",
        "sglang:num_aborted_requests_total",
        "sglang:num_so_requests_total",
    }
    assert not any(name.endswith("_created") for name in ours)


@contextmanager
def full(sglang_narrow: Endpoint) -> Iterator[None]:
    """The slot is taken, and the queue is full."""
    held = [sglang_narrow.open("/v1/completions", prompt=[3, 4], max_tokens=HELD - 100, ignore_eos=True, stream=True)]
    try:
        held[0].take(1)
        for place in range(1, SLOTS):
            threading.Thread(target=_wait, args=(sglang_narrow,), daemon=True).start()
            eventually(lambda place=place: sglang_narrow.load().waiting == place, "they wait", 10)  # type: ignore[misc]
        yield
    finally:
        for one in held:
            one.close()
    eventually(lambda: sglang_narrow.load().running == 0, "nobody is left", 30)


def _wait(endpoint: Endpoint) -> Answer:
    return endpoint.complete(IDS, max_tokens=1)


def test_a_full_queue_is_503_at_once_and_a_streams_first_event(sglang_narrow: Endpoint) -> None:
    """A run showed it: a stream has sent 200 before the scheduler refuses."""
    with full(sglang_narrow):
        refused = sglang_narrow.complete("hello", max_tokens=1)
        streamed = sglang_narrow.complete("hello", max_tokens=1, stream=True)
    assert (refused.status, refused.json) == (503, FULL | {"type": "503"})
    assert "retry-after" not in refused.headers
    assert streamed.status == 200
    event, done = streamed.events
    assert (event.startswith('{"error": {"object": "error"'), '"code": 503' in event, done) == (True, True, DONE)


@pytest.mark.parametrize("path", ["/health", "/ready", "/metrics"])
def test_what_machines_ask_needs_no_key(sglang_narrow: Endpoint, path: str) -> None:
    assert sglang_narrow.send("GET", path, headers={"Authorization": ""}).status == 200
    assert sglang_narrow.send("GET", "/ping", headers={"Authorization": "Bearer no"}).status == 401
    assert sglang_narrow.send("GET", "/ping", headers={"Authorization": f"Bearer {KEY}"}).status == 200
