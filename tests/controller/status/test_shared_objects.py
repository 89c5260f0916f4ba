"""Policies report whether they can be used and by how many; nothing is written when nothing changed."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from fairlead.api import object_reader
from fairlead.api.kinds import Kind
from fairlead.api.object_reader import ReadResult
from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest, Resource
from fairlead.controller.reconcile import ReconcileEnvironment
from fairlead.controller.shared_reconcile import SharedObjectReconciler
from fairlead.review import policies
from fairlead.review.context import ObjectKey, ReviewContext
from tests.controller.pretend import CATALOGUE, Pretend, deployment
from tests.controller.pretend_references import PretendReferences
from tests.controller.server import Faults

CLOCKWORK = {"name": "day", "cron": "0 8 * * 1-5", "timeZone": "Europe/Berlin", "duration": "2h", "minReplicas": 1}


class Shared:
    """One policy, and its reconciler."""

    def __init__(self, resource: Resource, spec: Any) -> None:  # noqa: ANN401  # whatever is stored
        self.world, self.resource = Pretend(), resource
        self.write(spec)
        environment = ReconcileEnvironment(
            client=self.world.server,
            cluster=self.world.world,
            pod_access=self.world.pod_client,
            lookup=PretendReferences(self.world.objects),
            events=self.world.event_sink,
            logs=self.world.server,
            sets=self.world.sets,
            runs=self.world.runs,
        )
        zones = frozenset({"Europe/Berlin"})
        self.sharing = SharedObjectReconciler(ReviewContext(catalogue=CATALOGUE, time_zones=zones), environment)

    def write(self, spec: Any) -> None:  # noqa: ANN401  # whatever is stored
        """Write as a user does; the status stays."""
        live = self.world.objects.held.get((self.resource.title, "default", "calm"), {})
        status = {"status": live["status"]} if "status" in live else {}
        metadata = {"metadata": {"name": "calm", "namespace": "default"}}
        self.world.objects.put(self.resource, metadata | {"spec": spec} | status)

    def tick(self) -> Manifest:
        """Reconcile once; returns the status."""
        self.world.world.receive()
        asyncio.run(self.sharing.reconcile(ObjectKey(self.resource.kind, "default", "calm"), self.world.now))
        found = self.world.objects.held.get((self.resource.title, "default", "calm"), {})
        return dict(found.get("status") or {})


def conditions_of(status: Manifest) -> dict[str, tuple[str, str]]:
    """Status and reason of each condition."""
    return {one["type"]: (one["status"], one["reason"]) for one in status["conditions"]}


def test_a_policy_counts_who_names_it_in_its_own_namespace() -> None:
    shared = Shared(kinds.AUTOSCALING_POLICY, {})
    for name in ("one", "two"):
        shared.world.apply(deployment(name, scaling={"maxReplicas": 2, "policy": {"name": "calm"}}, replicas=None))
    other = deployment("far", scaling={"maxReplicas": 2, "policy": {"name": "calm"}})
    other["metadata"]["namespace"] = "elsewhere"
    shared.world.apply(other)
    shared.world.apply(deployment("fixed"))
    found = shared.tick()
    assert found["deployments"] == 2
    assert conditions_of(found) == {"Ready": ("True", "Accepted"), "Accepted": ("True", "Accepted")}
    writes = len(shared.world.server.writes)
    assert shared.tick() == found
    assert len(shared.world.server.writes) == writes


@pytest.fixture
def reviewed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of users that were read for remarks, each time."""
    names: list[str] = []

    def read(document: Manifest, kind: Kind[Any]) -> ReadResult[Any]:
        names.append(document["metadata"]["name"])
        return object_reader.read_stored(document, kind)

    monkeypatch.setattr(policies, "object_reader", SimpleNamespace(read_stored=read))
    return names


def test_nothing_is_kept_of_a_policy_that_was_deleted(reviewed: list[str]) -> None:
    """A cluster in which policies come and go kept the remarks on each of them. Here the same edition comes back."""
    shared = Shared(kinds.AUTOSCALING_POLICY, {})
    scaling = {"minReplicas": 1, "maxReplicas": 2, "policy": {"name": "calm"}}
    shared.world.apply(deployment("one", scaling=scaling, replicas=None))
    shared.tick()
    shared.tick()
    assert reviewed == ["one"]
    shared.world.world.forget()
    shared.world.world.receives = False
    shared.tick()
    shared.world.world.receives = True
    shared.tick()
    assert reviewed == ["one", "one"]


def test_what_the_autoscaler_reports_in_a_policy_is_no_reason_to_write_it_again() -> None:
    shared = Shared(kinds.AUTOSCALING_POLICY, {})
    found, where = shared.tick(), (kinds.AUTOSCALING_POLICY.title, "default", "calm")
    effects = {"effects": [{"deployment": "chat", "reason": "QueueDepth"}]}
    shared.world.objects.put(kinds.AUTOSCALING_POLICY, shared.world.objects.held[where] | {"status": found | effects})
    writes = len(shared.world.server.writes)
    assert shared.tick() == found | effects
    assert len(shared.world.server.writes) == writes


@pytest.mark.parametrize(
    ("spec", "reason", "words"),
    [
        ({"schedules": [CLOCKWORK | {"timeZone": "Europe/Brelin"}]}, "Refused", "did you mean Europe/Berlin?"),
        ({"schedules": [CLOCKWORK | {"cron": "61 8 * * 1"}]}, "Refused", "61 is not a valid minute"),
        ("fast", "Unreadable", "spec: "),
        ({"behavior": {"scaleUp": {"maxStep": "many"}}}, "Unreadable", "spec.behavior.scaleUp.maxStep: many"),
    ],
)
def test_a_policy_that_cannot_decide_says_why(spec: Any, reason: str, words: str) -> None:  # noqa: ANN401
    """P31"""
    shared = Shared(kinds.AUTOSCALING_POLICY, spec)
    found = shared.tick()
    assert conditions_of(found) == {
        "Ready": ("False", reason),
        "Stalled": ("True", reason),
        "Accepted": ("False", reason),
    }
    assert words in found["conditions"][0]["message"]
    shared.write({})
    assert conditions_of(shared.tick())["Ready"] == ("True", "Accepted")


def test_a_usable_policy_reports_risky_settings_and_conflicts_with_its_users() -> None:
    """Its own faults, then conflicts between it and each of its users; not all of a hundred."""
    shared = Shared(kinds.AUTOSCALING_POLICY, {"idle": {"scaleToZero": {"after": "1m"}}})
    for number in range(9):
        scaling = {"minReplicas": 1, "maxReplicas": 2, "policy": {"name": "calm"}}
        shared.world.apply(deployment(f"chat-{number}", scaling=scaling, replicas=None))
    shared.world.objects.put(
        kinds.INFERENCE_DEPLOYMENT,
        {"metadata": {"name": "odd", "namespace": "default"}, "spec": {"scaling": {"policy": {"name": "calm"}}}},
    )
    found = shared.tick()
    assert found["users"] == [*(f"chat-{number}" for number in range(9)), "odd"]
    assert conditions_of(found)["Accepted"] == ("True", "Accepted")
    message = found["conditions"][0]["message"]
    assert message.startswith("every setting can work | spec.idle.scaleToZero.after: 60s: the first request afterwards")
    assert "chat-0: spec.scaling.minReplicas: 1: policy calm removes the last replica after 60 s" in message
    assert message.endswith(" | and 2 more")


def test_of_an_edited_user_alone_the_remarks_are_found_anew(reviewed: list[str]) -> None:
    shared = Shared(kinds.AUTOSCALING_POLICY, {"idle": {"scaleToZero": {"after": "1m"}}})
    scaling = {"minReplicas": 1, "maxReplicas": 2, "policy": {"name": "calm"}}
    for name in ("one", "two", "three"):
        shared.world.apply(deployment(name, scaling=scaling, replicas=None))
    assert "two: spec.scaling.minReplicas: 1: policy calm" in shared.tick()["conditions"][0]["message"]
    assert sorted(reviewed) == ["one", "three", "two"]
    shared.world.apply(deployment("two", scaling=scaling | {"minReplicas": 0}, replicas=None))
    message = shared.tick()["conditions"][0]["message"]
    assert "two: spec.scaling.minReplicas: 1" not in message
    assert "one: spec.scaling.minReplicas: 1" in message
    assert sorted(reviewed) == ["one", "three", "two", "two"]


def test_a_policy_whose_target_never_fires_is_refused() -> None:
    shared = Shared(kinds.AUTOSCALING_POLICY, {"signals": {"kvCache": {"target": "1"}}})
    found = shared.tick()
    assert conditions_of(found)["Accepted"] == ("False", "Refused")
    assert "this would never add a replica" in found["conditions"][0]["message"]


def test_a_deleted_or_terminating_object_is_left_alone() -> None:
    shared = Shared(kinds.AUTOSCALING_POLICY, {})
    live = shared.world.objects.found((kinds.AUTOSCALING_POLICY.title, "default", "calm"))
    going = live["metadata"] | {"deletionTimestamp": "2026-11-20T12:00:00Z"}
    shared.world.objects.put(kinds.AUTOSCALING_POLICY, live | {"metadata": going})
    assert shared.tick() == {}
    shared.world.objects.remove((kinds.AUTOSCALING_POLICY.title, "default", "calm"), {})
    assert shared.tick() == {}


def test_an_object_deleted_between_read_and_status_write_is_no_failure() -> None:
    shared = Shared(kinds.AUTOSCALING_POLICY, {})
    shared.world.server.faults = Faults(answers={0: 404})
    assert shared.tick() == {}
    assert shared.world.event_sink.published == []
