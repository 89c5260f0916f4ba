"""Log probabilities: the right shapes and counts; the values depend on the model."""

import pytest

from tests.conformance.endpoint import Endpoint, Json

IDS = [5, 6, 7, 8]


@pytest.mark.parametrize("top", [0, 1, 3])
def test_a_completion_has_as_many_logprobs_as_tokens(plain: Endpoint, top: int) -> None:
    (choice,) = plain.complete(IDS, max_tokens=5, ignore_eos=True, logprobs=top).json["choices"]
    logprobs = choice["logprobs"]
    assert list(logprobs) == ["text_offset", "token_logprobs", "tokens", "top_logprobs"]
    assert {len(column) for column in logprobs.values()} == {5}
    assert "".join(logprobs["tokens"]) == choice["text"]
    assert logprobs["text_offset"] == [len("".join(logprobs["tokens"][:place])) for place in range(5)]
    assert all(max(top, 1) <= len(row) <= top + 1 for row in logprobs["top_logprobs"])
    assert all(value <= 0 for value in logprobs["token_logprobs"])
    assert all(row[token] == value for row, token, value in _rows(logprobs))


def test_the_likeliest_token_is_the_one_drawn_at_no_temperature(plain: Endpoint) -> None:
    (choice,) = plain.complete(IDS, max_tokens=5, ignore_eos=True, logprobs=3).json["choices"]
    assert all(value == max(row.values()) for row, _, value in _rows(choice["logprobs"]))


def test_an_echo_has_logprobs_of_the_prompt_too_except_for_its_first_token(plain: Endpoint) -> None:
    body = plain.complete("hello world", max_tokens=2, ignore_eos=True, echo=True, logprobs=2).json
    logprobs = body["choices"][0]["logprobs"]
    assert {len(column) for column in logprobs.values()} == {body["usage"]["total_tokens"]}
    assert (logprobs["token_logprobs"][0], logprobs["top_logprobs"][0]) == (None, None)
    assert None not in logprobs["token_logprobs"][1:]


def test_those_of_a_prompt_are_by_token_with_rank_and_text(plain: Endpoint) -> None:
    (choice,) = plain.complete(IDS, max_tokens=1, prompt_logprobs=1).json["choices"]
    first, *others = choice["prompt_logprobs"]
    assert first is None
    assert len(others) == len(IDS) - 1
    for row, token in zip(others, IDS[1:], strict=True):
        assert list(row[str(token)]) == ["logprob", "rank", "decoded_token"]


def test_tokens_can_be_called_by_their_numbers(plain: Endpoint) -> None:
    (choice,) = plain.complete(
        IDS, max_tokens=2, ignore_eos=True, logprobs=1, return_tokens_as_token_ids=True, return_token_ids=True
    ).json["choices"]
    assert choice["logprobs"]["tokens"] == [f"token_id:{token}" for token in choice["token_ids"]]


def test_a_stream_has_the_logprobs_of_one_token_at_a_time(plain: Endpoint) -> None:
    chunks = plain.complete(IDS, max_tokens=3, ignore_eos=True, logprobs=2, stream=True).chunks
    entries = [chunk["choices"][0]["logprobs"] for chunk in chunks]
    assert [len(row["tokens"]) for row in entries] == [1, 1, 1]
    at_once = plain.complete(IDS, max_tokens=3, ignore_eos=True, logprobs=2).json["choices"][0]["logprobs"]
    assert [row["text_offset"][0] for row in entries] == at_once["text_offset"]
    assert [row["tokens"][0] for row in entries] == at_once["tokens"]


def test_a_chat_has_token_bytes_and_alternatives(plain: Endpoint) -> None:
    body = plain.chat("hello world", max_tokens=4, ignore_eos=True, logprobs=True, top_logprobs=2).json
    (choice,) = body["choices"]
    content = choice["logprobs"]["content"]
    assert len(content) == 4
    assert "".join(row["token"] for row in content) == choice["message"]["content"]
    for row in content:
        assert list(row) == ["token", "logprob", "bytes", "top_logprobs"]
        assert bytes(row["bytes"]) == row["token"].encode()
        assert [list(rival) for rival in row["top_logprobs"]] == [["token", "logprob", "bytes"]] * 2


def test_a_chat_without_requested_alternatives_has_none(plain: Endpoint) -> None:
    body = plain.chat("hello world", max_tokens=2, ignore_eos=True, logprobs=True).json
    assert [row["top_logprobs"] for row in body["choices"][0]["logprobs"]["content"]] == [[], []]


def test_a_chats_stream_has_the_logprobs_of_one_token_at_a_time(plain: Endpoint) -> None:
    chunks = plain.chat("hello world", max_tokens=3, ignore_eos=True, logprobs=True, top_logprobs=1, stream=True).chunks
    assert chunks[0]["choices"][0]["logprobs"] is None
    assert [len(chunk["choices"][0]["logprobs"]["content"]) for chunk in chunks[1:]] == [1, 1, 1]


def _rows(logprobs: Json) -> list[tuple[Json, Json, Json]]:
    return list(zip(logprobs["top_logprobs"], logprobs["tokens"], logprobs["token_logprobs"], strict=True))
