"""Rollouts, scale-down and the death of an engine under streams: planned changes cost no answer."""

from typing import Final

import pytest

from tests.node.engine_world import START_SECONDS, serves, traffic
from tests.node.operator_stage import Deployed
from tests.node.serving.claims import Record, unharmed
from tests.node.serving.rollouts.test_rollouts import observed_until_settled
from tests.node.serving.test_leaving import troubles
from tests.node.stories import Stage
from tests.node.vllm.real_engines import OTHER_CONTEXT, deployed, spec
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("operated")

KILL: Final = """
import os, signal
for pid in filter(str.isdigit, os.listdir("/proc")):
    with open(f"/proc/{pid}/cmdline", "rb") as line:
        if line.read().startswith(b"VLLM::EngineCore"):
            os.kill(int(pid), signal.SIGKILL)
"""
TAKE_MEMORY: Final = """
import os
for pid in filter(str.isdigit, os.listdir("/proc")):
    with open(f"/proc/{pid}/cmdline", "rb") as line:
        if line.read().startswith(b"VLLM::EngineCore"):
            engine = int(pid)
with open(f"/proc/{engine}/oom_score_adj", "w") as score:
    score.write("1000")  # so that it ends and not this
held, state = [], f"/proc/{engine}/status"
while len(held) < 96 and os.path.exists(state) and "Z (" not in open(state).read():
    held.append(b"x" * (64 << 20))
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


def test_a_killed_engine_is_named_in_an_event_and_serves_again(stage: Stage, record_property: Record) -> None:
    """vLLM then ends its server with exit code 0, as if all were well; nobody should take that for intended."""
    chat = deployed(stage)
    (pod,) = serves(chat).engines
    stage.kubectl("exec", pod, "--", "python3", "-c", KILL)
    eventually(lambda: restarts(chat) == 1, "the container was started again", START_SECONDS)
    events = eventually(lambda: troubles(stage), "an Event says that it ended")
    (after,) = serves(chat).engines
    with traffic(chat) as clients:
        clients.goes_on()

    unharmed(clients.report, record_property)
    assert after == pod
    assert events


def test_an_engine_for_which_memory_ran_out_says_so(stage: Stage) -> None:
    """A process in the container takes all the memory that its limit leaves, and the kernel ends the engine for it."""
    chat = deployed(stage)
    (pod,) = serves(chat).engines
    stage.kubectl("exec", pod, "--", "python3", "-c", TAKE_MEMORY)
    eventually(lambda: "OutOfMemory" in reasons_given(chat), "OutOfMemory is told", START_SECONDS)
    serves(chat)


def reasons_given(chat: Deployed) -> str:
    """Reasons of conditions and of Events about it, current and past."""
    events = (str(one.get("reason", "")) for one in chat.stage.objects("events"))
    return " ".join((*events, *(str(one["reason"]) for one in chat.observe().status.get("conditions", ()))))


def restarts(chat: Deployed) -> int:
    """Of all its engines' containers."""
    return sum(one["restartCount"] for pod in chat.observe().pods for one in pod["status"].get("containerStatuses", ()))
