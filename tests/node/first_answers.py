"""How long the first answer takes after `kubectl apply`, and how much of that is not the engine's own start.

The engine's share is taken from its process's first moment, as the kernel of its node tells it, to the kubelet's
word that it is ready, as a watch of the pod hears it. All the rest counts against us: admission, deciding, placing,
making containers, starting routers, proving the engine, passing the request on.
"""

import asyncio
import subprocess
import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from tests import worlds
from tests.node.operator_stage import Deployed
from tests.node.stories import Manifest, Stage
from tests.node.streams import Question, client, stream_once
from tests.waiting import eventually

EVERY_SECONDS: Final = 0.05
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
        """What the engine did not take."""
        return self.total - self.engine


def measure_first_answer(
    stage: Stage, name: str, kind: type[Question] = Question, spec: Manifest | None = None
) -> FirstAnswer:
    """Apply one deployment and ask until it answers; nothing else is done. The image must lie on the nodes."""
    with Readiness(stage, name) as readiness:
        applied = time.monotonic()
        chat = Deployed(stage, name, **(spec or {}) | {"replicas": 1})
        asyncio.run(_answered(chat.door(), kind))
        answered = time.monotonic()
        ready = readiness.at()
    (pod,) = chat.observe().engines
    age = float(stage.kubectl("exec", pod, "--", "python3", "-c", AGE))
    began = time.monotonic() - age
    return FirstAnswer(total=answered - applied, engine=ready - began)


async def _answered(address: str, kind: type[Question]) -> None:
    """Ask until there is a whole answer: first there is no router, later one that holds what comes."""
    until = time.monotonic() + kind.TIMEOUT_S
    question = kind(number=0, tokens=1, streams=True)
    async with client(address, timeout_s=kind.TIMEOUT_S) as openai:
        while flaw := (await stream_once(openai, question)).flaw:
            assert time.monotonic() < until, f"no answer within {kind.TIMEOUT_S:.0f} s: {flaw}"
            await asyncio.sleep(EVERY_SECONDS)


class Readiness:
    """Hears from the API server when the engine's pod becomes ready: polling would add its own pauses."""

    WORDS: Final = "{.object.status.conditions[?(@.type=='Ready')].status}{'\\n'}"

    def __init__(self, stage: Stage, name: str) -> None:
        selector = f"fairlead.dev/deployment={name},fairlead.dev/role=engine"
        words = ["get", "pods", "-l", selector, "--watch", "--output-watch-events", "-o", f"jsonpath={self.WORDS}"]
        where = [f"--kubeconfig={stage.door.kubeconfig}", f"--namespace={stage.namespace}"]
        self._watch = subprocess.Popen(
            [str(worlds.kubectl_of(stage.door)), *where, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._ready: list[float] = []
        self._thread = threading.Thread(target=self._listen, name=f"readiness of {name}")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        self._watch.kill()
        self._watch.communicate()
        self._thread.join()

    def at(self) -> float:
        """The moment it was heard to be ready."""
        return eventually(lambda: list(self._ready), "the pod is heard to be ready", within_s=10)[0]

    def _listen(self) -> None:
        for line in self._watch.stdout or ():
            if line.strip() == "True":
                self._ready.append(time.monotonic())
