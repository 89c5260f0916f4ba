"""Parsers outside the room that reads, tested on small texts; the check itself judges the real tree."""

from pathlib import Path

import pytest

from house import readers

FILE = readers.PACKAGE / "cli" / "anything.py"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("import json\nFOUND = json.loads('1')\n", "json.loads"),
        ("import json\nREAD = json.JSONDecoder().decode\n", "json.JSONDecoder"),
        ("import yaml\nFOUND = yaml.load('1', Loader=yaml.SafeLoader)\n", "yaml.load"),
        ("import msgspec\nREAD = msgspec.json.Decoder(int)\n", "msgspec.json.Decoder"),
        ("\nfrom yaml import safe_load as read\n", "yaml.safe_load"),
        ("import json as j\nFOUND = j.loads('1')\n", "json.loads"),
        ("from msgspec import json\nFOUND = json.decode('1')\n", "msgspec.json.decode"),
        ("import json\nREAD = json.decoder.JSONDecoder()\n", "json.decoder.JSONDecoder"),
        ("\nfrom json.decoder import JSONDecoder\n", "json.decoder.JSONDecoder"),
        ("import msgspec.json as fast\nREAD = fast.Decoder\n", "msgspec.json.Decoder"),
        ("async def read(answer):\n    return await answer.json()\n", "….json()"),
        ("async def read(answer):\n    return await wait_for(answer.json(), 1)\n", "….json()"),
        ("\nFOUND = Model.model_validate_json('1')\n", "model_validate_json"),
    ],
)
def test_a_parser_is_named_with_its_line(text: str, name: str) -> None:
    assert list(readers.parsers(text)) == [(name, 2)]
    (line, *unused) = readers.violations({FILE: [(name, 2)]})
    assert line == f"{FILE}:2: {name}: use fairlead.documents"
    assert len(unused) == len(readers.EXCEPTIONS)


def test_what_writes_is_no_parser() -> None:
    text = "import json, yaml\nA = json.dumps(1)\nB = yaml.safe_dump(1)\nC = read.loads('1')\nD = web.json(1)\n"
    assert list(readers.parsers(text)) == []


def test_the_room_itself_and_what_is_excepted_may_parse_and_an_exception_without_a_parser_is_named() -> None:
    calls = {readers.PACKAGE / one / "any.py" if one.endswith("/") else readers.PACKAGE / one: [("json.loads", 1)]
             for one in readers.EXCEPTIONS}  # fmt: skip
    calls[readers.ROOM / "json_document.py"] = [("json.loads", 1)]
    assert list(readers.violations(calls)) == []
    first = next(iter(calls))
    (line,) = readers.violations({path: found for path, found in calls.items() if path != first})
    assert line.endswith(f"{Path(first).relative_to(readers.PACKAGE)}: calls no parser any more: remove the exception")
