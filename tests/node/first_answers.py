"""How long the first answer takes after `kubectl apply`, and how much of that is not the engine's own start.

The engine's share runs from the start of its process, as its node's kernel records it, until the kubelet reports it
ready, as a watch of the pod receives it. All the rest counts against us: admission, deciding, placing, creating
containers, starting routers, proving the engine, routing the request.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Final

from devcluster.kubectl_watch import KubectlWatch
from tests import worlds
from tests.node.operator_stage import Deployed
from tests.node.stories import Manifest, Stage
from tests.node.streams import Question, client, stream_once
from tests.waiting import eventually

EVERY_SECONDS: Final = 0.05
READY: Final = "{.object.status.conditions[?(@.type=='Ready')].status}"
AGE: Final = (
    "import os; up = float(open('/proc/uptime').read().split()[0]); "
    "stat = open('/proc/1/stat').read().rpartition(')')[2].split(); "
    "print(up - int(stat[19]) / os.sysconf('SC_CLK_TCK'))"
)
"""Prints how many seconds ago the container's first process began; finer than the kubelet's whole seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstAnswer:
    """Seconds of one deployment."""

    total: float
    """From apply to the end of the first answer."""
    engine: float
    """From the engine's first moment to ready."""

    @property
    def overhead(self) -> float:
        """The time that the engine did not take."""
        return self.total - self.engine


def measure_first_answer(
    stage: Stage, name: str, kind: type[Question] = Question, spec: Manifest | None = None
) -> FirstAnswer:
    """Apply one deployment and send requests until it answers. The image must already be on the nodes."""
    with _readiness(stage, name) as readiness:
        applied = time.monotonic()
        chat = Deployed(stage, name, **(spec or {}) | {"replicas": 1})
        asyncio.run(_answered(chat.door(), kind))
        answered = time.monotonic()
        ready = _ready_at(readiness)
    (pod,) = chat.observe().engines
    age = float(stage.kubectl("exec", pod, "--", "python3", "-c", AGE))
    began = time.monotonic() - age
    return FirstAnswer(total=answered - applied, engine=ready - began)


async def _answered(address: str, kind: type[Question]) -> None:
    """Retry until there is a whole answer: at first there is no router, later one that holds requests."""
    until = time.monotonic() + kind.TIMEOUT_S
    question = kind(number=0, tokens=1, streams=True)
    async with client(address, timeout_s=kind.TIMEOUT_S) as openai:
        while flaw := (await stream_once(openai, question)).flaw:
            assert time.monotonic() < until, f"no answer within {kind.TIMEOUT_S:.0f} s: {flaw}"
            await asyncio.sleep(EVERY_SECONDS)


def _readiness(stage: Stage, name: str) -> KubectlWatch:
    """A watch of the engine's pod."""
    selector = f"fairlead.dev/deployment={name},fairlead.dev/role=engine"
    words = ("pods", "-l", selector, f"--namespace={stage.namespace}")
    return KubectlWatch(worlds.kubectl_of(stage.door), stage.door.kubeconfig, words, READY)


def _ready_at(readiness: KubectlWatch) -> float:
    """When its readiness was received."""

    def moments() -> list[float]:
        return [line.at for line in tuple(readiness.lines) if line.text == "True"]

    return eventually(moments, "the pod is heard to be ready", within_s=10)[0]
