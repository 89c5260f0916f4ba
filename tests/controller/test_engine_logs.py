"""An engine whose own last words leave the reason to its log: the log is read once, and its line becomes the reason."""

from typing import Final

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.api_errors import ApiRequest, of_answer
from tests.controller.pretend import Pretend
from tests.controller.test_bad_revisions import ended, on_the_way

ELSEWHERE: Final = ended("RuntimeError: Engine core initialization failed. See root cause above.")
LOG: Final = "(EngineCore pid=7) ERROR safetensors_rust.SafetensorError: Error while deserializing header: too small\n"


def failing() -> Pretend:
    """A deployment that serves, and a new revision whose engine fails in another of its processes."""
    world, _, new = on_the_way()
    world.kube.broken[new] = ELSEWHERE
    world.server.logs[("engine", True)] = LOG
    return world


def test_the_line_of_the_log_is_the_reason_and_it_is_read_once_for_each_end() -> None:
    world = failing()
    world.rounds(5)
    assert "SafetensorError: Error while deserializing header" in world.message("Ready")
    assert "check the files behind spec.model.source" in world.message("Ready")
    before = world.server.logs_read
    world.rounds(2)
    assert world.server.logs_read == before > 0


def test_without_the_right_to_read_logs_the_last_words_stand_and_nobody_asks_again() -> None:
    world = failing()
    world.server.faults.forbidden = frozenset({("get", "pods/log")})
    world.rounds(5)
    assert "See root cause above.; kubectl logs shows more" in world.message("Ready")
    before = world.server.logs_read
    world.rounds(2)
    assert world.server.logs_read == before > 0


def test_a_node_that_does_not_answer_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    world, read = failing(), list[str]()

    async def silent(namespace: str, name: str, container: str, *, previous: bool) -> str:
        read.append(f"{namespace} {container} {previous}")
        raise of_answer(ApiRequest(verb="get", resource=kinds.POD, name=name), 500, b"no answer of the kubelet")

    monkeypatch.setattr(world.server, "log", silent)
    world.rounds(5)
    assert set(read) == {"default engine True"}
    assert "kubectl logs shows more" in world.message("Ready")
    monkeypatch.undo()
    world.rounds(2)
    assert "SafetensorError" in world.message("Ready")
