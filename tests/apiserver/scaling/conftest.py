"""Fixtures of the scaling tests: real controllers and scheduler, pods that answer, and the operator as a process."""

import asyncio
import json
import threading
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from devcluster.door import DoorClosed, Embedded
from fairlead.cluster import connection
from fairlead.cluster.api_server import ApiServer
from tests import api_reader
from tests.controller.pretend import deployment
from tests.faults.answering_pods import AnsweringPods, answering
from tests.faults.operator import OperatorProcess, kubelet
from tests.faults.proxy import CLOSING_S
from tests.faults.small_cluster import small_cluster
from tests.waiting import eventually

FLAGS: Final = ("--webhook", "off", "--router-image", "none", "--engine-image", "none")
POLICY: Final[dict[str, Any]] = {
    "apiVersion": "fairlead.dev/v1alpha1",
    "kind": "AutoscalingPolicy",
    "metadata": {"name": "queue", "namespace": "default"},
    "spec": {
        "signals": {"queueDepth": {"targetPerReplica": 2}},
        "coldStart": {"assume": "3s"},
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": 5, "maxStep": 8}},
        "metrics": {"staleAfter": "5s"},
    },
}


LAST_CHARACTERS: Final = 6000
"""Characters of its log to show; the whole log of a stage is too long to read."""
OPERATOR: Final = pytest.StashKey[OperatorProcess]()


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One cluster, its operator, and the load on its pods."""

    door: Embedded
    operator: OperatorProcess
    pods: AnsweringPods

    def begin(self, name: str, **scaling: object) -> None:
        """Create a deployment that scales between one and six, and wait for its first recommendation."""
        spec = {"minReplicas": 1, "maxReplicas": 6, "policy": {"name": "queue"}} | scaling
        self.apply(deployment(name, replicas=None, scaling=spec, router={"replicas": 1}))
        eventually(lambda: self.recommended(name) is not None, f"{name} is decided", 60)

    def apply(self, document: dict[str, Any]) -> None:
        """Apply an object as a user would."""
        self.door.kubectl("apply", "-f", "-", text=json.dumps(document))

    def objects(self, kind: str, selector: str = "") -> list[dict[str, Any]]:
        """List objects as they are now."""
        return api_reader.reader(self.door.kubeconfig).objects(kind, "default", selector)

    def status(self, name: str) -> dict[str, Any]:
        """The whole status of a deployment."""
        found = (one for one in self.objects("infd") if one["metadata"]["name"] == name)
        return dict(next(found, {}).get("status") or {})

    def recommended(self, name: str) -> int | None:
        """The autoscaler's recommendation."""
        found = (self.status(name).get("scaling") or {}).get("recommended")
        return found if isinstance(found, int) else None

    def replicas(self, name: str) -> int:
        """Replicas that the controller requests from Kubernetes, over all revisions."""
        selector = f"fairlead.dev/deployment={name},fairlead.dev/role=engine"
        return sum(int(one["spec"]["replicas"]) for one in self.objects("deployments", selector))

    def reaches(self, name: str, replicas: int) -> None:
        """Wait until it has this many replicas."""
        eventually(lambda: self.replicas(name) == replicas, f"{name} has {replicas} replicas", 60)

    def events(self, name: str, reason: str) -> list[str]:
        """Notes of a deployment's Events with one reason."""
        return [
            str(one.get("note", ""))
            for one in self.objects("events.events.k8s.io")
            if one["regarding"].get("name") == name and one["reason"] == reason
        ]

    def refused(self, *words: str) -> str:
        """The server's message when it refuses a command; empty when it accepts."""
        try:
            self.door.kubectl(*words)
        except DoorClosed as problem:
            return str(problem)
        return ""


@pytest.fixture(scope="package")
def stage(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """One for all of these tests."""
    with ExitStack() as stack:
        door = stack.enter_context(small_cluster(96))
        pods = stack.enter_context(_answering(door))
        operator = OperatorProcess(kubeconfig=door.kubeconfig, folder=tmp_path_factory.mktemp("scaling"), flags=FLAGS)
        request.config.stash[OPERATOR] = operator
        operator.start()
        stack.callback(lambda: operator.stop() if operator.runs() else None)
        operator.wait_ready()
        stack.enter_context(kubelet(operator))
        made = Stage(door=door, operator=operator, pods=pods)
        made.apply(POLICY)
        yield made


@pytest.fixture(autouse=True)
def alone(stage: Stage) -> Iterator[None]:
    """Give each test the cluster to itself: what it created is deleted afterwards."""
    yield
    stage.door.kubectl("delete", "infd,infg", "--all", "--wait=false")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the end of the operator's log to a failed test's report."""
    report = yield
    operator = item.config.stash.get(OPERATOR, None)
    if report.failed and operator is not None:
        log = operator.log.read_text(encoding="utf-8", errors="replace")
        report.sections.append(("log of the operator", log[-LAST_CHARACTERS:]))
    return report


@contextmanager
def _answering(door: Embedded) -> Iterator[AnsweringPods]:
    """Serve pods from their own thread, so that tests may block."""
    ready, end = threading.Event(), asyncio.Event()
    found: list[AnsweringPods] = []
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        way = await connection.connect({"KUBECONFIG": str(door.kubeconfig)}, Path("/nonexistent"))
        async with way, answering(ApiServer(way)) as pods:
            found.append(pods)
            ready.set()
            await end.wait()
        await asyncio.sleep(CLOSING_S)

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), name="pods", daemon=True)
    thread.start()
    assert ready.wait(30)
    try:
        yield found[0]
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join(timeout=30)
        loop.close()
