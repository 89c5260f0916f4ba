"""Classifying errors: who caused them, and who can fix them."""

import pytest

from fairlead.engines import catalogue
from fairlead.engines.http_api import EngineErrorClass
from fairlead.engines.vllm.errors import error_class, lost_adapter


@pytest.mark.parametrize(
    ("status", "body", "meaning"),
    [
        (200, b"", EngineErrorClass.PASS_ON),
        (429, b"cannot schedule new futures after shutdown", EngineErrorClass.PASS_ON),
        (500, b'{"message": "cannot schedule new futures after shutdown"}', EngineErrorClass.LEAVING),
        (500, b'{"message": "EngineCore encountered an issue."}', EngineErrorClass.DYING),
        (200, b'data: {"error": {"message": "EngineCore encountered an issue."}}', EngineErrorClass.DYING),
        (200, b'data: {"error": {"message": "out of tokens"}}', EngineErrorClass.PASS_ON),
        (
            200,
            b'event: error\ndata: {"error": {"message": "EngineCore encountered an issue."}}',
            EngineErrorClass.DYING,
        ),
        (200, b'event: message_start\ndata: {"a": "EngineCore encountered an issue"}', EngineErrorClass.PASS_ON),
        (200, b'data: {"choices": [{"text": "EngineCore encountered an issue"}]}', EngineErrorClass.PASS_ON),
        (503, b"The engine is currently busy", EngineErrorClass.BUSY),
        (500, b"Internal server error", EngineErrorClass.FAILED),
        (502, b"", EngineErrorClass.FAILED),
    ],
)
def test_a_bad_answer_says_who_is_to_blame(status: int, body: bytes, meaning: EngineErrorClass) -> None:
    assert error_class(status, body) is meaning


LOST = b"The model `sql@5f3b` does not exist. Valid aliases: chat."


@pytest.mark.parametrize(
    ("status", "body", "meaning"),
    [
        (404, b'{"error": {"message": "%b", "type": "NotFoundError", "param": "model", "code": 404}}' % LOST, True),
        (404, b'{"type": "error", "error": {"type": "NotFoundError", "message": "%b"}}' % LOST, True),
        (400, b'{"error": {"message": "%b"}}' % LOST, False),
        (404, b'{"error": {"message": "The model `sql` does not exist. Valid aliases: chat."}}', False),
        (404, b'{"error": {"message": "Response with id \'%b\' not found."}}' % LOST, False),
        (404, b'{"error": "%b"}' % LOST, False),
        (404, b'{"detail": "Not Found"}', False),
        (404, b"<html>", False),
        (404, b"[" * 100_000, False),
    ],
)
def test_only_a_404_that_names_the_adapter_says_that_it_is_lost(status: int, body: bytes, *, meaning: bool) -> None:
    assert lost_adapter(status, body, "sql@5f3b") is meaning


def test_an_engine_that_keeps_its_adapters_never_says_that_one_is_lost() -> None:
    assert not catalogue.api("SGLang").errors.lost_adapter(404, b'{"error": {"message": "%b"}}' % LOST, "sql@5f3b")
