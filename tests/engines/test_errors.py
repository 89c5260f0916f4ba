"""Classifying errors: who caused them, and who can fix them."""

import pytest

from fairlead.engines.http_api import EngineErrorClass
from fairlead.engines.vllm.errors import error_class


@pytest.mark.parametrize(
    ("status", "body", "meaning"),
    [
        (200, b"", EngineErrorClass.PASS_ON),
        (429, b"cannot schedule new futures after shutdown", EngineErrorClass.PASS_ON),
        (500, b'{"message": "cannot schedule new futures after shutdown"}', EngineErrorClass.LEAVING),
        (500, b'{"message": "EngineCore encountered an issue."}', EngineErrorClass.DYING),
        (200, b'data: {"error": {"message": "EngineCore encountered an issue."}}', EngineErrorClass.DYING),
        (200, b'data: {"error": {"message": "out of tokens"}}', EngineErrorClass.PASS_ON),
        (200, b'data: {"choices": [{"text": "EngineCore encountered an issue"}]}', EngineErrorClass.PASS_ON),
        (503, b"The engine is currently busy", EngineErrorClass.BUSY),
        (500, b"Internal server error", EngineErrorClass.FAILED),
        (502, b"", EngineErrorClass.FAILED),
    ],
)
def test_a_bad_answer_says_who_is_to_blame(status: int, body: bytes, meaning: EngineErrorClass) -> None:
    assert error_class(status, body) is meaning
