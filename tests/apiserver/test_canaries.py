"""A canary on a real API server: what users write, what the operator stores, and users' commands.

Deployments, pods and routers are fake; the object, its defaults, its schema and each status are real.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from devcluster.door import DoorClosed, Embedded
from fairlead.cli import main
from fairlead.cluster import kinds
from fairlead.cluster.api_server import ApiServer
from fairlead.cluster.connection import connect
from fairlead.cluster.kinds import Manifest
from tests.comparing.requests_of_users import Traffic
from tests.controller.pretend import deployment
from tests.controller.server import PretendServer
from tests.controller.trials import NO_SPARE, TrialWorld

WHERE = (kinds.INFERENCE_DEPLOYMENT.title, "default", "chat")


class StatusServer(PretendServer):
    """Applies every status of a deployment on the real API server, and keeps that server's result."""

    door: Embedded

    async def apply(self, manifest: Manifest, **how: Any) -> Manifest:  # noqa: ANN401 - as it is called
        done = await super().apply(manifest, **how)
        if kinds.of(manifest) is not kinds.INFERENCE_DEPLOYMENT:
            return done
        head = {key: manifest["metadata"][key] for key in ("name", "namespace")}
        async with await connect({"KUBECONFIG": str(self.door.kubeconfig)}) as way:
            real = await ApiServer(way).apply(manifest | {"metadata": head}, **how)
        self.objects.put(kinds.INFERENCE_DEPLOYMENT, done | {"status": real["status"]})
        return self.objects.held[WHERE]


class StoredTrial(TrialWorld):
    """A canary whose object users write with kubectl and `fairlead rollout`."""

    def __init__(self, door: Embedded) -> None:
        self.door = door
        super().__init__()

    def restart(self) -> None:
        """A fresh operator; all it knows of the canary is what the API server stores."""
        if not isinstance(self.server, StatusServer):
            self.server = StatusServer(self.objects)
            self.server.door = self.door
        if WHERE in self.objects.held:
            self.take()
        super().restart()

    def apply(self, document: Manifest) -> None:
        """Apply as users do."""
        self.door.kubectl("apply", "-f", "-", text=json.dumps(document))
        if WHERE not in self.objects.held:
            super().apply(document)
        self.take()

    def take(self) -> None:
        """Take the object as stored, with defaults and annotations."""
        real = json.loads(self.door.kubectl("get", "infd", "chat", "-o", "json"))
        notes = real["metadata"].get("annotations") or {}
        kept = self.objects.held[WHERE]
        metadata = kept["metadata"] | {"annotations": notes}
        stored = {"spec": real["spec"]} | ({"status": real["status"]} if "status" in real else {})
        self.objects.put(kinds.INFERENCE_DEPLOYMENT, kept | {"metadata": metadata} | stored)

    def command(self, verb: str) -> int:
        """Run `fairlead rollout` with the kubeconfig."""
        code = main.main(["rollout", verb, "infd/chat", "-n", "default"])
        self.take()
        return code

    def until_share(self, percent: int | None) -> None:
        """Run until routers get this share."""
        for _ in range(40):
            self.rounds()
            assert self.held <= 3
            assert len(self.serving()) >= 2
            if (None if self.share is None else self.share.percent) == percent:
                return
        raise AssertionError(f"never {percent} %: {self.canary}")


@pytest.fixture
def world(served: Embedded, monkeypatch: pytest.MonkeyPatch) -> Iterator[StoredTrial]:
    """Three replicas serve, and another context is requested."""
    monkeypatch.setenv("KUBECONFIG", str(served.kubeconfig))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    try:
        yield StoredTrial(served)
    finally:
        served.kubectl("delete", "infd", "chat", "--ignore-not-found")


def judged(world: StoredTrial) -> list[tuple[int, str, str]]:
    """Step and verdict of each gate, as the API server stores them."""
    stored = json.loads(world.door.kubectl("get", "infd", "chat", "-o", "json"))["status"]["canary"]
    return [(one["step"], one["name"], one["verdict"]) for one in stored["gates"]]


def test_steps_gates_and_promotion_are_kept_by_the_api_server(
    world: StoredTrial, capsys: pytest.CaptureFixture[str]
) -> None:
    """delivery.4: the operator is killed at each step."""
    world.until_share(5)
    world.restart()
    world.report(Traffic(minutes=30).samples())
    world.rounds(2)
    assert judged(world) == [(2, "Service", "Passed")]
    world.restart()
    world.report([])
    world.until_share(50)
    assert world.counts == (1, 2)
    capsys.readouterr()
    assert world.command("status") == 0
    shown = capsys.readouterr().out
    assert shown.startswith("infd/chat in default: Stepping for ")
    assert re.search(r"2 +as traffic +5 % +0 s +Service +Passed", shown), shown
    assert world.command("promote") == 0
    world.until_share(None)
    world.settle()
    assert world.counts == (0, 3)
    assert world.canary["phase"] == "Promoted"
    assert "spec" in world.document()
    assert world.document()["spec"]["rollout"]["strategy"] == "Canary"


def test_a_slow_revision_is_rolled_back_and_starts_no_pod_again_until_a_person_says_so(
    world: StoredTrial, capsys: pytest.CaptureFixture[str]
) -> None:
    """delivery.8"""
    world.until_share(5)
    world.report(Traffic(minutes=30, slower=(1.6, 1.0)).samples())
    world.until_share(0)
    assert judged(world) == [(2, "Service", "Failed")]
    world.settle()
    assert world.counts == (3, 0)
    assert world.condition("Progressing") == ("False", "CanaryRejected")
    assert world.command("status") == 3
    assert world.command("promote") == 1
    assert "is over: Rejected; order retry, or change the spec" in capsys.readouterr().err
    pods = {one["metadata"]["uid"] for one in world.engine_pods()}
    world.restart()
    world.rounds(40)
    assert {one["metadata"]["uid"] for one in world.engine_pods()} == pods
    world.report([])
    assert world.command("retry") == 0
    world.rounds(8)
    assert world.counts == (2, 1)
    assert judged(world) == []
    assert world.command("abort") == 0
    world.settle()
    assert world.counts == (3, 0)


def test_a_pause_outlives_the_operator_and_a_revert_ends_the_canary(world: StoredTrial) -> None:
    world.until_share(5)
    assert world.command("pause") == 0
    world.report(Traffic(minutes=30).samples())
    world.rounds(3)
    world.restart()
    world.rounds(3)
    assert (world.canary["step"], world.canary["paused"]) == (2, True)
    assert world.condition("Progressing") == ("Unknown", "CanaryHeld")
    world.revert()
    world.settle()
    assert world.engines() == {world.old: 3}
    assert world.share is None
    assert "canary" not in json.loads(world.door.kubectl("get", "infd", "chat", "-o", "json"))["status"]
    assert world.command("abort") == 1


def test_the_schema_refuses_what_the_review_refuses(served: Embedded) -> None:
    steps = [{"traffic": 20, "gates": ["Service"]}, {"traffic": 10}]
    rollout = NO_SPARE | {"canary": {"steps": steps}}
    with pytest.raises(DoorClosed, match="traffic of a canary must not shrink from step to step; order the steps"):
        served.kubectl("apply", "-f", "-", text=json.dumps(deployment(replicas=3, rollout=rollout)))


def test_a_canary_without_a_word_about_its_steps_is_taken(served: Embedded) -> None:
    try:
        for canary in ({"strategy": "Canary"}, {"strategy": "Canary", "canary": {}}):
            served.kubectl("apply", "-f", "-", text=json.dumps(deployment(replicas=3, rollout=canary)))
    finally:
        served.kubectl("delete", "infd", "chat", "--ignore-not-found")
