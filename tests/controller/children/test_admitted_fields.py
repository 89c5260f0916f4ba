"""A webhook or a policy changes what is written, at admission: it is left so, and an outage of it restarts nothing."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.controller.children.admitted_fields import AdmittedFields
from tests.controller.children.losses import relabelled
from tests.controller.pretend import Pretend, deployment

PLACED = {"nodeSelector": {"zone": "a"}, "tolerations": [{"key": "gpu", "operator": "Exists"}]}


def template(manifest: Manifest) -> Manifest:
    """The pods' spec of a Deployment."""
    return dict(manifest["spec"]["template"]["spec"])


def mirrored(pod: Manifest) -> Manifest:
    """Images come from a mirror."""
    containers = [
        one | {"image": f"mirror.example/{one['image'].removeprefix('mirror.example/')}"} for one in pod["containers"]
    ]
    return pod | {"containers": containers}


def tolerant(pod: Manifest) -> Manifest:
    """Every pod tolerates the team's nodes."""
    team = {"key": "team", "operator": "Exists", "effect": "NoSchedule"}
    return pod | {"tolerations": [*(one for one in pod.get("tolerations", ()) if one != team), team]}


def pooled(pod: Manifest) -> Manifest:
    """Every pod goes to the pool's nodes."""
    return pod | {"nodeSelector": pod.get("nodeSelector", {}) | {"zone": "a", "pool": "gpu"}}


def homeless(pod: Manifest) -> Manifest:
    """Pods go to any node."""
    return {name: value for name, value in pod.items() if name != "nodeSelector"}


def policy(change: Callable[[Manifest], Manifest]) -> Callable[[Manifest], Manifest]:
    """A policy on Deployments, whoever writes them."""

    def admit(manifest: Manifest) -> Manifest:
        if manifest["kind"] != "Deployment":
            return manifest
        changed = copy.deepcopy(manifest)
        changed["spec"]["template"]["spec"] = change(changed["spec"]["template"]["spec"])
        return changed

    return admit


def settled(change: Callable[[Manifest], Manifest], **spec: Any) -> Pretend:  # noqa: ANN401  # fields of a spec
    """One deployment that settled under a policy."""
    world = Pretend()
    node = world.objects.found((kinds.NODE.title, "", "node-1"))
    labelled = node["metadata"] | {"labels": node["metadata"]["labels"] | {"zone": "a", "pool": "gpu"}}
    world.objects.put(kinds.NODE, node | {"metadata": labelled})
    world.objects.admission = policy(change)
    world.apply(deployment(**spec))
    world.settle()
    return world


def engines(world: Pretend) -> list[Manifest]:
    """The Deployments of revisions."""
    return world.objects.listed(kinds.DEPLOYMENT.title, "default", "fairlead.dev/role=engine")


def images(world: Pretend) -> set[str]:
    """The images of engines, as stored."""
    return {template(one)["containers"][0]["image"] for one in engines(world)}


def reported(world: Pretend, reason: str) -> list[str]:
    """Events of one reason."""
    return [one for one in world.event_sink.published if one.startswith(reason)]


@pytest.mark.parametrize(
    ("change", "field"),
    [(mirrored, "containers[engine].image"), (tolerant, "tolerations"), (pooled, "nodeSelector")],
    ids=["a mirror", "a toleration", "a pool"],
)
def test_what_admission_sets_is_left_so_and_reported_once(change: Callable[[Manifest], Manifest], field: str) -> None:
    world = settled(change, placement=PLACED)
    writes, version = len(world.server.writes), world.objects.version
    world.rounds(12)
    assert (len(world.server.writes), world.objects.version) == (writes, version)
    assert world.condition("Ready") == ("True", "Serving")
    assert reported(world, "PutBack") == []
    (event,) = [one for one in reported(world, "SetAtAdmission") if "chat-router" not in one]
    assert f"spec.template.spec.{field} set by a webhook or policy at admission; left so" in event
    assert len(event) <= 240


def test_a_restarted_operator_leaves_it_so_too() -> None:
    world = settled(mirrored)
    writes = len(world.server.writes)
    world.restart()
    world.rounds(3)
    assert len(world.server.writes) == writes


def test_an_outage_of_the_policy_restarts_no_engine_at_rest_or_by_a_new_count() -> None:
    world = settled(mirrored, replicas=2)
    served, before = world.serving(), images(world)
    world.objects.admission = policy(lambda pod: pod)
    world.rounds(3)
    world.apply(deployment(replicas=3))
    world.settle()
    assert world.engines().popitem()[1] == 3
    assert images(world) == before
    assert served < world.serving()
    world.objects.admission = policy(mirrored)
    world.apply(deployment(replicas=2))
    world.settle()
    assert images(world) == before
    assert reported(world, "PutBack") == []


def test_what_admission_removes_stays_away_through_a_new_count() -> None:
    """It is sent again, since what is not sent is no longer ours, and would then count as removed by a person."""
    world = settled(homeless, placement=PLACED, replicas=1)
    for replicas in (2, 3):
        world.apply(deployment(placement=PLACED, replicas=replicas))
        world.settle()
    assert all("nodeSelector" not in template(one) for one in engines(world))
    assert reported(world, "PutBack") == []


def created_under_a_mirror() -> Pretend:
    """One deployment that settled under a policy on creations alone."""
    world = Pretend()
    world.objects.admission = lambda one: (
        one
        if world.objects.held.get((kinds.DEPLOYMENT.title, one["metadata"]["namespace"], one["metadata"]["name"]))
        else policy(mirrored)(one)
    )
    world.apply(deployment(replicas=1))
    world.settle()
    return world


def test_a_policy_of_creations_alone_leaves_the_template_that_it_made() -> None:
    world = created_under_a_mirror()
    served = world.serving()
    world.apply(deployment(replicas=2))
    world.settle()
    assert served < world.serving()
    assert all(one.startswith("mirror.example/") for one in images(world))


def in_an_outage() -> Pretend:
    """One deployment that settled under a policy which is down now."""
    world = settled(mirrored, replicas=1)
    world.objects.admission = policy(lambda pod: pod)
    return world


@pytest.mark.parametrize("made", [created_under_a_mirror, in_an_outage], ids=["creations alone", "an outage"])
@pytest.mark.parametrize("restarted", [False, True], ids=["", "restarted"])
def test_labels_are_put_back_without_a_restart_of_engines(made: Callable[[], Pretend], *, restarted: bool) -> None:
    """All engines of the revision rolled to the spec's image, which nodes may not even reach."""
    world = made()
    served, before = world.serving(), template(engines(world)[0])
    assert images(world) == {before["containers"][0]["image"]}
    assert before["containers"][0]["image"].startswith("mirror.example/")
    (live,) = engines(world)
    relabelled(world, kinds.DEPLOYMENT, live, {})
    if restarted:
        world.restart()
    world.settle()
    (after,) = engines(world)
    assert (template(after), after["metadata"]["labels"]) == (before, live["metadata"]["labels"])
    assert world.serving() == served
    (event,) = reported(world, "PutBack")
    assert "metadata.labels was changed by" in event


def test_what_a_person_changed_with_the_labels_is_put_back_too() -> None:
    world = settled(mirrored, replicas=1)
    (live,) = engines(world)
    edited = copy.deepcopy(live)
    edited["spec"]["template"]["spec"]["containers"][0]["args"] = ["--theirs"]
    relabelled(world, kinds.DEPLOYMENT, edited, {})
    world.settle()
    assert template(engines(world)[0]) == template(live)


def test_what_a_person_changes_under_a_policy_is_put_back() -> None:
    """The very field that the policy sets, and one beside it."""
    world = settled(mirrored)
    for field, value in (("image", "theirs:1"), ("args", ["--theirs"])):
        (live,) = engines(world)
        edited = copy.deepcopy(live)
        edited["spec"]["template"]["spec"]["containers"][0][field] = value
        world.objects.put(kinds.DEPLOYMENT, edited)
        assert engines(world) != [live]
        world.rounds(2)
        assert template(engines(world)[0]) == template(live)
        event = reported(world, "PutBack")[-1]
        assert f"spec.template.spec.containers[engine].{field}" in event
        assert event.endswith("was changed by an unknown client; restored: change the InferenceDeployment instead")


def test_a_new_revision_is_written_once_and_left_as_admission_makes_it() -> None:
    world = settled(mirrored)
    world.apply(deployment(context=4096))
    world.settle()
    assert len(world.serving_of(4096)) == 2
    assert all(one.startswith("mirror.example/") for one in images(world))
    assert reported(world, "PutBack") == []
    changed = {one.split()[2] for one in reported(world, "SetAtAdmission")}
    assert len(changed) == len(reported(world, "SetAtAdmission"))


def applied(mark: str, image: str) -> Manifest:
    """A child as one intent made it, all of it ours."""
    fields: Manifest = {"manager": "fairlead-controller", "fieldsV1": {"f:data": {"f:image": {}}}}
    annotations = {"fairlead.dev/applied": mark}
    metadata = {"name": "chat", "uid": "u", "annotations": annotations, "managedFields": [fields]}
    return {"kind": "ConfigMap", "metadata": metadata, "data": {"image": image}}


def test_a_child_that_another_operator_applied_meanwhile_does_not_stand() -> None:
    reports: list[str] = []
    assert not AdmittedFields().stand(applied("a", "vllm"), applied("b", "sglang"), reports.append)
    assert reports == []


def test_of_a_child_that_was_deleted_and_made_again_it_is_reported_again() -> None:
    reports: list[str] = []
    fields, live = AdmittedFields(), applied("a", "mirror.example/vllm")
    for _ in range(2):
        assert fields.stand(applied("a", "vllm"), live, reports.append)
    assert len(reports) == 1
    fields.forget("u")
    assert fields.stand(applied("a", "vllm"), live, reports.append)
    assert len(reports) == 2
