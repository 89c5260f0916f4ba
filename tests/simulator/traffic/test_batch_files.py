"""OpenAI batch files as traffic: when their requests arrive, how long they are, and what is no request."""

import json
from typing import Any

import pytest

from fairlead.simulator.traffic import batch_files
from fairlead.simulator.traffic.arrivals import RequestArrival, UnreadableTraffic
from fairlead.simulator.traffic.batch_files import BatchNotes, BatchSchedule

PAGE: int = 16
SYSTEM = "You answer in one word. " * 20


def line(number: int, url: str = "/v1/chat/completions", **body: Any) -> str:  # noqa: ANN401  # any member of a body
    given = {"model": "chat", "messages": [{"role": "user", "content": f"question {number}"}], "max_tokens": 40} | body
    return json.dumps({"custom_id": f"r-{number}", "method": "POST", "url": url, "body": given})


def read(*lines: str, window_s: float = 0.0, notes: BatchNotes | None = None) -> list[RequestArrival]:
    schedule = BatchSchedule(requests=len(lines), window_s=window_s)
    return list(batch_files.arrivals(lines, PAGE, schedule, notes or BatchNotes()))


def test_all_come_at_once_or_evenly_over_a_window() -> None:
    lines = [line(number) for number in range(4)]
    assert [one.time for one in read(*lines)] == [0.0, 0.0, 0.0, 0.0]
    assert [one.time for one in read(*lines, window_s=3600.0)] == [0.0, 900.0, 1800.0, 2700.0]


def test_a_prompt_has_a_token_for_four_bytes_and_a_reply_is_as_long_as_it_may_be() -> None:
    notes = BatchNotes()
    limited, latest, unlimited = read(
        line(1, messages=[{"role": "user", "content": "x" * 396}]),
        line(2, max_completion_tokens=7, user="team-a"),
        json.dumps({"custom_id": "r-3", "method": "POST", "url": "/v1/completions", "body": {"prompt": "ab"}}),
        notes=notes,
    )
    assert (limited.prompt_tokens, limited.output_tokens, limited.client) == (101, 40, None)
    assert (latest.output_tokens, latest.client) == (7, "team-a")
    assert (unlimited.prompt_tokens, unlimited.output_tokens) == (1, batch_files.ASSUMED_REPLY_TOKENS)
    assert notes.unlimited == 1


def test_prompts_that_begin_alike_name_the_same_pages_until_they_part() -> None:
    def chat(number: int, words: str) -> str:
        return line(number, messages=[{"role": "system", "content": SYSTEM}, {"role": "user", "content": words}])

    one, other = read(chat(1, "red " * 200), chat(2, "blue " * 200))
    shared = len(f"system\n{SYSTEM}") // (4 * PAGE)
    assert len(one.prefix) > shared
    assert one.prefix[:shared] == other.prefix[:shared]
    assert not set(one.prefix[shared + 1 :]) & set(other.prefix[shared + 1 :])


def test_texts_stand_in_parts_tools_and_instructions_too() -> None:
    parts = [{"type": "text", "text": "x" * 400}]
    (chat,) = read(line(1, messages=[{"role": "user", "content": parts}], tools=[{"name": "y" * 400}]))
    (response,) = read(
        json.dumps(
            {
                "custom_id": "r",
                "method": "POST",
                "url": "/v1/responses",
                "body": {"instructions": "z" * 400, "input": "w" * 400, "max_output_tokens": 9},
            }
        )
    )
    calls = [{"role": "assistant", "content": None, "tool_calls": [{"name": "v" * 400}]}]
    (called,) = read(line(1, messages=calls))
    assert chat.prompt_tokens > 200
    assert (response.prompt_tokens > 200, response.output_tokens) == (True, 9)
    assert called.prompt_tokens > 100


@pytest.mark.parametrize(
    ("bad", "because"),
    [
        ("[1]", r"line 2: \[1\] is not a JSON object"),
        ('{"custom_id": "x"', "line 2: it is not JSON"),
        (line(1), "line 2: custom_id r-1 is also in a line above"),
        (line(2, n=3), "line 2: body.n is 3, and one reply a request is simulated"),
        (line(2, url="/v1/embeddings"), "line 2: url is /v1/embeddings, and one of /v1/chat/completions, "),
        (line(2, max_tokens=-1), "line 2: max_tokens is -1, and must be between 1 and"),
        (line(2, messages=[]), r"line 2: its prompt is \[\], and must be text or messages"),
        (line(2, messages=[{"role": "user", "content": [{"type": "image_url"}]}]), "part of type image_url is not"),
        (line(2).replace("POST", "GET"), "line 2: method is GET, and must be POST"),
        (json.dumps({"custom_id": "r-2", "method": "POST", "url": "/v1/completions", "body": []}), "line 2: body is "),
    ],
)
def test_a_line_that_is_no_request_is_named_with_its_number(bad: str, because: str) -> None:
    with pytest.raises(UnreadableTraffic, match=because):
        read(line(1), bad)
