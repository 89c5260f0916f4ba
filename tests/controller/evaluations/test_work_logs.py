"""The log of a working pod: read whole, or reported as incomplete."""

import asyncio
from typing import Final

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.controller.evaluations.work_logs import MAX_LOG, LogIncomplete, WorkLogs
from tests.controller.evaluations.test_runners import ITEMS, Programs

POD: Final[Manifest] = {"metadata": {"namespace": "default", "name": "chat-baseline", "uid": "1"}}


class Node:
    """What a pod has printed, of which a kubelet hands out so many bytes."""

    def __init__(self, text: str = "") -> None:
        self.printed = text.encode()
        self.reads = 0

    async def whole_log(self, namespace: str, name: str, container: str, max_bytes: int) -> str:
        """Read its log."""
        assert (namespace, name, container) == ("default", "chat-baseline", "evaluation")
        self.reads += 1
        return self.printed[:max_bytes].decode(errors="replace")


@pytest.mark.parametrize("letter", ["x", "é", "語"])
def test_as_much_as_is_read_at_most_may_lack_the_rest(letter: str) -> None:
    """Verdicts after that were taken for none."""
    most = MAX_LOG // len(letter.encode())
    short = asyncio.run(WorkLogs(Node(letter * (most - 2))).all_lines(POD))
    assert len(short[0]) == most - 2
    with pytest.raises(LogIncomplete, match="its log has more than the 10 MiB that are read; write little"):
        asyncio.run(WorkLogs(Node(letter * (most + 2))).all_lines(POD))


@pytest.mark.parametrize("first", ["loading\nmore", "x" * 511 + "é", "x" * 5000])
def test_a_log_that_begins_with_another_line_than_before_was_rotated(first: str) -> None:
    async def story() -> None:
        node = Node()
        logs = WorkLogs(node)
        await logs.note_beginning(POD)
        node.printed = first.encode()
        for _ in range(3):
            await logs.note_beginning(POD)
        assert node.reads == 2, "what is there is not read again"
        node.printed += b"\nmore\r\nlines"
        assert (await logs.all_lines(POD))[-2:] == ("more", "lines")
        node.printed = b"lines after a rotation"
        with pytest.raises(LogIncomplete, match="its node no longer has the beginning of its log"):
            await logs.all_lines(POD)
        assert await logs.lines(POD["metadata"]) == ("lines after a rotation",), "as far as it can be read"
        another = {"metadata": POD["metadata"] | {"uid": "2"}}
        assert await logs.all_lines(another) == ("lines after a rotation",), "another pod of this name"

    asyncio.run(story())


def test_no_more_beginnings_are_kept_than_pods_work() -> None:
    async def story() -> None:
        node = Node("loading")
        logs = WorkLogs(node)
        for number in range(1002):
            await logs.note_beginning({"metadata": POD["metadata"] | {"uid": str(number)}})
        node.printed = b"later"
        assert await logs.all_lines({"metadata": POD["metadata"] | {"uid": "0"}}) == ("later",)
        with pytest.raises(LogIncomplete):
            await logs.all_lines({"metadata": POD["metadata"] | {"uid": "1001"}})

    asyncio.run(story())


def test_a_log_whose_node_dropped_its_beginning_decides_nothing() -> None:
    """A kubelet hands out what came after the last rotation; the verdicts before it were taken for none."""
    world = Programs()
    whole = world.kube.programs["-candidate"]
    world.kube.programs["-candidate"] = lambda pod: (None, whole(pod)[1][:2000])
    while not world.pods() or not world.pods()[0]["metadata"]["name"].endswith("-candidate"):
        world.steps()
    world.steps(5)
    assert world.gate["reason"] == "NotFinished"
    world.kube.programs["-candidate"] = lambda pod: (0, whole(pod)[1][2000:])
    gate = world.until("Error")
    assert gate["message"] == (
        f"pod chat-{world.canary['revision']}-candidate: its node no longer has the beginning of its log; write little "
        "but the verdicts; fix it, and delete the pod to try again"
    )
    world.kube.programs["-candidate"] = whole
    (pod,) = world.pods()
    world.kube.delete(kinds.POD, "default", pod["metadata"]["name"])
    assert world.until("Passed")["compared"] == ITEMS
