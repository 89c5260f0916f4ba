"""What an object that nests too deeply costs: what lies deeper, and nothing else."""

import json
from typing import Any

import pytest

from fairlead.cluster import api_errors, kinds, nested_json, watch_stream
from fairlead.cluster.api_errors import ApiRequest
from fairlead.cluster.nested_json import MAX_LEVELS

LEVELS = 5000
DEEP = '{"a": [' * LEVELS + '"]}\\"' + '"' + "]}" * LEVELS
WATCH = ApiRequest(verb="watch", resource=kinds.POD)


def levels(value: Any) -> int:  # noqa: ANN401 - any JSON
    """How deep it nests along its first branch."""
    count = 0
    while isinstance(value, dict | list) and value:
        value = next(iter(value.values())) if isinstance(value, dict) else value[0]
        count += 1
    return count


def test_a_shallow_document_is_read_whole() -> None:
    document = {"text": '} ] " \\', "list": [1, [2, {"three": None}]]}
    assert nested_json.loads(json.dumps(document).encode()) == document


def test_of_a_deep_one_what_lies_deeper_is_null_and_the_rest_is_kept() -> None:
    read = nested_json.loads(f'{{"before": "}}]", "deep": {DEEP}, "after": [{DEEP}, 1]}}'.encode())
    assert (read["before"], read["after"][1]) == ("}]", 1)
    assert (levels(read["deep"]), levels(read["after"])) == (MAX_LEVELS - 1, MAX_LEVELS - 1)


def test_a_deep_document_that_is_cut_off_cannot_be_parsed() -> None:
    with pytest.raises(ValueError, match="Expecting value"):
        nested_json.loads(b"[" * LEVELS)
    assert not api_errors.is_of_server(api_errors.STATUS_TYPE, b"[" * LEVELS)


def test_a_watch_goes_on_after_an_object_that_nests_too_deeply() -> None:
    """A field without a schema, such as an affinity, may hold it, and no namespace may end the operator of all."""
    head = '"metadata": {"name": "chat", "resourceVersion": "7"}'
    line = f'{{"type": "ADDED", "object": {{{head}, "spec": {{"affinity": {DEEP}}}}}}}'.encode()
    event = watch_stream.event(WATCH, line)
    assert (event.version, event.manifest["metadata"]["name"]) == ("7", "chat")
