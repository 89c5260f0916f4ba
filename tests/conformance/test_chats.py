"""POST /v1/chat/completions, without streaming."""

from tests.conformance import bodies
from tests.conformance.endpoint import MODEL, Endpoint
from tests.conformance.servers import CONTEXT


def test_a_chat_has_vllms_keys_in_vllms_order(plain: Endpoint) -> None:
    body = plain.chat("hello world", max_tokens=4).json
    (choice,) = body["choices"]
    assert (tuple(body), tuple(choice), tuple(choice["message"])) == (bodies.CHAT, bodies.CHAT_CHOICE, bodies.MESSAGE)
    assert (body["object"], body["model"]) == ("chat.completion", MODEL)
    assert choice["message"]["role"] == "assistant"
    assert choice["message"]["reasoning"] is None


def test_a_chat_counts_the_tokens_of_its_template(richer: Endpoint) -> None:
    messages = [{"role": "system", "content": "be nice"}, {"role": "user", "content": "hello world"}]
    counted = richer.post("/tokenize", model=MODEL, messages=messages).json["count"]
    usage = richer.chat(messages, max_tokens=2, ignore_eos=True).json["usage"]
    assert {name: usage[name] for name in bodies.USAGE[:3]} == bodies.usage(counted, 2)


def test_a_chat_of_no_stated_length_may_fill_the_context(plain: Endpoint) -> None:
    body = plain.chat("hello " * (CONTEXT // 4), ignore_eos=True).json
    assert body["usage"]["total_tokens"] == CONTEXT
    assert body["choices"][0]["finish_reason"] == "length"


def test_parts_of_text_are_text(either: Endpoint) -> None:
    parts = [{"role": "user", "content": [{"type": "text", "text": "hello"}, {"type": "text", "text": "world"}]}]
    joined = [{"role": "user", "content": f"hello{either.words.between_parts}world"}]
    assert either.chat(parts, max_tokens=8).json["choices"] == either.chat(joined, max_tokens=8).json["choices"]


def test_n_answers_of_a_chat(either: Endpoint) -> None:
    body = either.chat("hello", max_tokens=3, temperature=0.7, seed=2, n=2, ignore_eos=True).json
    assert [choice["index"] for choice in body["choices"]] == [0, 1]
    assert body["usage"]["completion_tokens"] == 6


def test_the_newer_name_of_max_tokens_beats_the_older(richer: Endpoint) -> None:
    body = richer.chat("hello", max_completion_tokens=2, max_tokens=5, ignore_eos=True).json
    assert body["usage"]["completion_tokens"] == 2


def test_a_stop_string_ends_a_chat(either: Endpoint) -> None:
    whole = either.chat("hello world", max_tokens=40, ignore_eos=True).json["choices"][0]["message"]["content"]
    stop = whole[20:23]
    (choice,) = either.chat("hello world", max_tokens=40, ignore_eos=True, stop=[stop]).json["choices"]
    assert choice["message"]["content"] == whole[: whole.index(stop)]
    assert (choice["finish_reason"], choice[either.words.stopped]) == ("stop", stop)


def test_a_chats_token_ids_are_returned_on_request(plain: Endpoint) -> None:
    body = plain.chat("hello world", max_tokens=2, ignore_eos=True, return_token_ids=True).json
    assert len(body["prompt_token_ids"]) == body["usage"]["prompt_tokens"]
    assert len(body["choices"][0]["token_ids"]) == 2


def test_a_chats_prompt_probabilities_stand_beside_its_choices(plain: Endpoint) -> None:
    body = plain.chat("hello world", max_tokens=1, prompt_logprobs=1).json
    assert body["prompt_logprobs"][0] is None
    assert len(body["prompt_logprobs"]) == body["usage"]["prompt_tokens"]


def test_a_chat_is_called_as_its_header_says(plain: Endpoint) -> None:
    body = {"model": MODEL, "messages": [{"role": "user", "content": "hello"}], "max_tokens": 1}
    assert plain.send("POST", "/v1/chat/completions", body, {"X-Request-Id": "mine"}).json["id"] == "chatcmpl-mine"
    assert plain.send("POST", "/v1/chat/completions", body).json["id"].startswith("chatcmpl-")


def test_a_batch_of_chats_is_one_answer_with_many_choices(plain: Endpoint) -> None:
    chats = [[{"role": "user", "content": word}] for word in ("hello", "world")]
    body = plain.post("/v1/chat/completions/batch", model=MODEL, messages=chats, max_tokens=2, temperature=0).json
    assert [choice["index"] for choice in body["choices"]] == [0, 1]
