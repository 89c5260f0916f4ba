"""A bad revision where no replica can be spared: detected before anything is drained, or given up without waiting."""

from datetime import timedelta
from typing import Final

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from tests.controller.pretend import Pretend, deployment
from tests.controller.test_bad_revisions import ended, waiting

DAY: Final = {"progressDeadlineSeconds": 1800}


def one_of_one(context: int = 8192) -> Manifest:
    """A single replica on the only GPU; only a drain makes room."""
    return deployment(replicas=1, context=context, rollout=DAY)


def serving() -> tuple[Pretend, str]:
    """It serves."""
    world = Pretend(gpus=1)
    world.apply(one_of_one())
    world.settle()
    (old,) = world.engines()
    return world, old


def edited() -> tuple[Pretend, str, str]:
    """Another revision of it is requested, and nothing has happened yet."""
    world, old = serving()
    world.apply(one_of_one(4096))
    world.reconcile_now()
    (new,) = set(world.engines()) - {old}
    return world, old, new


def checks(world: Pretend) -> list[Manifest]:
    """Pods that check a revision."""
    return world.objects.listed("pods", "default", "fairlead.dev/role=check")


def refused(message: str, code: int = 2) -> Manifest:
    """A failed check."""
    return {"name": "check", "state": {"terminated": {"exitCode": code, "reason": "Error", "message": message}}}


REFUSED: Final = {
    "BadArguments": refused("vllm: error: unrecognized arguments: --no-such-flag"),
    "AccessDenied": refused("OSError: You are trying to access a gated repo.", 1),
    "ModelNotFound": refused("OSError: x is not a valid model identifier listed on the hub", 1),
    "CrashLoop": refused("Segmentation fault", 139),
    "ImageNotPulled": waiting("InvalidImageName", "couldn't parse image name"),
}


@pytest.mark.trial(14)
@pytest.mark.parametrize("reason", REFUSED)
def test_what_shows_without_a_gpu_is_found_before_anything_is_drained(reason: str) -> None:
    world, old, new = edited()
    served = world.serving()
    world.kube.refused[new] = REFUSED[reason]
    for _ in range(12):
        world.rounds()
        assert world.serving() == served
    assert world.engines() == {old: 1, new: 0}
    assert world.condition("Progressing") == ("False", "StartFailed")
    assert world.condition("Stalled") == ("True", "StartFailed")
    assert REFUSED[reason]["state"].popitem()[1]["message"].split()[0] in world.message("Ready")
    assert checks(world) == []


@pytest.mark.trial(14)
def test_a_refused_revision_is_checked_again_after_the_back_off_and_serves_when_it_is_fixed() -> None:
    world, _, new = edited()
    world.kube.refused[new] = refused("OSError: You are trying to access a gated repo.")
    world.settle()
    served = world.serving()
    world.now += timedelta(hours=1, minutes=1)
    world.rounds(2)
    assert [one["metadata"]["labels"]["fairlead.dev/revision"] for one in checks(world)] == [new]
    assert world.serving() == served
    world.kube.refused.clear()
    world.kube.delete(kinds.POD, "default", checks(world)[0]["metadata"]["name"])
    world.settle()
    assert (world.condition("Ready"), len(world.serving_of(4096))) == (("True", "Serving"), 1)


@pytest.mark.trial(14)
@pytest.mark.parametrize("reason", ["ImagePullBackOff", "CreateContainerConfigError"])
def test_an_image_or_a_secret_that_is_not_there_keeps_what_serves(reason: str) -> None:
    """Tried three times first, since it may be on its way."""
    world, old, new = edited()
    served = world.serving()
    world.kube.refused[new] = waiting(reason, "not found")
    world.rounds(5)
    assert world.condition("Progressing")[1] in {"ImageNotPulled", "CannotStart"}
    assert world.engines() == {old: 1, new: 0}
    world.rounds(4)
    assert (world.condition("Progressing"), world.serving()) == (("False", "StartFailed"), served)


def test_a_registry_that_does_not_answer_is_waited_for_until_the_deadline() -> None:
    world, _, new = edited()
    served = world.serving()
    world.kube.refused[new] = waiting("ErrImagePull", "dial tcp: i/o timeout")
    world.rounds(12)
    world.now += timedelta(minutes=12)
    world.rounds(3)
    assert (world.condition("Progressing"), world.serving()) == (("False", "ImageNotPulled"), served)
    world.now += timedelta(minutes=20)
    world.settle()
    assert (world.condition("Progressing"), world.serving()) == (("False", "DeadlineExceeded"), served)


@pytest.mark.parametrize(
    "status",
    [
        refused("fairlead: error: unrecognized arguments: --check"),
        refused("OSError: We couldn't connect to the hub: Connection refused"),
        refused("exec: no such file", 127),
        refused("", 137),
    ],
)
def test_an_inconclusive_preflight_does_not_block_the_rollout(status: Manifest) -> None:
    world, _, new = edited()
    world.kube.refused[new] = status
    world.settle()
    assert (world.condition("Ready"), len(world.serving_of(4096))) == (("True", "Serving"), 1)
    assert checks(world) == []


def test_a_preflight_that_takes_too_long_or_finds_no_node_does_not_block_the_rollout() -> None:
    world, _, new = edited()
    world.kube.refused[new] = {"name": "check", "state": {"running": {}}}
    world.rounds(3)
    assert len(world.serving_of(8192)) == 1
    assert world.condition("Progressing") == ("True", "RollingOut")
    assert "checked without a GPU" in world.message("Progressing")
    world.now += timedelta(minutes=10)
    world.settle()
    assert len(world.serving_of(4096)) == 1


def test_an_edit_meanwhile_ends_the_check_and_begins_another() -> None:
    world, old, new = edited()
    world.kube.refused[new] = {"name": "check", "state": {"running": {}}}
    world.rounds(2)
    world.apply(one_of_one(2048))
    world.reconcile_now()
    found = {one["metadata"]["labels"]["fairlead.dev/revision"] for one in checks(world)} - {new}
    assert len(found) == 1
    assert old not in found
    world.apply(one_of_one())
    world.settle()
    assert checks(world) == []
    assert world.engines() == {old: 1}


def test_a_foreign_pod_with_the_preflights_name_is_left_alone() -> None:
    world, old = serving()
    world.apply(one_of_one(4096))
    world.reconcile_now()
    (new,) = set(world.engines()) - {old}
    world.apply(one_of_one())
    world.settle()
    head = {"name": f"chat-{new}-check", "namespace": "default", "labels": {}}
    world.objects.put(kinds.POD, {"metadata": head, "spec": {"containers": []}, "status": {}})
    world.apply(one_of_one(4096))
    world.rounds(3)
    assert world.condition("Accepted") == ("False", "NameTaken")
    assert len(world.serving_of(8192)) == 1


def crash(number: int, code: int = 1, message: str = "RuntimeError: no kernel image") -> Manifest:
    """The engine's container after this many ends."""
    status = ended(message, code)
    status["lastState"]["terminated"]["containerID"] = f"containerd://{number}"
    return status | {"restartCount": number - 1}


def drained() -> tuple[Pretend, str, str]:
    """The new revision starts in place of the old one."""
    world, old, new = edited()
    for _ in range(12):
        if world.engines()[new]:
            break
        world.rounds()
    assert world.engines() == {old: 0, new: 1}
    return world, old, new


@pytest.mark.trial(14)
def test_an_engine_that_ends_twice_alike_is_given_up_at_once() -> None:
    """The deadline of half an hour is not waited for; what served is back as soon as the GPU is free."""
    world, old, new = drained()
    world.kube.broken[new] = crash(1)
    world.rounds(3)
    assert world.engines() == {old: 0, new: 1}
    world.restart()
    world.kube.broken[new] = crash(2)
    world.rounds(6)
    assert (world.engines(), len(world.serving_of(8192))) == ({old: 1, new: 0}, 1)
    assert world.condition("Progressing") == ("False", "StartFailed")
    assert "RuntimeError: no kernel image" in world.message("Progressing")


@pytest.mark.parametrize(
    "second",
    [
        crash(2, code=3),
        crash(2, message="requests.exceptions.ConnectTimeout: timed out"),
        crash(2, code=137),
        crash(1),
    ],
)
def test_an_end_that_may_pass_waits_for_the_deadline(second: Manifest) -> None:
    """Another code, a network that did not answer, a kill from outside, or the same end observed twice."""
    world, old, new = drained()
    world.kube.broken[new] = crash(1)
    world.rounds(3)
    world.kube.broken[new] = second
    world.rounds(6)
    assert world.engines() == {old: 0, new: 1}
