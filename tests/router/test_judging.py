"""The reading of bad answers: who is to blame, and who may help."""

import pytest

from fairlead.router.verdicts import Verdict, verdict


@pytest.mark.parametrize(
    ("status", "body", "meaning"),
    [
        (200, b"", Verdict.PASS_ON),
        (429, b"cannot schedule new futures after shutdown", Verdict.PASS_ON),
        (500, b'{"message": "cannot schedule new futures after shutdown"}', Verdict.LEAVING),
        (500, b'{"message": "EngineCore encountered an issue."}', Verdict.DYING),
        (200, b'data: {"error": {"message": "EngineCore encountered an issue."}}', Verdict.DYING),
        (200, b'data: {"error": {"message": "out of tokens"}}', Verdict.PASS_ON),
        (200, b'data: {"choices": [{"text": "EngineCore encountered an issue"}]}', Verdict.PASS_ON),
        (503, b"The engine is currently busy", Verdict.BUSY),
        (500, b"Internal server error", Verdict.FAILED),
        (502, b"", Verdict.FAILED),
    ],
)
def test_a_bad_answer_says_who_is_to_blame(status: int, body: bytes, meaning: Verdict) -> None:
    assert verdict(status, body) is meaning
