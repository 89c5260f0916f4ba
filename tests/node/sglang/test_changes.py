"""Rollouts, scale-down, drains and a death under streams: planned changes cost no answer."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pytest

from tests.node.engine_world import START_SECONDS, CountedQuestion, serves, traffic
from tests.node.serving.claims import Record, unharmed
from tests.node.serving.rollouts.test_rollouts import observed_until_settled
from tests.node.serving.test_leaving import troubles
from tests.node.sglang.real_engines import OTHER_CONTEXT, deployed, spec
from tests.node.stories import Stage
from tests.node.streams import StreamResult, client, stream_once
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("operated")

LONG: Final = CountedQuestion(number=1, tokens=6000, streams=True)
"""Still being written when the engine is told to end; in a run it wrote 280 tokens a second."""
KILL: Final = """
import os, signal
for pid in filter(str.isdigit, os.listdir("/proc")):
    with open(f"/proc/{pid}/cmdline", "rb") as line:
        if line.read().startswith(b"sglang::scheduler"):
            os.kill(int(pid), signal.SIGKILL)
"""


def test_rollouts_and_a_scale_down_drop_nothing(stage: Stage, record_property: Record) -> None:
    """One traffic through all three. Replace takes the only replica, and requests are held meanwhile."""
    chat = deployed(stage)
    first = serves(chat).engines
    with traffic(chat) as clients:
        chat.apply(engine=spec(OTHER_CONTEXT)["engine"])
        second = serves(chat).engines
        clients.goes_on()
        chat.apply(engine=spec()["engine"], rollout={"strategy": "Surge", "progressDeadlineSeconds": 600})
        seen = observed_until_settled(chat, START_SECONDS)
        clients.goes_on()
        chat.scale(2)
        serves(chat)
        clients.goes_on()
        chat.scale(1)
        serves(chat)
        clients.goes_on()

    unharmed(clients.report, record_property)
    assert first.keys().isdisjoint(second)
    assert min(view.ready for view in seen) >= 1, "a surge starts the new one before the old one goes"
    assert troubles(stage) == []


def test_an_engine_that_is_being_deleted_finishes_its_stream(stage: Stage, record_property: Record) -> None:
    """It would accept new requests too, so routers leave it first; then SIGTERM, and its own drain without a limit."""
    chat = deployed(stage, engine=spec(8192)["engine"])
    (pod,) = serves(chat).engines
    began = threading.Event()
    with ThreadPoolExecutor(1) as apart:
        answer = apart.submit(streamed, chat.address(), began)
        assert began.wait(START_SECONDS), "the stream began"
        stage.kubectl("delete", "pod", pod, "--wait=false")
        deleted = time.monotonic()
        assert answer.result().flaw == ""
        eventually(lambda: pod not in names(stage), "the pod is gone", START_SECONDS)
        record_property("drain_seconds", round(time.monotonic() - deleted, 1))
    assert pod not in serves(chat).engines
    assert troubles(stage) == []


def test_a_killed_scheduler_is_noticed_and_its_pod_serves_again(stage: Stage, record_property: Record) -> None:
    chat = deployed(stage)
    (pod,) = serves(chat).engines
    killed = time.monotonic()
    stage.kubectl("exec", pod, "--", "python3", "-c", KILL)
    eventually(lambda: restarts(stage, pod) == 1, "the container was started again", START_SECONDS)
    record_property("seconds_to_restart", round(time.monotonic() - killed, 1))
    (after,) = serves(chat).engines
    with traffic(chat) as clients:
        clients.goes_on()

    unharmed(clients.report, record_property)
    assert after == pod


def streamed(address: str, began: threading.Event) -> StreamResult:
    """One long stream, from its beginning to its end."""

    async def stream() -> StreamResult:
        async with client(address, timeout_s=LONG.TIMEOUT_S) as openai:
            return await stream_once(openai, LONG, began.set)

    return asyncio.run(stream())


def names(stage: Stage) -> set[str]:
    """Of all pods, including terminating ones."""
    return {pod["metadata"]["name"] for pod in stage.objects("pods")}


def restarts(stage: Stage, pod: str) -> int:
    """Of one pod's containers."""
    (found,) = (one for one in stage.objects("pods") if one["metadata"]["name"] == pod)
    return sum(int(one["restartCount"]) for one in found["status"].get("containerStatuses", ()))
