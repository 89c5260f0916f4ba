"""POST /v1/completions, without streaming."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.conformance import bodies
from tests.conformance.endpoint import MODEL, Endpoint
from tests.conformance.servers import CONTEXT

IDS = [5, 6, 7, 8, 9, 10, 11]


def test_a_completion_has_vllms_keys_in_vllms_order(plain: Endpoint) -> None:
    answer = plain.complete("hello world", max_tokens=5)
    body = answer.json
    (choice,) = body["choices"]
    assert (tuple(body), tuple(choice), tuple(body["usage"])) == (bodies.COMPLETION, bodies.CHOICE, bodies.USAGE)
    assert (body["object"], body["model"], body["service_tier"]) == ("text_completion", MODEL, None)
    assert body["system_fingerprint"].startswith("vllm-0.32.0-")
    assert answer.headers["content-type"] == "application/json"


def test_a_reply_ends_at_the_requested_length(either: Endpoint) -> None:
    body = either.complete(IDS, max_tokens=5, ignore_eos=True).json
    (choice,) = body["choices"]
    assert (choice["finish_reason"], choice[either.words.stopped]) == ("length", None)
    assert {name: body["usage"][name] for name in bodies.USAGE[:3]} == bodies.usage(len(IDS), 5)


def test_a_reply_of_no_stated_length_has_sixteen_tokens(richer: Endpoint) -> None:
    assert richer.complete(IDS, ignore_eos=True).json["usage"]["completion_tokens"] == 16


def test_a_reply_never_outgrows_the_context(plain: Endpoint) -> None:
    body = plain.complete([7] * 101, max_tokens=1000, ignore_eos=True).json
    assert body["usage"]["completion_tokens"] == CONTEXT - 101
    assert body["choices"][0]["finish_reason"] == "length"


def test_the_same_question_at_no_temperature_has_the_same_answer(either: Endpoint) -> None:
    first, second = (either.complete("tell me a story", max_tokens=20).json["choices"] for _ in range(2))
    assert first == second


def test_the_same_seed_draws_the_same_answer(either: Endpoint) -> None:
    """SGLang accepts a seed and uses it only with `--enable-deterministic-inference`: a run showed it."""
    figures = {"max_tokens": 12, "temperature": 0.9, "seed": 7}
    first, second = (either.complete("tell me a story", **figures).json["choices"] for _ in range(2))
    assert first == second or not either.words.seeded
    assert first[0].keys() == second[0].keys()


def test_several_prompts_are_answered_in_their_order(either: Endpoint) -> None:
    body = either.complete([IDS, IDS[:4]], max_tokens=3, ignore_eos=True).json
    assert [choice["index"] for choice in body["choices"]] == [0, 1]
    assert {name: body["usage"][name] for name in bodies.USAGE[:3]} == bodies.usage(len(IDS) + 4, 6)
    alone = either.complete(IDS[:4], max_tokens=3, ignore_eos=True).json
    assert body["choices"][1]["text"] == alone["choices"][0]["text"]


def test_several_texts_are_several_prompts(either: Endpoint) -> None:
    body = either.complete(["hello", "how are you today"], max_tokens=3, ignore_eos=True).json
    assert len(body["choices"]) == 2
    assert body["usage"]["completion_tokens"] == 6


def test_n_answers_share_one_prompt(either: Endpoint) -> None:
    body = either.complete(IDS, max_tokens=4, temperature=0.7, seed=1, n=3, ignore_eos=True).json
    assert [choice["index"] for choice in body["choices"]] == [0, 1, 2]
    assert {name: body["usage"][name] for name in bodies.USAGE[:3]} == bodies.usage(len(IDS), 12)


def test_echo_puts_the_prompt_before_the_answer(either: Endpoint) -> None:
    silent, echoed = (
        either.complete("hello world", max_tokens=3, ignore_eos=True, echo=echo).json for echo in (False, True)
    )
    assert echoed["choices"][0]["text"] == "hello world" + silent["choices"][0]["text"]
    assert echoed["usage"]["completion_tokens"] == silent["usage"]["completion_tokens"]


def test_echo_alone_generates_nothing(plain: Endpoint) -> None:
    answer = plain.complete("hello world", max_tokens=0, echo=True)
    assert (answer.status, answer.json["choices"][0]["text"]) == (200, "hello world")


def test_token_ids_are_returned_on_request(plain: Endpoint) -> None:
    (choice,) = plain.complete(IDS, max_tokens=3, ignore_eos=True, return_token_ids=True).json["choices"]
    assert choice["prompt_token_ids"] == IDS
    assert len(choice["token_ids"]) == 3


def test_the_token_ids_of_an_answer_are_its_text(richer: Endpoint) -> None:
    (choice,) = richer.complete("tell me a story", max_tokens=9, ignore_eos=True, return_token_ids=True).json["choices"]
    read = richer.post("/detokenize", model=MODEL, tokens=choice["token_ids"]).json
    assert read == {richer.words.text: choice["text"]}


def test_a_request_is_called_as_its_header_says(plain: Endpoint) -> None:
    body = {"model": MODEL, "prompt": "hello", "max_tokens": 1}
    named = plain.send("POST", "/v1/completions", body, {"X-Request-Id": "mine-1"})
    assert named.json["id"] == "cmpl-mine-1"
    assert "x-request-id" not in named.headers


def test_a_header_beats_the_bodys_id(plain: Endpoint) -> None:
    body = {"model": MODEL, "prompt": "hello", "max_tokens": 1, "request_id": "of-the-body"}
    assert plain.send("POST", "/v1/completions", body).json["id"] == "cmpl-of-the-body"
    assert plain.send("POST", "/v1/completions", body, {"X-Request-Id": "mine"}).json["id"] == "cmpl-mine"


def test_two_requests_may_have_one_id(plain: Endpoint) -> None:
    body = {"model": MODEL, "prompt": "hello", "max_tokens": 20, "ignore_eos": True}
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(plain.send, "POST", "/v1/completions", body, {"X-Request-Id": "twin"}) for _ in range(2)]
    assert [(one.result().status, one.result().json["id"]) for one in futures] == [(200, "cmpl-twin")] * 2


def test_a_request_without_an_id_is_given_sixteen_hexadecimal_digits(plain: Endpoint) -> None:
    head, _, digits = plain.complete("hello", max_tokens=1).json["id"].partition("-")
    assert (head, len(digits)) == ("cmpl", 16)
    assert int(digits, 16) >= 0


def test_a_stop_string_ends_the_answer_before_itself(either: Endpoint) -> None:
    whole = _long(either)
    stop = whole[20:23]
    (choice,) = either.complete("hello world", max_tokens=40, ignore_eos=True, stop=["~~~", stop]).json["choices"]
    assert choice["text"] == whole[: whole.index(stop)]
    assert (choice["finish_reason"], choice[either.words.stopped]) == ("stop", stop)


def test_a_stop_string_can_be_kept(plain: Endpoint) -> None:
    whole = _long(plain)
    stop = whole[20:23]
    body = plain.complete(
        "hello world", max_tokens=40, ignore_eos=True, stop=stop, include_stop_str_in_output=True
    ).json
    assert body["choices"][0]["text"] == whole[: whole.index(stop) + len(stop)]
    assert body["usage"]["completion_tokens"] < 40


def test_a_stop_token_ends_the_answer_and_is_counted(richer: Endpoint) -> None:
    (whole,) = richer.complete(IDS, max_tokens=30, ignore_eos=True, return_token_ids=True).json["choices"]
    tokens = whole["token_ids"]
    place = next(place for place, token in enumerate(tokens) if place >= 5 and token not in tokens[:place])
    past_end = richer.words.stops_past_end
    body = richer.complete(
        IDS, max_tokens=30, ignore_eos=past_end, stop_token_ids=[tokens[place]], return_token_ids=True
    ).json
    (choice,) = body["choices"]
    assert (choice["finish_reason"], choice[richer.words.stopped]) == ("stop", tokens[place])
    assert choice["token_ids"] == tokens[: place + 1]
    assert body["usage"]["completion_tokens"] == place + 1


def test_at_least_so_many_tokens_come(either: Endpoint) -> None:
    usage = either.complete("hello world", max_tokens=30, min_tokens=30, temperature=1.0, seed=4).json["usage"]
    assert usage["completion_tokens"] == 30


@pytest.mark.parametrize("form", ["TEXT", "JSON"])
def test_load_is_reported_in_a_header_on_request(plain: Endpoint, form: str) -> None:
    body = {"model": MODEL, "prompt": "hello", "max_tokens": 1}
    headers = plain.send("POST", "/v1/completions", body, {"endpoint-load-metrics-format": form}).headers
    assert headers["endpoint-load-metrics"].startswith(form)
    assert "kv_cache_usage_perc" in headers["endpoint-load-metrics"]
    assert "num_requests_waiting" in headers["endpoint-load-metrics"]


def _long(either: Endpoint) -> str:
    return str(either.complete("hello world", max_tokens=40, ignore_eos=True).json["choices"][0]["text"])
