"""Corners of the pure parts that no whole scenario reaches: broken times, cordoned nodes, word order."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from fairlead.cluster import gpu_nodes, kinds, pod_starts, pods
from fairlead.cluster.kinds import Manifest
from fairlead.controller.events import is_news
from fairlead.controller.pods.node_facts import RoomReader
from fairlead.controller.status import deployment_status, routing_conditions
from fairlead.controller.status.deployment_status import StatusFields
from fairlead.controller.status.status_inputs import RouterSummary, StartDurations, StatusInputs
from fairlead.fleet.conditions import ConditionReason as Why
from fairlead.fleet.conditions import ConditionType, UntimedCondition
from fairlead.objects.owner import Owner
from fairlead.review import deployment_review
from fairlead.review.context import ObjectKey
from fairlead.review.deployment_review import DeploymentReview
from tests.controller.pretend import CATALOGUE, CONTEXT, Pretend, deployment
from tests.planning.states import revision

CHAT = Owner(namespace="default", name="chat", uid="u")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
YES = UntimedCondition(type=ConditionType.ACCEPTED, holds=True, reason=Why.ACCEPTED, message="fine")

INPUTS = StatusInputs(review=DeploymentReview(accepted=YES, fits=YES), names={}, troubles={}, starts={})


def pod(created: object, ready: object, status: str = "True") -> Manifest:
    """A pod that became ready."""
    conditions = [{"type": "Ready", "status": status, "lastTransitionTime": ready}]
    return {"metadata": {"name": "p", "creationTimestamp": created}, "status": {"conditions": conditions}}


@pytest.mark.parametrize(
    ("created", "ready", "seconds"),
    [
        ("2026-11-20T12:00:00Z", "2026-11-20T12:01:30Z", 90.0),
        ("2026-11-20T12:00:00Z", "2026-11-20T11:00:00Z", 0.0),
        ("2026-11-20T12:00:00Z", "soon", None),
        (None, "2026-11-20T12:00:00Z", None),
        ("2026-11-20T12:00:00Z", 7, None),
    ],
)
def test_a_start_is_measured_between_two_timestamps_of_the_cluster(
    created: object, ready: object, seconds: float | None
) -> None:
    found = pod_starts.measured(pod(created, ready))
    assert (found.cold_s if found else None) == seconds
    assert pod_starts.measured(pod(created, ready, "False")) is None


def test_an_address_is_one_only_when_it_is_there() -> None:
    assert pods.address({"status": {"podIP": "10.0.0.1"}}) == "10.0.0.1"
    assert pods.address({"status": {"podIP": ""}}) is None
    assert pods.address({}) is None


def test_a_pod_that_ended_holds_nothing() -> None:
    limits = {"containers": [{"resources": {"limits": {"nvidia.com/gpu": "2"}}}]}
    assert gpu_nodes.held_gpus({"spec": limits, "status": {"phase": "Running"}}, "nvidia.com/gpu") == 2
    assert gpu_nodes.held_gpus({"spec": limits, "status": {"phase": "Failed"}}, "nvidia.com/gpu") == 0
    odd = {"containers": [{"resources": {"limits": {"nvidia.com/gpu": "two"}}}]}
    assert gpu_nodes.held_gpus({"spec": odd}, "nvidia.com/gpu") == 0
    assert pods.replicas([{"metadata": {"name": "p"}, "status": {"phase": "Succeeded"}}], {}) == ()


def test_nodes_that_grow_hold_nothing_back() -> None:
    """P24: a cluster autoscaler brings what pods request."""
    world = Pretend(gpus=1)
    world.apply(deployment(replicas=3))
    world.world.receive()
    review = deployment_review.read(world.document(), CONTEXT)
    assert RoomReader(world.world, nodes_grow=True).room(review, CHAT).replicas is None
    assert RoomReader(world.world, nodes_grow=False).room(review, CHAT).replicas == 1
    unread = DeploymentReview(accepted=YES, fits=YES)
    assert RoomReader(world.world, nodes_grow=False).room(unread, CHAT).replicas is None


def test_a_cordoned_node_has_no_room() -> None:
    world = Pretend(gpus=4)
    node = world.objects.found((kinds.NODE.title, "", "node-1"))
    world.objects.put(kinds.NODE, node | {"spec": {"unschedulable": True}})
    world.apply(deployment())
    world.settle()
    assert world.serving() == frozenset()
    assert world.condition("Scheduled")[0] == "False"


@pytest.mark.parametrize("status", ["False", "Unknown"])
def test_a_node_that_was_lost_has_no_room(status: str) -> None:
    """Without power or network its kubelet is silent, and Ready is Unknown."""
    world = Pretend(gpus=2)
    world.kube.add_node("node-2", "NVIDIA-L4", 4)
    node = world.objects.found((kinds.NODE.title, "", "node-2"))
    lost = node["status"] | {"conditions": [{"type": "Ready", "status": status}]}
    world.objects.put(kinds.NODE, node | {"status": lost})
    world.apply(deployment(replicas=6))
    world.settle()
    assert list(world.engines().values()) == [2]
    assert world.condition("Scheduled") == ("False", "NoFreeGpu")
    assert gpu_nodes.is_schedulable({"status": {}}), "a new node has no condition yet"


def test_references_are_taken_on_trust_where_the_cluster_was_not_read() -> None:
    document = deployment(storage={"cache": {"claimName": "models"}})
    document["metadata"] |= {"generation": 1, "uid": "u"}
    review = deployment_review.read(document, CONTEXT)
    assert deployment_review.with_references(review, None) is review
    assert deployment_review.with_references(review, {}).accepted.reason is Why.NOT_FOUND
    claim = ObjectKey("PersistentVolumeClaim", "default", "models")
    assert deployment_review.with_references(review, {claim: frozenset()}).accepted.holds is True
    refused = replace(review, accepted=replace(YES, holds=False, reason=Why.REFUSED))
    assert deployment_review.with_references(refused, {}).accepted.reason is Why.REFUSED
    unread = DeploymentReview(accepted=YES, fits=YES)
    assert deployment_review.with_references(unread, {}) is unread


@pytest.mark.parametrize(
    ("product", "model", "holds", "reason"),
    [
        ("NVIDIA-L4", "hf://meta-llama/Llama-3.1-8B-Instruct", True, Why.FITS),
        ("NVIDIA-L4", "hf://somebody/unknown", None, Why.FIT_UNKNOWN),
        ("ACME-1", "hf://meta-llama/Llama-3.1-8B-Instruct", None, Why.FIT_UNKNOWN),
        ("NVIDIA-L4", "hf://meta-llama/Llama-3.1-70B-Instruct", False, Why.DOES_NOT_FIT),
    ],
)
def test_the_fit_is_computed_or_reported_as_unknown(product: str, model: str, holds: bool | None, reason: Why) -> None:
    document = deployment(accelerator={"product": product}, model={"source": model})
    review = deployment_review.read(document, CONTEXT)
    assert (review.fits.holds, review.fits.reason) == (holds, reason)
    assert review.may_start == (holds is not False)
    assert CATALOGUE.accelerators


def test_a_fit_that_is_overruled_starts_and_stays_visible() -> None:
    large: Manifest = {"model": {"source": "hf://meta-llama/Llama-3.1-70B-Instruct"}}
    review = deployment_review.read(deployment(**large, fitCheck="Warn"), CONTEXT)
    assert review.may_start
    assert (review.fits.holds, review.fits.reason) == (False, Why.FIT_OVERRULED)
    assert "it starts nevertheless, since spec.fitCheck is Warn" in review.fits.message
    assert "condition Fits" in review.accepted.message
    beside = deployment(**large, fitCheck="Warn", engine={"extraArgs": ["--swap-space=4"]})
    refused = deployment_review.read(beside, CONTEXT)
    assert (refused.accepted.reason, refused.fits.reason) == (Why.REFUSED, Why.FIT_OVERRULED)


def test_the_status_keeps_measured_starts_after_their_pods_are_removed() -> None:
    before = {"revisions": [{"hash": "a", "coldStart": {"last": "12", "p95": "14"}}]}
    some = replace(INPUTS, states=(revision("c", ready=1), revision("b"), revision("a")))
    inputs = replace(some, starts={"c": StartDurations(last_s=7.001, p95_s=8)})
    fields = StatusFields(generation=1, selector="", endpoint=None, prices={})
    found = deployment_status.status(inputs, fields, before, NOON)["revisions"]
    assert {one["hash"]: one.get("coldStart") for one in found} == {
        "c": {"last": "7", "p95": "8", "nodeWait": "0", "imagePull": "0"},
        "b": None,
        "a": {"last": "12", "p95": "14"},
    }


def test_an_internal_error_is_reported_and_changes_nothing_else() -> None:
    """P30: the autoscaler's part is not sent, its current value stays."""
    kept = {"type": "Fits", "status": "True", "reason": "Fits", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    old = {"type": "Ready", "status": "True", "reason": "Serving", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    document = deployment() | {"status": {"replicas": 2, "scaling": {"recommended": 3}, "conditions": [old, kept]}}
    document["metadata"] |= {"uid": "u", "generation": 4}
    found = deployment_status.with_internal_error(document, "KeyError: 'x'", NOON)["status"]
    assert found["replicas"] == 2
    assert "scaling" not in found
    ready, stalled, rest = found["conditions"]
    assert (ready["status"], ready["reason"], ready["lastTransitionTime"]) == (
        "False",
        "InternalError",
        "2026-11-20T12:00:00Z",
    )
    assert (stalled["type"], stalled["status"], rest) == ("Stalled", "True", kept)
    assert "KeyError: 'x'" in ready["message"]
    assert not deployment_status.differs(
        {"conditions": [kept, old]}, {"conditions": [old, kept], "scaling": {"recommended": 1}}
    )
    first, second = {"name": "sql@0000aaaa"}, {"name": "sql@0000bbbb"}
    assert not deployment_status.differs({"versions": [first, second]}, {"versions": [second, first]})


@pytest.mark.parametrize(
    ("kind", "before", "now", "news"),
    [
        ("Ready", {}, ("True", "Serving"), True),
        ("Ready", {"status": "True", "reason": "Serving"}, ("False", "Refused"), True),
        ("Ready", {"status": "False", "reason": "Refused"}, ("False", "Refused"), False),
        ("Ready", {"status": "False", "reason": "Refused"}, ("False", "NotFound"), True),
        ("Accepted", {}, ("True", "Accepted"), False),
        ("Accepted", {"status": "False", "reason": "Refused"}, ("True", "Accepted"), True),
        ("Fits", {}, ("False", "DoesNotFit"), True),
        ("ScalingActive", {}, ("False", "Fixed"), False),
        ("Available", {"status": "True"}, ("False", "NoneReady"), False),
    ],
)
def test_a_turn_is_news_when_something_is_wrong_or_well_again(
    kind: str, before: Manifest, now: tuple[str, str], news: bool
) -> None:
    assert is_news({"type": kind, "status": now[0], "reason": now[1]}, before) is news


@pytest.mark.trial(11)
def test_what_no_release_does_yet_is_refused_and_what_serves_goes_on() -> None:
    """P14: engines, routers and the address stay as they are, through an edit beside it too, and back again."""
    world = Pretend()
    world.apply(deployment())
    world.settle()
    before, served, address = world.fingerprint(), world.serving(), world.document()["status"]["endpoint"]
    canary = {"strategy": "Canary", "canary": {"steps": [{"gates": ["Quality"]}]}}
    world.apply(deployment(context=4096, rollout=canary))
    world.settle()
    assert world.condition("Accepted") == ("False", "Refused")
    assert "gate Quality compares answers" in world.message("Accepted")
    assert world.condition("Routable") == ("True", "Routable")
    assert (world.serving(), world.document()["status"]["endpoint"]) == (served, address)
    world.apply(deployment())
    world.settle()
    assert (world.fingerprint(), world.serving()) == (before, served)


def test_where_attempts_at_every_pod_fail_one_pod_is_named_with_its_reason() -> None:
    routers = RouterSummary(wanted=1, ready=1, reporting=1, reasons={"b": "slow", "a": "no token"})
    failing = replace(INPUTS, states=(revision("a", ready=1),), routers=routers)
    named = routing_conditions.routable(failing)
    assert (named.reason, named.message) == (Why.NO_TOKENS, "0 of 1 ready replica gets requests; a: no token")
    assert routing_conditions.routable(replace(failing, routers=replace(routers, reasons={}))).reason is Why.PROBING
