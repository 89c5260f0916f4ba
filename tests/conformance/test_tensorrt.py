"""Where TensorRT-LLM answers differently from vLLM: shapes, errors, adapters, readiness, statistics, its end.

From files of its repository (`serve/openai_server.py`, `openai_protocol.py`, `metrics/collector.py` and those beside
them); no real server was used, since it needs CUDA.
"""

import json
import signal
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from fairlead.engines.catalogue import ENGINES
from fairlead.engines.tensorrt_llm import adapters
from fairlead.fleet.desired_state import EngineKind
from tests.conformance import servers
from tests.conformance.configurations import TENSORRT_LASTING
from tests.conformance.endpoint import DONE, MODEL, Endpoint, Json, stop
from tests.conformance.servers import Configuration
from tests.waiting import eventually

IDS: Final = [5, 6, 7, 8]
USAGE: Final = ("prompt_tokens", "total_tokens", "completion_tokens", "prompt_tokens_details")
CHUNK: Final = ("id", "object", "created", "model", "choices")


def test_a_completion_has_its_keys_and_always_reports_cached_tokens(tensorrt: Endpoint) -> None:
    body = tensorrt.complete(IDS, max_tokens=3, ignore_eos=True).json
    assert tuple(body) == (*CHUNK, "usage", "prompt_token_ids")
    assert tuple(body["usage"]) == USAGE
    assert tuple(body["choices"][0])[:6] == ("index", "text", "token_ids", "logprobs", "finish_reason", "stop_reason")


def test_a_chat_has_its_keys_and_its_stream_has_no_nulls(tensorrt: Endpoint) -> None:
    figures = {"max_tokens": 3, "ignore_eos": True}
    body = tensorrt.chat("hello", **figures).json
    assert tuple(body["choices"][0]["message"]) == ("role", "content", "reasoning_content", "reasoning", "tool_calls")
    first, *middle, last = tensorrt.chat("hello", stream=True, **figures).chunks
    assert first["choices"] == [{"index": 0, "delta": {"role": "assistant"}}]
    assert {tuple(chunk["choices"][0]) for chunk in middle} == {("index", "delta")}
    assert (tuple(last), last["choices"][0]["finish_reason"]) == (CHUNK, "length")


def test_a_reply_of_no_stated_length_may_fill_the_context(tensorrt: Endpoint) -> None:
    usage = tensorrt.complete(IDS, ignore_eos=True).json["usage"]
    assert usage["total_tokens"] == servers.CONTEXT


WRONG: Final[dict[str, tuple[Json, type]]] = {
    "a member that its schema does not have": ({"prompt": "x", "priority": 3}, str),
    "a salt, which chats alone have": ({"prompt": "x", "cache_salt": "mine"}, str),
    "no prompt": ({}, str),
    "a reply that would not fit": ({"prompt": [7] * 101, "max_tokens": 1000}, dict),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_400_as_one_text_or_flat(tensorrt: Endpoint, what: str) -> None:
    body, form = WRONG[what]
    answer = tensorrt.post("/v1/completions", model=MODEL, **body)
    assert answer.status == 400
    if form is str:
        assert list(answer.json) == ["error"]
        assert isinstance(answer.json["error"], str)
    else:
        assert (answer.json["object"], answer.json["type"], answer.json["code"]) == ("error", "BadRequestError", 400)


def test_an_adapter_comes_with_the_request_as_routers_write_it(tensorrt: Endpoint) -> None:
    members = {name: json.loads(text) for name, text in adapters.members(MODEL, "poet").items()}
    base = {name: json.loads(text) for name, text in adapters.members(MODEL, None).items()}
    texts = [
        tensorrt.complete(IDS, max_tokens=8, ignore_eos=True, **more).json["choices"][0]["text"]
        for more in ({}, base, {"model": "poet"}, members)
    ]
    assert texts[0] == texts[1] == texts[2] != texts[3]
    (card,) = tensorrt.get("/v1/models").json["data"]
    assert card["id"] == MODEL


def test_a_chats_salt_keeps_caches_apart(tensorrt: Endpoint) -> None:
    text = "a long message about caches " * 8
    held = [
        tensorrt.chat(text, max_tokens=1, cache_salt=salt).json["usage"]["prompt_tokens_details"]["cached_tokens"]
        for salt in ("one tenant", "one tenant", "another tenant")
    ]
    assert held[0] == held[2] == 0 < held[1]


def test_a_request_is_counted_when_it_ends_and_the_gauge_keeps_it(tensorrt: Endpoint) -> None:
    before = tensorrt.load()
    tensorrt.complete(list(range(20, 84)), max_tokens=12, ignore_eos=True)
    eventually(lambda: (tensorrt.load().finished or 0) > (before.finished or 0), "it is told", 10)
    after = tensorrt.load()
    assert (after.prompt_tokens or 0) - (before.prompt_tokens or 0) == 64
    assert (after.generation_tokens or 0) - (before.generation_tokens or 0) == 12
    assert (after.running, after.waiting, after.kv_usage, after.inter_token) == (1, 0, 0, None)
    page = tensorrt.get(tensorrt.words.metrics).text.encode()
    quick = ENGINES[EngineKind.TENSORRT_LLM].api.quick_load(page)
    assert quick is not None
    assert quick.kv_tokens == after.capacity_tokens


def test_statistics_of_steps_are_removed_once_they_were_read(tensorrt: Endpoint) -> None:
    tensorrt.get("/metrics")
    tensorrt.complete(IDS, max_tokens=4, ignore_eos=True)
    found: list[Json] = []

    def four() -> bool:
        found.extend(tensorrt.get("/metrics").json)
        return len(found) >= 4

    eventually(four, "steps are told", 10)
    assert [one["numCompletedRequests"] for one in found[-4:]] == [0, 0, 0, 1]
    assert tensorrt.get("/metrics").json == []


def test_its_probes_and_what_the_emulation_lacks(tensorrt: Endpoint) -> None:
    assert tensorrt.get("/health").status == 200
    assert (tensorrt.get("/health_generate").status, tensorrt.get("/version").status) == (200, 200)
    count = tensorrt.post("/_internal/tokenize", prompt="hello world").json["count"]
    assert tensorrt.complete("hello world", max_tokens=1).json["usage"]["prompt_tokens"] == count
    lacking = tensorrt.post("/v1/responses", input="x")
    if tensorrt.process is not None:
        assert (lacking.status, lacking.json["message"][:13]) == (501, "/v1/responses")


def test_after_sigterm_it_finishes_what_is_in_flight_and_accepts_nothing_new(tensorrt_stage: Path) -> None:
    with servers.running(TENSORRT_LASTING, tensorrt_stage) as endpoint:
        stream = endpoint.open("/v1/completions", prompt=IDS, max_tokens=400, ignore_eos=True, stream=True)
        with closing(stream):
            stream.take(2)
            endpoint.send_signal(signal.SIGTERM)
            eventually(lambda: not servers.healthy(endpoint), "its port is closed", 5)
            *_, last = list(stream.events())
        assert last == DONE
        assert endpoint.ended(30) == 0


def test_the_death_of_its_executor_cuts_what_it_was_answering_and_ends_it(tensorrt_stage: Path) -> None:
    with servers.running(TENSORRT_LASTING, tensorrt_stage) as endpoint:
        assert endpoint.post("/fairlead/v1/faults", fault="engine-death", tokens=5).status == 200
        stream = endpoint.open("/v1/completions", prompt=IDS, max_tokens=400, ignore_eos=True, stream=True)
        with closing(stream):
            seen = list(stream.events())
        assert DONE not in seen
        assert endpoint.ended(15) == 0


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--sead", "2"), "Error: No such option: --sead"),
        (("--tool_parser", "hermes"), "Error: Invalid value for '--tool_parser'"),
    ],
)
def test_a_flag_that_it_does_not_accept_ends_its_start(
    flags: tuple[str, ...], words: str, tensorrt_stage: Path
) -> None:
    strange = Configuration(name="strange", words=TENSORRT_LASTING.words, flags=flags)
    endpoint = servers.launched(strange, tensorrt_stage, servers.chosen())
    try:
        assert endpoint.ended() == 2
        assert endpoint.log is not None
        assert words in endpoint.log.read_text(errors="replace")
    finally:
        stop(endpoint.owned())
