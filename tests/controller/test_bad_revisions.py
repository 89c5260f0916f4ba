"""A revision that cannot start: serving replicas go on, the condition says what to do, and there is a fallback."""

from datetime import timedelta
from functools import cache
from typing import Any, Final

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.controller.pods.uncreated_pods import GRACE_PERIOD_S
from tests.controller.pretend import Pretend, deployment

SOON: Final = {"progressDeadlineSeconds": 60}


def waiting(reason: str, message: str) -> Manifest:
    """A container that the kubelet cannot start."""
    return {"name": "engine", "image": "vllm:7", "state": {"waiting": {"reason": reason, "message": message}}}


def ended(message: str, code: int = 1, reason: str = "Error") -> Manifest:
    """A container that ended, and waits to be started again."""
    last = {"exitCode": code, "reason": reason, "message": message}
    state = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container"}}
    return {"name": "engine", "state": state, "lastState": {"terminated": last}}


BROKEN: Final = {
    "ImageNotPulled": (waiting("ImagePullBackOff", "manifest unknown"), "check spec.engine.image and version"),
    "CannotStart": (waiting("CreateContainerConfigError", 'secret "hf" not found'), "create or correct what it names"),
    "OutOfMemory": (ended("", 137, "OOMKilled"), "has too little for this model"),
    "AccessDenied": (ended("OSError: You are trying to access a gated repo."), "spec.model.tokenSecret"),
    "ModelNotFound": (ended("RevisionNotFoundError: 404 Client Error"), "check spec.model.source"),
    "ModelUnreadable": (ended("SafetensorError: Error while deserializing header"), "check the files at"),
    "OutOfGpuMemory": (ended("torch.OutOfMemoryError: CUDA out of memory."), "lower spec.engine.context.maxTokens"),
    "BadArguments": (ended("vllm: error: unrecognized arguments: --x"), "above all extraArgs"),
    "CrashLoop": (ended("Segmentation fault", 139), "kubectl logs shows more"),
}
"""By the given reason: the container's status, and the remedy."""
CERTAIN: Final = {"ImageNotPulled", "CannotStart"}
"""Given up before the deadline; an end that was seen once may be the only one."""


@cache
def serving() -> Pretend:
    """A deployment that serves, with a short deadline for the next revision."""
    world = Pretend(gpus=4)
    world.apply(deployment(rollout=SOON))
    world.settle()
    return world


def on_the_way() -> tuple[Pretend, str, str]:
    """A deployment that serves, and a new revision that was just requested."""
    world = serving().twin()
    (old,) = world.engines()
    world.apply(deployment(rollout=SOON, context=4096))
    world.reconcile_now()
    (new,) = set(world.engines()) - {old}
    return world, old, new


@pytest.mark.parametrize("reason", BROKEN)
def test_a_revision_that_cannot_start_is_given_up_and_retried(reason: str) -> None:
    """P14, P15: reported at once, left at the deadline, retried after the back-off, and healthy once fixed."""
    status, remedy = BROKEN[reason]
    world, old, new = on_the_way()
    served = world.serving()
    world.kube.broken[new] = status
    world.rounds(5)
    assert world.condition("Progressing") == ("False", reason)
    assert world.condition("Ready") == ("False", reason)
    assert remedy in world.message("Ready")
    assert served & world.serving()
    world.now += timedelta(seconds=60)
    world.settle()
    why = "StartFailed" if reason in CERTAIN else "DeadlineExceeded"
    assert (world.engines(), len(world.serving())) == ({old: 2, new: 0}, 2)
    assert world.condition("Progressing") == ("False", why)
    assert world.condition("Stalled") == ("True", why)
    assert remedy in world.message("Ready")
    world.now += timedelta(minutes=10)
    world.rounds(6)
    assert world.engines()[new] == 1
    world.kube.broken.clear()
    world.settle()
    assert world.condition("Ready") == ("True", "Serving")
    assert world.serving_of(4096) == world.serving()


@pytest.mark.parametrize("waited", [0, 70])
def test_an_edit_heals_at_once(waited: int) -> None:
    """P14: before the deadline and after it, no back-off delays another spec."""
    world, _, new = on_the_way()
    world.kube.broken[new] = BROKEN["CrashLoop"][0]
    world.rounds(5)
    world.now += timedelta(seconds=waited)
    world.settle() if waited else world.reconcile_now()
    world.apply(deployment(rollout=SOON, context=2048))
    world.settle()
    assert world.condition("Ready") == ("True", "Serving")
    assert new not in world.engines()


def test_a_second_failure_waits_twice_as_long() -> None:
    """P14: the back-off grows, and a restart of the operator keeps it."""
    world, _, new = on_the_way()
    world.kube.broken[new] = BROKEN["CrashLoop"][0]
    for _ in range(4):
        world.now += timedelta(minutes=12)
        world.settle(most=80)
    world.restart()
    live = next(one for one in world.kube.of(kinds.DEPLOYMENT) if one["metadata"]["name"].endswith(new))
    assert '"times":' in live["metadata"]["annotations"]["fairlead.dev/failure"]
    assert world.condition("Ready")[0] == "False"
    assert len(world.serving()) >= 1


def test_an_engine_that_is_healthy_and_gives_no_tokens_is_no_replica() -> None:
    """P15: ready for the kubelet, and routers get no tokens from it."""
    world, old, new = on_the_way()
    world.pod_client.mute.add(new)
    world.rounds(6)
    assert world.engines()[old] >= 1
    assert world.condition("Ready")[0] == "False"
    world.now += timedelta(seconds=90)
    world.rounds(10)
    assert (world.engines(), world.condition("Progressing")) == ({old: 2, new: 0}, ("False", "DeadlineExceeded"))


def test_a_first_revision_without_tokens_is_not_routable() -> None:
    world = Pretend()
    world.apply(deployment())
    world.reconcile_now()
    (only,) = world.engines()
    world.pod_client.mute.add(only)
    world.rounds(6)
    assert world.condition("Routable") == ("False", "NoTokens")
    assert "no token in 5 s" in world.message("Routable")
    assert world.condition("Ready") == ("False", "NoTokens")


def test_a_quota_that_refuses_pods_is_quoted() -> None:
    """P15: what serves goes on."""
    world = Pretend(gpus=4)
    world.apply(deployment())
    world.settle()
    served = world.serving()
    world.kube.quota = 'pods "chat" is forbidden: exceeded quota: gpus, requested: 1, used: 2, limited: 2'
    world.apply(deployment(replicas=3))
    world.settle()
    assert world.serving() == served
    assert world.condition("Scheduled") == ("False", "PodsRefused")
    assert "exceeded quota: gpus" in world.message("Scheduled")
    world.kube.quota = ""
    world.settle()
    assert world.condition("Ready") == ("True", "Serving")


def test_pods_that_kubernetes_does_not_create_are_reported_as_missing() -> None:
    """As where a ReplicaSet was deleted and recreated at once: its controller waits for minutes, without a message."""
    world = Pretend(gpus=4)
    world.kube.makes_pods = False
    world.apply(deployment(replicas=2))
    world.rounds(2)
    assert world.condition("Scheduled") == ("True", "Scheduled")
    world.now += timedelta(seconds=GRACE_PERIOD_S)
    world.rounds(2)
    assert world.tick().after_s is None, "a pod that is made wakes it"
    assert world.condition("Scheduled") == ("False", "PodsNotCreated")
    assert "asks for 2 pods, and Kubernetes has created none" in world.message("Scheduled")
    written = len(world.server.writes)
    world.restart()
    world.rounds(2)
    assert len(world.server.writes) == written, "a restart says nothing else"
    world.kube.makes_pods = True
    world.settle()
    assert world.condition("Ready") == ("True", "Serving")


NAMED: Final[dict[str, tuple[dict[str, Any], Manifest]]] = {
    "spec.model.tokenSecret.name": (
        {"model": {"source": "hf://meta-llama/Llama-3.1-8B-Instruct", "tokenSecret": {"name": "hf", "key": "token"}}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "hf"}, "data": {"token": "c2VjcmV0"}},
    ),
    "spec.storage.cache.claimName": (
        {"storage": {"cache": {"claimName": "models"}}},
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "models"}},
    ),
}


@pytest.mark.parametrize("field", NAMED)
def test_a_missing_object_keeps_what_serves_and_heals_when_it_is_made(field: str) -> None:
    """P14, P15"""
    spec, needed = NAMED[field]
    world = Pretend(gpus=4)
    world.apply(deployment())
    world.settle()
    served = world.serving()
    world.apply(deployment(**spec))
    world.settle()
    assert (world.serving(), world.condition("Accepted")) == (served, ("False", "NotFound"))
    assert world.message("Accepted").startswith(f"{field}: {needed['metadata']['name']}: there is no")
    world.objects.put(kinds.of(needed), needed | {"metadata": needed["metadata"] | {"namespace": "default"}})
    world.settle()
    assert world.condition("Ready") == ("True", "Serving")


def test_a_secret_without_the_key_names_those_it_has() -> None:
    """P15: names of keys only, never a value."""
    spec, needed = NAMED["spec.model.tokenSecret.name"]
    world = Pretend()
    head = needed["metadata"] | {"namespace": "default"}
    world.objects.put(kinds.SECRET, needed | {"metadata": head, "data": {"tokn": "c2VjcmV0"}})
    world.apply(deployment(**spec))
    world.settle()
    assert world.condition("Accepted") == ("False", "KeyMissing")
    assert "it has tokn" in world.message("Accepted")
    assert "c2VjcmV0" not in str(world.document()["status"])


def test_a_gpu_that_no_node_has_keeps_what_serves() -> None:
    """P15: the message lists the available products."""
    world = Pretend(gpus=4)
    world.apply(deployment())
    world.settle()
    served = world.serving()
    world.apply(deployment(accelerator={"product": "NVIDIA-A100-SXM4-80GB"}))
    world.settle()
    assert world.serving() == served
    assert world.condition("Scheduled") == ("False", "ProductAbsent")
    assert "NVIDIA-L4" in world.message("Scheduled")
    world.kube.add_node("node-2", "NVIDIA-A100-SXM4-80GB", 4)
    world.settle()
    assert world.condition("Ready") == ("True", "Serving")
    assert not world.serving() & served
