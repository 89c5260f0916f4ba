"""An engine whose last words refer to its log: the log is read once, and its line becomes the reason."""

import asyncio
from typing import Final

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.api_errors import ApiRequest, of_answer
from fairlead.controller import snapshot
from fairlead.controller.pods import end_causes
from fairlead.controller.pods.log_reader import AGAIN_S, LogReader
from tests.controller.pretend import Pretend
from tests.controller.test_bad_revisions import ended, on_the_way

ELSEWHERE: Final = ended(
    "RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}"
)
LOG: Final = "(EngineCore pid=7) ERROR safetensors_rust.SafetensorError: Error while deserializing header: too small\n"


def failing() -> Pretend:
    """A deployment that serves, and a new revision whose engine fails in a second process."""
    world, _, new = on_the_way()
    world.kube.broken[new] = ELSEWHERE
    world.server.logs[("engine", True)] = LOG
    return world


def test_the_line_of_the_log_is_the_reason_and_it_is_read_once_for_each_end() -> None:
    world = failing()
    world.rounds(5)
    assert "SafetensorError: Error while deserializing header" in world.message("Ready")
    assert "check the files at spec.model.source" in world.message("Ready")
    before = world.server.logs_read
    world.rounds(2)
    assert world.server.logs_read == before > 0


def test_without_the_right_to_read_logs_the_termination_message_stays_and_no_retry_follows() -> None:
    world = failing()
    world.server.faults.forbidden = frozenset({("get", "pods/log")})
    world.rounds(5)
    words = "the engine exited with code 1: RuntimeError: Engine core initialization failed; kubectl logs shows more"
    assert words in world.message("Ready"), "what points at lines that are not there is left out"
    before = world.server.logs_read
    world.rounds(2)
    assert world.server.logs_read == before > 0


class SilentOnce:
    """A node that does not answer the first time."""

    def __init__(self) -> None:
        self.reads = 0

    async def log(self, namespace: str, name: str, container: str, *, previous: bool) -> str:
        """The log, except the first time."""
        self.reads += 1
        if self.reads == 1:
            request = ApiRequest(verb="get", resource=kinds.POD, namespace=namespace, name=name, subresource="log")
            raise of_answer(request, 500, b"no answer of the kubelet")
        return f"{LOG}{container}, {previous}"


def test_a_node_that_does_not_answer_is_queried_again_a_little_later() -> None:
    world, node, now = failing(), SilentOnce(), [0.0]
    world.rounds(5)
    observed = snapshot.observe(world.world, world.key())
    assert observed is not None
    reader = LogReader(node, lambda: now[0])
    for _ in range(3):
        assert asyncio.run(reader.explained(observed)) == observed
    assert node.reads == 1
    now[0] += AGAIN_S
    explained = asyncio.run(reader.explained(observed))
    assert "SafetensorError: Error while deserializing header" in str(explained.pods)
    (pod,) = (one for some in observed.pods.values() for one in some if end_causes.unexplained(one))
    reader.forget(pod["metadata"]["uid"])
    asyncio.run(reader.explained(observed))
    assert node.reads == 3


def test_a_node_that_never_answers_holds_a_reconcile_up_for_seconds_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fairlead.controller.pods.log_reader.LONGEST_S", 0.01)
    world = failing()

    async def gone(*_: object, **__: object) -> str:
        await asyncio.sleep(3600)
        return ""

    monkeypatch.setattr(world.server, "log", gone)
    world.rounds(5)
    assert "kubectl logs shows more" in world.message("Ready")
