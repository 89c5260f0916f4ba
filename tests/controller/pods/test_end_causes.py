"""Why an engine of several processes ended: its termination message refers to the log, where one line says it."""

from typing import Any

import pytest

from fairlead.controller.pods import end_causes, pod_troubles
from fairlead.controller.pods.end_causes import UnexplainedEnd
from fairlead.fleet.conditions import ConditionReason as Why

ELSEWHERE = "RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {'Engine': 1}"
OUT_OF_MEMORY = "(EngineCore pid=77) ERROR 11-22 05:40:21 [core.py:9] torch.OutOfMemoryError: CUDA out of memory. Tried"
LOG = f"""INFO:     10.1.1.1:4242 - "GET /v1/models/404 HTTP/1.1" 404 Not Found
(EngineCore pid=77) ERROR 11-22 05:40:21 [core.py:9] EngineCore failed to start.
(EngineCore pid=77) ERROR 11-22 05:40:21 [core.py:9] Traceback (most recent call last):
{OUT_OF_MEMORY}
(EngineCore pid=77) Process EngineCore:
(APIServer pid=1) Traceback (most recent call last):
(APIServer pid=1) {ELSEWHERE}
"""


def pod(status: dict[str, Any], **metadata: str) -> dict[str, Any]:
    """A pod with one container."""
    return {"metadata": {"name": "p", "uid": "u"} | metadata, "status": {"containerStatuses": [status]}}


def ended(message: str = ELSEWHERE, code: int = 1, where: str = "state", **more: str) -> dict[str, Any]:
    """A container's end."""
    return {"name": "engine", where: {"terminated": {"exitCode": code, "message": message, "containerID": "c"} | more}}


def test_the_end_and_the_log_that_explains_it_are_named() -> None:
    assert end_causes.unexplained(pod(ended())) == UnexplainedEnd("u", "engine", "c", previous=False)
    assert end_causes.unexplained(pod(ended(where="lastState"))) == UnexplainedEnd("u", "engine", "c", previous=True)


@pytest.mark.parametrize(
    "crashed",
    [
        pod({"name": "engine", "state": {"running": {}}}),
        pod(ended(), deletionTimestamp="2026-11-22T00:00:00Z"),
        pod(ended("", 137, reason="OOMKilled")),
        pod(ended("", 0)),
        pod(ended("SafetensorError: incomplete metadata")),
        pod(ended("RuntimeError: See root cause above. Failed core proc(s): {'EngineCore': -9}")),
        pod(ended(where="lastState") | {"ready": True}),
    ],
)
def test_what_is_explained_already_needs_no_log(crashed: dict[str, Any]) -> None:
    assert end_causes.unexplained(crashed) is None


@pytest.mark.parametrize(
    ("log", "line"),
    [
        (LOG, "torch.OutOfMemoryError: CUDA out of memory. Tried"),
        ("ERROR cuda out of memory here\n", "ERROR cuda out of memory here"),
        (f"KeyError: 'a'\nValueError: one too many\nINFO nothing\n{ELSEWHERE}", "ValueError: one too many"),
        ("ERROR something\n", ""),
        ("", ""),
    ],
)
def test_of_a_log_one_line_says_why(log: str, line: str) -> None:
    assert end_causes.cause(log) == line


def test_with_it_the_end_has_a_reason_and_a_remedy_and_the_stored_pod_is_as_it_was() -> None:
    stored = pod(ended())
    end = end_causes.unexplained(stored)
    assert end is not None
    explained = end_causes.with_cause(stored, end, end_causes.cause(LOG))
    before, after = pod_troubles.trouble(stored), pod_troubles.trouble(explained)
    assert before is not None
    assert after is not None
    assert (before.reason, after.reason) == (Why.CRASH_LOOP, Why.OUT_OF_GPU_MEMORY)
    assert "CUDA out of memory. Tried; lower spec.engine.context" in after.message
    other = UnexplainedEnd("u", "another", "c", previous=False)
    assert end_causes.with_cause(stored, other, "words") == stored
