"""A model that loads more slowly than was reckoned: a longer deadline reaches the kubelet, and at once."""

import json
from datetime import timedelta
from typing import Final

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.objects import engine_deployment
from tests.controller.pretend import Pretend, deployment
from tests.controller.test_canaries import reach
from tests.controller.test_lost_starts import crash
from tests.controller.trials import NO_SPARE, TrialWorld

HOURS: Final = {"progressDeadlineSeconds": 7200}
SHORT: Final = {"progressDeadlineSeconds": 800}


def killed(number: int = 1) -> Manifest:
    """A container whose start the kubelet ended, and which starts again."""
    last = {"exitCode": 137, "reason": "Error", "containerID": f"containerd://{number}"}
    return {"name": "engine", "ready": False, "state": {"running": {}}, "lastState": {"terminated": last}}


def starting() -> Manifest:
    """A container that loads its weights for the first time."""
    return {"name": "engine", "ready": False, "state": {"running": {}}}


def engine(world: Pretend, revision: str) -> Manifest:
    """The Deployment of a revision."""
    return next(one for one in world.kube.of(kinds.DEPLOYMENT) if one["metadata"]["name"] == f"chat-{revision}")


def budget(world: Pretend, revision: str) -> int:
    """Seconds until the kubelet ends a start of this revision."""
    template = engine(world, revision)["spec"]["template"]
    assert engine_deployment.stored_template(engine(world, revision)) == template
    return engine_deployment.start_budget_seconds(template)


def first_start(status: Manifest) -> tuple[Pretend, str]:
    """The first revision of a deployment does not become ready."""
    world = Pretend(gpus=2)
    world.apply(deployment(replicas=2, rollout=SHORT))
    world.reconcile_now()
    (only,) = world.engines()
    world.kube.broken[only] = status
    world.rounds(4)
    assert budget(world, only) == 800
    return world, only


def test_starts_that_the_kubelet_ended_get_the_longer_deadline() -> None:
    world, only = first_start(killed())
    world.apply(deployment(replicas=2, rollout=HOURS))
    world.rounds(2)
    assert (list(world.engines()), budget(world, only)) == ([only], 7200)
    written = len(world.server.writes)
    world.rounds(4)
    assert len(world.server.writes) == written, "once"
    world.apply(deployment(replicas=2, rollout=SHORT))
    world.rounds(2)
    assert budget(world, only) == 7200, "a shorter one ends no start that is running"


def test_a_first_start_is_not_interrupted_for_more_time() -> None:
    world, only = first_start(starting())
    world.apply(deployment(replicas=2, rollout=HOURS))
    world.rounds(3)
    assert budget(world, only) == 800
    world.kube.broken[only] = killed()
    world.rounds(3)
    assert budget(world, only) == 7200


def test_what_served_keeps_its_pods_whatever_the_deadline() -> None:
    """Another template would replace them, as another release's would."""
    world = Pretend(gpus=2)
    world.apply(deployment(replicas=2, rollout=SHORT))
    world.settle()
    (only,) = world.engines()
    served = world.serving()
    world.apply(deployment(replicas=2, rollout=HOURS))
    world.settle()
    assert (budget(world, only), world.serving()) == (800, served)
    world.kube.broken[only] = killed()
    world.rounds(6)
    assert (budget(world, only), world.serving()) == (800, frozenset())


def passed() -> Manifest:
    """A container that was ended once, passed its startup probe at the second start, and is not ready now."""
    return killed() | {"started": True}


def test_a_second_start_that_passed_its_startup_probe_is_not_interrupted_for_more_time() -> None:
    world, only = first_start(passed())
    world.apply(deployment(replicas=2, rollout=HOURS))
    world.rounds(3)
    assert budget(world, only) == 800
    world.kube.broken.clear()
    world.settle()
    assert (budget(world, only), len(world.serving())) == (800, 2)


def creating() -> Manifest:
    """A container whose image is pulled."""
    return {"name": "engine", "ready": False, "state": {"waiting": {"reason": "ContainerCreating"}}}


def with_first_pod(status: Manifest, other: Manifest) -> tuple[Pretend, str]:
    """Two replicas, of which the first differs from the other."""
    world, only = first_start(other)
    pod = world.engine_pods()[0]
    world.objects.put(kinds.POD, pod | {"status": pod["status"] | {"containerStatuses": [status]}})
    world.apply(deployment(replicas=2, rollout=HOURS))
    world.tick()
    return world, only


def test_a_pod_that_never_ran_does_not_keep_more_time_from_one_that_was_ended() -> None:
    world, only = with_first_pod(creating(), killed())
    assert budget(world, only) == 7200


def test_a_first_start_beside_one_that_was_ended_is_not_interrupted() -> None:
    world, only = with_first_pod(starting(), killed())
    assert budget(world, only) == 800


def test_pods_that_all_wait_keep_their_places_in_a_queue() -> None:
    """Another template would make other pods, which begin to wait anew; nothing was ended yet."""
    world, only = with_first_pod(creating(), creating())
    assert budget(world, only) == 800


def test_a_pod_that_terminates_on_a_lost_node_does_not_keep_more_time_from_its_successor() -> None:
    world, only = first_start(starting())
    lost = world.engine_pods()[0]
    world.kube.delete(kinds.POD, "default", lost["metadata"]["name"])
    world.kube.broken[only] = killed()
    world.apply(deployment(replicas=2, rollout=HOURS))
    world.rounds(1)
    assert lost["metadata"]["name"] in {one["metadata"]["name"] for one in world.engine_pods()}
    assert budget(world, only) == 7200


def test_containers_beside_the_engine_do_not_count() -> None:
    """A mesh's proxy runs from the first second on, and may end while the engine still loads."""
    world, only = with_first_pod(starting(), starting())
    for pod in world.engine_pods():
        statuses = [killed() | {"name": "proxy"}, *pod["status"]["containerStatuses"]]
        world.objects.put(kinds.POD, pod | {"status": pod["status"] | {"containerStatuses": statuses}})
    world.tick()
    assert budget(world, only) == 800
    for pod in world.engine_pods():
        statuses = [starting() | {"name": "proxy", "started": True}, killed()]
        world.objects.put(kinds.POD, pod | {"status": pod["status"] | {"containerStatuses": statuses}})
    world.tick()
    assert budget(world, only) == 7200


@pytest.mark.parametrize("status", [passed(), killed()], ids=["not ready", "ended"])
def test_a_canary_that_serves_users_is_not_restarted_for_more_time(status: Manifest) -> None:
    """It was ended once before it was ready, and now fails one readiness probe."""
    world = reach(TrialWorld(dict(NO_SPARE) | SHORT), 5)
    (new,) = set(world.engines()) - {world.old}
    before = budget(world, new)
    world.spec["rollout"] = dict(NO_SPARE) | HOURS
    world.apply(world.changed())
    world.kube.broken[new] = status
    world.rounds(3)
    assert (budget(world, new), world.engines()[new]) == (before, 1)


def replaced(status: Manifest) -> tuple[Pretend, str, str]:
    """The new revision starts in place of the old one."""
    world = Pretend(gpus=1)
    world.apply(deployment(replicas=1, rollout=SHORT))
    world.settle()
    (old,) = world.engines()
    world.apply(deployment(replicas=1, context=4096, rollout=SHORT))
    world.reconcile_now()
    (new,) = set(world.engines()) - {old}
    world.kube.broken[new] = status
    for _ in range(20):
        world.rounds()
    assert world.engines() == {old: 0, new: 1}
    return world, old, new


def given_up() -> tuple[Pretend, str, str]:
    """A revision missed its deadline, and what served before serves again."""
    world, old, new = replaced(starting())
    world.now += timedelta(seconds=800)
    world.settle()
    assert (world.engines(), world.condition("Progressing")) == ({old: 1, new: 0}, ("False", "DeadlineExceeded"))
    return world, old, new


def test_a_revision_that_missed_its_deadline_is_tried_at_once_with_a_longer_one() -> None:
    world, old, new = given_up()
    world.now += timedelta(minutes=5)
    world.apply(deployment(replicas=1, context=4096, rollout=HOURS))
    for _ in range(10):
        world.rounds()
    assert (world.engines(), budget(world, new)) == ({old: 0, new: 1}, 7200)
    world.now += timedelta(seconds=900)
    world.rounds(4)
    assert world.engines() == {old: 0, new: 1}, "it has two hours now"
    world.kube.broken.clear()
    world.settle()
    assert (world.condition("Ready"), len(world.serving_of(4096))) == (("True", "Serving"), 1)


def test_a_try_with_more_time_does_not_wait_for_pods_of_the_last_one_to_be_gone() -> None:
    """They terminate for minutes, or for ever on a node that is lost."""
    world, _, new = given_up()
    lost = {"metadata": world.engine_pods()[0]["metadata"] | {"name": "lost", "uid": "lost"}, "spec": {}}
    labels = lost["metadata"]["labels"] | {"fairlead.dev/revision": new}
    metadata = lost["metadata"] | {"labels": labels, "deletionTimestamp": "2026-11-20T12:15:00Z", "finalizers": ["x/y"]}
    world.objects.put(kinds.POD, {"metadata": metadata, "spec": {}, "status": {"containerStatuses": [starting()]}})
    world.apply(deployment(replicas=1, context=4096, rollout=HOURS))
    world.tick()
    assert budget(world, new) == 7200


def test_a_shorter_deadline_is_no_other_try() -> None:
    world, old, new = given_up()
    world.apply(deployment(replicas=1, context=4096, rollout={"progressDeadlineSeconds": 700}))
    world.rounds(6)
    assert world.engines() == {old: 1, new: 0}


def test_a_restarted_operator_knows_which_deadline_was_missed() -> None:
    world, old, new = given_up()
    world.restart()
    world.rounds(4)
    assert world.engines() == {old: 1, new: 0}
    world.apply(deployment(replicas=1, context=4096, rollout=HOURS))
    for _ in range(10):
        world.rounds()
    assert world.engines() == {old: 0, new: 1}


@pytest.mark.parametrize("early", [{}, {"early": True}], ids=["missed its deadline", "ended twice alike"])
def test_what_a_release_before_gave_up_is_tried_at_once_with_a_longer_deadline_but_not_by_the_upgrade(
    early: Manifest,
) -> None:
    """That release did not record which deadline was in force."""
    world, old, new = given_up()
    live = engine(world, new)
    notes = live["metadata"]["annotations"]
    failure = json.loads(notes[engine_deployment.FAILURE]) | early
    assert failure.pop("deadlineSeconds") == 800
    notes = notes | {engine_deployment.FAILURE: json.dumps(failure)}
    world.objects.put(kinds.DEPLOYMENT, live | {"metadata": live["metadata"] | {"annotations": notes}})
    world.restart()
    world.rounds(4)
    assert world.engines() == {old: 1, new: 0}
    world.apply(deployment(replicas=1, context=4096, rollout=HOURS))
    for _ in range(10):
        world.rounds()
    assert (world.engines(), budget(world, new)) == ({old: 0, new: 1}, 7200)


def test_an_engine_that_ended_twice_alike_is_tried_at_once_with_a_longer_deadline() -> None:
    """The code may be its own for the kubelet's SIGTERM: it was still loading."""
    world, old, new = replaced(crash(1, code=130))
    world.rounds(3)
    world.kube.broken[new] = crash(2, code=130)
    world.settle()
    assert (world.engines(), world.condition("Progressing")) == ({old: 1, new: 0}, ("False", "StartFailed"))
    world.apply(deployment(replicas=1, context=4096, rollout=HOURS))
    for _ in range(10):
        world.rounds()
    assert (world.engines(), budget(world, new)) == ({old: 0, new: 1}, 7200)


def test_a_revision_that_a_gate_rejected_is_neither_changed_nor_tried_for_more_time() -> None:
    world, old, new = given_up()
    live = engine(world, new)
    rejected = {"at": "2026-11-20T12:20:00Z", "times": 1, "rejected": True}
    notes = live["metadata"]["annotations"] | {engine_deployment.FAILURE: json.dumps(rejected)}
    world.objects.put(kinds.DEPLOYMENT, live | {"metadata": live["metadata"] | {"annotations": notes}})
    world.apply(deployment(replicas=1, context=4096, rollout=HOURS))
    world.rounds(6)
    assert (world.engines(), budget(world, new)) == ({old: 1, new: 0}, 800)
