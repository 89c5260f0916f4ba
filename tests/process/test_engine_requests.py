"""Our own requests at pods: after those of users wherever an engine serves by priority, and without names of theirs."""

import json
from typing import Any

import pytest

from fairlead.cluster.pod_http import ReplyBounds
from fairlead.engines.catalogue import ENGINES
from fairlead.fleet.desired_state import EngineKind
from fairlead.process import engine_requests
from fairlead.process.engine_requests import EngineRequest

CHAT = {"model": "chat", "messages": [{"role": "user", "content": "2 + 2?"}], "temperature": 0.10}


def body(kind: EngineKind, path: str, sent: bytes) -> bytes:
    """The body as this kind gets it."""
    return engine_requests.body_for(
        ENGINES[kind].api, EngineRequest(path=path, body=sent, headers={}, bounds=ReplyBounds(1.0))
    )


@pytest.mark.parametrize(
    ("kind", "path", "changed"),
    [
        (EngineKind.SGLANG, "/v1/chat/completions", {"priority": 1_000_000}),
        (EngineKind.SIMULATED_SGLANG, "/v1/completions", {"priority": 1_000_000}),
        (EngineKind.SGLANG, "/v1/messages", {"priority": 3}),
        (EngineKind.TENSORRT_LLM, "/v1/chat/completions", {"priority": 3, "rid": "a"}),
        (EngineKind.VLLM, "/v1/chat/completions", {"priority": 3, "rid": "a"}),
    ],
)
def test_a_programs_request_is_last_and_has_no_name(kind: EngineKind, path: str, changed: dict[str, Any]) -> None:
    sent = json.dumps(CHAT | {"priority": 3, "rid": "a"}).encode()

    assert json.loads(body(kind, path, sent)) == CHAT | changed


@pytest.mark.parametrize("sent", [b"", b"[1]", b"not json", b'{"a": '])
def test_what_is_no_object_is_for_the_engine_to_refuse(sent: bytes) -> None:
    assert body(EngineKind.SGLANG, "/v1/completions", sent) == sent


def test_a_number_stays_as_it_was_written() -> None:
    assert body(EngineKind.SGLANG, "/tokenize", b'{"temperature": 1.50}') == b'{"temperature":1.50}'
