"""A line of a batch file: the request that it is, or a problem with its field, its value and what to do."""

import json

import pytest

from fairlead.batching import batch_requests
from fairlead.batching.batch_requests import BatchRequest
from fairlead.fleet.line_problems import LineProblem
from tests.batching.batch_lines import LINE, request, text


def sentence(line: bytes) -> str:
    found = batch_requests.read(line, 7)
    assert isinstance(found, LineProblem), found
    return found.sentence


def test_a_body_is_sent_as_it_was_written() -> None:
    line = b'{"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {"model":"e",  "input": 1.50}}'
    assert batch_requests.read(line, 3) == BatchRequest(
        line=3, custom_id="a", url="/v1/embeddings", model="e", body=b'{"model":"e",  "input": 1.50}'
    )


def test_a_changed_line_has_another_id_and_an_unchanged_one_the_same() -> None:
    same = request()
    assert same.id == request().id
    assert same.id == f"batch_req_{same.digest:016x}"
    others = [request(custom_id="r-2"), request(url="/v1/responses"), request(body=LINE["body"] | {"max_tokens": 5})]
    assert len({same.id, *(one.id for one in others)}) == 4


@pytest.mark.parametrize(
    ("line", "because"),
    [
        (b'{"custom_id": "a"', "line 7: the line: {"),
        (b"[1]", "line 7: the line: [1]: it is not a JSON object: Expected `object`, got `array`; write one request"),
        (b"{" + b"[" * 100_000, "line 7: the line: {[[["),
        (text(custom_id=" "), "line 7: custom_id: blank: it must be text; give each line a name of its own"),
        (text(custom_id=4), "line 7: custom_id: 4: it must be text"),
        (text(method="GET"), "line 7: method: GET: requests of a batch are POST; write POST"),
        (
            text(url="/v1/chat/completion"),
            "line 7: url: /v1/chat/completion: no such request can be in a batch; write ",
        ),
        (
            text(url=None),
            "line 7: url: null: no such request can be in a batch; write /v1/chat/completions or /v1/comp",
        ),
        (text(body=[]), "line 7: body: []: it is not a JSON object: Expected `object`, got `array`; write the request"),
        (text(body=None), "line 7: body: null: it is not a JSON object"),
        (text(body={}), "line 7: body.model: null: it must be text; name the model that is to answer"),
        (
            text(body=LINE["body"] | {"stream": True}),
            "line 7: body.stream: true: a line of the output holds a whole answer, no stream; leave it out",
        ),
    ],
)
def test_a_line_that_cannot_be_sent_is_refused_with_its_remedy(line: bytes, because: str) -> None:
    assert sentence(line).startswith(because)


def test_a_near_url_is_proposed_alone() -> None:
    assert sentence(text(url="/v1/embedding")).endswith("; write /v1/embeddings")


def test_no_value_disturbs_the_terminal() -> None:
    found = sentence(text(url="/\x1b[2J" + "x" * 100))
    assert found.startswith("line 7: url: /\\x1b[2Jxxx")
    assert "…" in found


def test_a_stream_that_is_switched_off_is_no_stream() -> None:
    assert request(body=LINE["body"] | {"stream": False}).model == "chat"
    assert json.loads(request(body=LINE["body"] | {"stream": None}).body)["stream"] is None
