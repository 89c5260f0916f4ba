"""Lines of the output and of the errors, as OpenAI's clients read them, and as a later run does."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.batching import output_lines
from fairlead.batching.custom_ids import UNKNOWN
from fairlead.batching.output_lines import BatchReply, WrittenAnswer
from tests.batching.batch_lines import request, text


def reply(body: bytes, status: int = 200, *, is_json: bool = True) -> BatchReply:
    return BatchReply(status=status, request_id="q-1", body=body, is_json=is_json)


def test_an_answer_is_a_line_of_openais_output() -> None:
    line = output_lines.replied(request(), reply(b'{\n  "id": "c-1",\r\n  "n": 1.50\n}'))
    assert line.count(b"\n") == 1
    assert json.loads(line) == {
        "id": request().id,
        "custom_id": "r-1",
        "response": {"status_code": 200, "request_id": "q-1", "body": {"id": "c-1", "n": 1.5}},
        "error": None,
    }
    assert b'"n": 1.50' in line
    assert output_lines.read(line) == WrittenAnswer(custom_id="r-1", digest=request().digest)


def test_a_refusal_keeps_its_status_and_is_no_answer_to_a_later_run() -> None:
    line = output_lines.replied(request(), reply(b"<html>\n\xff", 404, is_json=False))
    assert json.loads(line)["response"] == {"status_code": 404, "request_id": "q-1", "body": "<html>\n\ufffd"}
    assert output_lines.read(line) is None


def test_a_request_without_a_reply_has_a_code_and_a_message() -> None:
    line = output_lines.unanswered(request(), "timed_out", "no answer within 5 s")
    assert json.loads(line) == {
        "id": request().id,
        "custom_id": "r-1",
        "response": None,
        "error": {"code": "timed_out", "message": "no answer within 5 s"},
    }
    assert output_lines.read(line) is None


@pytest.mark.parametrize("name", ["vllm-3f", "batch_req_xyz", "batch_req_12", "batch_req_" + "f" * 16, 5, None])
def test_an_answer_of_another_program_is_one_to_whatever_the_line_was(name: object) -> None:
    line = json.dumps({"id": name, "custom_id": "r-1", "response": {"status_code": 200}}).encode()
    assert output_lines.read(line) == WrittenAnswer(custom_id="r-1", digest=UNKNOWN)


@pytest.mark.parametrize(
    "line",
    [
        *(b"{", b"[]", b'{"id": "x"}', b'{"custom_id": 5}', b'{"custom_id": "a", "response": 1}'),
        text(),  # of an input
    ],
)
def test_another_file_is_not_taken_for_an_output(line: bytes) -> None:
    with pytest.raises(ValueError, match="it is not a line of batch output: "):
        output_lines.read(line)


def test_a_line_that_was_cut_off_differs_from_lines_of_other_files() -> None:
    whole = output_lines.replied(request(), reply(b"{}"))
    assert all(output_lines.is_cut_off(whole[:length]) for length in range(len(whole)))
    assert not any(map(output_lines.is_cut_off, (b"{}", b"PK\x03\x04", b'{"custom_id":"a","response"')))


def test_zero_bytes_of_a_power_cut_are_the_end_of_a_line_that_was_cut_off() -> None:
    whole = output_lines.replied(request(), reply(b"{}"))
    assert all(output_lines.is_cut_off(whole[:length] + b"\0" * 9) for length in range(len(whole)))
    assert not any(map(output_lines.is_cut_off, (b"notes\0\0", b"\0\0notes")))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (output_lines.replied(request(), reply(b'{"a": 1}')), True),
        (b'{"custom_id": "a", "response": {"status_code": 200}}', True),
        (output_lines.replied(request(), reply(b"<html>", is_json=False)), False),
        (output_lines.replied(request(), reply(b"{}", 503)), False),
        (output_lines.unanswered(request(), "timed_out", "no answer"), False),
    ],
)
def test_a_failure_differs_from_an_answer(line: bytes, expected: bool) -> None:
    assert output_lines.holds_answer(line) is expected


def test_another_file_holds_no_failures_either() -> None:
    with pytest.raises(ValueError, match="it is not a line of batch output: "):
        output_lines.holds_answer(text())


@pytest.mark.parametrize("status", ['"200"', "null", "404", "199", "300"])
def test_only_success_is_an_answer(status: str) -> None:
    assert output_lines.read(b'{"custom_id": "a", "response": {"status_code": %b}}' % status.encode()) is None


@given(st.text(min_size=1).filter(str.strip), st.text())
def test_any_name_and_any_text_is_read_back_from_one_line(name: str, content: str) -> None:
    made = request(custom_id=name)
    line = output_lines.replied(made, reply(json.dumps({"text": content}, indent=1, ensure_ascii=False).encode()))
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert output_lines.read(line) == WrittenAnswer(custom_id=name, digest=made.digest)
    assert json.loads(line)["response"]["body"]["text"] == content
