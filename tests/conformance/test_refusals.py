"""Every row of vLLM's refusals: status, type, parameter and words."""

import pytest

from tests.conformance.endpoint import MODEL, Endpoint, Json
from tests.conformance.refusal import CHAT, COMPLETIONS, INVALID, LETTERS, TOO_LONG, Refusal
from tests.conformance.refusals import BODIES, LIMITS, MEDIA, PROMPTS, TOOLS

TABLES = {"limits": LIMITS, "prompts": PROMPTS, "tools": TOOLS, "media": MEDIA, "bodies": BODIES}
ROWS = [
    pytest.param(row, id=f"{table}: {name.strip()}") for table, rows in TABLES.items() for name, row in rows.items()
]


@pytest.mark.parametrize("row", ROWS)
def test_a_refusal_has_vllms_status_and_message(plain: Endpoint, row: Refusal) -> None:
    answer = plain.send("POST", row.route, row.body)
    assert (answer.status, answer.json) == (
        row.status,
        {"error": {"message": row.message, "type": row.kind, "param": row.param, "code": row.status}},
    )
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("row", [LIMITS["no tokens asked for in a chat"], BODIES["a model that is not served"]])
def test_a_stream_is_refused_before_it_begins(plain: Endpoint, row: Refusal) -> None:
    answer = plain.send("POST", row.route, row.body | {"stream": True})
    assert (answer.status, answer.json["error"]["message"]) == (row.status, row.message)


@pytest.mark.trial(15)
def test_a_picture_is_refused_by_the_route_that_counts_tokens_too(plain: Endpoint) -> None:
    row = MEDIA["a picture for a model of text"]
    answer = plain.send("POST", "/tokenize", row.body)
    assert (answer.status, answer.json["error"]["message"]) == (row.status, row.message)


def test_json_that_is_none_is_placed(plain: Endpoint) -> None:
    answer = plain.send("POST", COMPLETIONS, raw=b'{"model":"tiny",,}')
    assert (answer.status, answer.json["error"]) == (
        400,
        {
            "message": "1 validation error:\n  {'type': 'json_invalid', 'loc': 'body.16', 'msg': 'JSON decode error', "
            "'input': '<dict of 0 items>', 'ctx': {'error': 'Expecting property name enclosed in double quotes'}}",
            "type": INVALID,
            "param": "body.16",
            "code": 400,
        },
    )


def test_a_body_that_is_not_there_is_missed(plain: Endpoint) -> None:
    answer = plain.send("POST", COMPLETIONS, headers={"Content-Type": "application/json"})
    assert (answer.status, answer.json["error"]["message"]) == (
        400,
        "1 validation error:\n  {'type': 'missing', 'loc': 'body', 'msg': 'Field required', 'input': 'None'}",
    )


def test_a_body_that_does_not_say_that_it_is_json_is_refused(plain: Endpoint) -> None:
    body = b'{"model":"tiny","prompt":"x"}'
    answer = plain.send("POST", COMPLETIONS, raw=body, headers={"Content-Type": "text/plain"})
    assert (answer.status, answer.json["error"]) == (
        400,
        {
            "message": "1 validation error:\n  Unsupported Media Type: Only 'application/json' is allowed",
            "type": INVALID,
            "param": None,
            "code": 400,
        },
    )


def test_a_prompt_far_too_long_is_counted(plain: Endpoint) -> None:
    error = plain.complete([7] * 3000).json["error"]
    assert error["message"].startswith(f"{TOO_LONG}3000 input tokens, which exceeds this limit even without ")
    assert error["param"] == "input_tokens"


def test_a_text_far_too_long_is_not_even_read(plain: Endpoint) -> None:
    error = plain.complete(LETTERS).json["error"]
    assert error["message"].startswith(f"{TOO_LONG}{len(LETTERS)} characters (more than ")
    assert (error["type"], error["code"]) == ("BadRequestError", 400)


@pytest.mark.parametrize("number", [-1, 1.5, None])
def test_a_prompt_of_what_is_no_token_is_listed_with_each_thing_it_might_have_been(
    plain: Endpoint, number: float | None
) -> None:
    answer = plain.complete([number])
    assert (answer.status, answer.json["error"]["type"]) == (400, INVALID)
    assert " validation errors:\n  {'type': '" in answer.json["error"]["message"]


@pytest.mark.parametrize(
    ("route", "spec", "place", "ways"),
    [
        (CHAT, {"messages": [{"role": 1, "content": "x"}]}, "body.messages.0", 10),
        (COMPLETIONS, {"prompt": "x", "response_format": {"type": "poem"}}, "body.response_format", 6),
    ],
    ids=["a role that is no word", "a form that is unknown"],
)
def test_what_could_be_read_in_several_ways_is_refused_in_each(
    plain: Endpoint, route: str, spec: Json, place: str, ways: int
) -> None:
    answer = plain.send("POST", route, {"model": MODEL} | spec)
    error = answer.json["error"]
    assert (answer.status, error["type"]) == (400, INVALID)
    assert error["param"].startswith(place)
    readings = 1 if plain.differs("a value that could be read in several ways") else ways
    assert error["message"].count("\n  {'type': ") == readings


def test_a_type_that_is_none_is_refused(plain: Endpoint) -> None:
    answer = plain.complete("x", max_tokens=3, structured_outputs={"json": {"type": "nonsense"}})
    assert (answer.status, answer.json["error"]["type"]) == (400, "BadRequestError")


def test_a_broken_expression_is_refused(plain: Endpoint) -> None:
    answer = plain.complete("x", max_tokens=3, structured_outputs={"regex": "("})
    assert (answer.status, answer.json["error"]["type"]) == (400, "BadRequestError")
    by_python = "unterminated subpattern" in answer.json["error"]["message"]
    assert by_python is plain.differs("the words about a structure that cannot be kept")


def test_what_is_ignored_is_not_refused(plain: Endpoint) -> None:
    answer = plain.complete(
        "hello",
        max_tokens=2,
        best_of=3,
        nonsense=1,
        priority=5,
        kv_transfer_params={"do_remote_decode": True},
    )
    assert answer.status == 200


def test_a_request_that_names_no_model_is_served_by_the_one_there_is(plain: Endpoint) -> None:
    answer = plain.send("POST", COMPLETIONS, {"prompt": "hello", "max_tokens": 2})
    assert (answer.status, answer.json["model"]) == (200, MODEL)
