"""The output format that a request requires, in the fields of each API."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.routing.answers.wanted_output import ANY_OBJECT, WantedOutput, wanted_in
from tests.routing.answers.replies import PERSON, wanting

SCHEMA = json.dumps(PERSON).encode()


@pytest.mark.parametrize(
    ("body", "schema", "tools", "name"),
    [
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "it", "schema": PERSON}}},
            SCHEMA,
            {},
            "it",
        ),
        ({"response_format": {"type": "json_object"}}, ANY_OBJECT, {}, "json_object"),
        ({"text": {"format": {"type": "json_schema", "name": "it", "schema": PERSON}}}, SCHEMA, {}, "it"),
        ({"structured_outputs": {"json": PERSON}}, SCHEMA, {}, "json_schema"),
        ({"structured_outputs": {"json": json.dumps(PERSON)}}, SCHEMA, {}, "json_schema"),
        (
            {"tools": [{"type": "function", "function": {"name": "f", "parameters": PERSON}}]},
            None,
            {"f": SCHEMA},
            "tools",
        ),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, None, {"f": b""}, "tools"),
        ({"tools": [{"type": "function", "name": "f", "parameters": PERSON}]}, None, {"f": SCHEMA}, "tools"),
        ({"tools": [{"name": "f", "input_schema": PERSON}, {"type": "web_search"}]}, None, {"f": SCHEMA}, "tools"),
    ],
)
def test_the_required_output_format_is_read_from_the_fields_of_each_api(
    body: dict[str, Any], schema: bytes | None, tools: dict[str, bytes], name: str
) -> None:
    assert wanted_in(json.dumps(body).encode()) == WantedOutput(schema=schema, tools=tools, name=name)


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[]",
        b'{"response_format": {"type": "text"}}',
        b'{"response_format": {"type": "json_schema", "json_schema": {"schema": null}}}',
        b'{"response_format": {"type": "json_schema"}}',
        b'{"text": {}}',
        b'{"structured_outputs": {"regex": "a"}}',
        b'{"tools": []}',
        b'{"tools": 5}',
        b"[" * 100_000,
    ],
)
def test_a_body_without_a_format_that_can_be_checked_requires_none(body: bytes) -> None:
    assert wanted_in(body) is None


@given(st.binary())
def test_no_bytes_of_a_body_ever_raise(body: bytes) -> None:
    assert wanted_in(body) is None
    wanted_in(wanting()[: len(body)] + body)
