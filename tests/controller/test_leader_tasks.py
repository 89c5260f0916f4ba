"""What only the leader does, on a small fake API server: it watches, reconciles, reports its failures, and stops."""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.api_server import ApiServer
from fairlead.cluster.availability import KindAvailability
from fairlead.cluster.fencing import FencedApiServer, NotLeading
from fairlead.cluster.kinds import Manifest
from fairlead.controller import autoscaler_presence, leader_tasks
from fairlead.controller.failure_reports import BUGS_REPORTED_AFTER
from fairlead.controller.informers import ControllerInformers
from fairlead.controller.settings import OperatorSettings
from fairlead.controller.work_queue import ReconcileOutcome
from fairlead.review.context import ObjectKey
from fairlead.telemetry.operator_metrics import ConditionCount
from tests.cluster.fake_api import FakeApi
from tests.cluster.worlds import run, until
from tests.controller.leaders import leading, stored
from tests.controller.pretend import deployment

EVALUATION: Final = {
    "metadata": {"name": "support", "namespace": "default"},
    "spec": {"items": {"configMap": {"name": "questions", "key": "items.jsonl"}}},
}
POLICY: Final = {"metadata": {"name": "calm", "namespace": "default"}, "spec": {}}


def test_a_leader_takes_up_what_is_there_and_what_comes() -> None:
    """All of it: lists, watches, reconciles, writes, Events, and counters for Prometheus."""

    async def story() -> None:
        fake = FakeApi()
        fake.objects.put(kinds.INFERENCE_DEPLOYMENT, deployment())
        fake.objects.put(kinds.AUTOSCALING_POLICY, POLICY)
        fake.objects.put(kinds.EVALUATION, EVALUATION)
        async with leading(fake) as leader:
            await until(lambda: stored(fake) == ("False", "ProductAbsent"))
            made = {where[0] for where in fake.objects.held}
            assert {"deployments.apps", "services", "configmaps", "roles.rbac.authorization.k8s.io"} <= made
            fake.remove(kinds.SERVICE, "default", "chat-router")
            await until(lambda: (kinds.SERVICE.title, "default", "chat-router") in fake.objects.held)
            policy = (kinds.AUTOSCALING_POLICY.title, "default", "calm")
            await until(lambda: "status" in fake.objects.held[policy])
            evaluation = (kinds.EVALUATION.title, "default", "support")
            await until(lambda: "status" in fake.objects.held[evaluation])
            await until(lambda: any(where[0] == kinds.EVENT.title for where in fake.objects.held))
            leader.tasks.page_facts()
            page = leader.metrics.page().decode()
            assert "leader 1.0" in page
            assert leader.tasks.watch_age_s() < 10
        assert leader.tasks.watch_age_s() == 0.0
        depth = leader.tasks.queue.depth
        leader.tasks.wake(ObjectKey("InferenceDeployment", "default", "other"))
        assert leader.tasks.queue.depth == depth, "who does not lead takes up nothing"

    run(story())


def test_what_a_reconcile_noted_of_an_object_after_its_deletion_is_dropped_too(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        monkeypatch.setattr(leader_tasks, "FORGOTTEN_AFTER_S", 0.05)
        fake, forgotten = FakeApi(), Counter[str]()
        fake.objects.put(kinds.INFERENCE_DEPLOYMENT, deployment())
        async with leading(fake) as leader:
            service = (kinds.SERVICE.title, "default", "chat-router")
            await until(lambda: service in fake.objects.held)
            uid = fake.objects.held[service]["metadata"]["uid"]
            monkeypatch.setattr(type(leader.reconcilers), "forget", lambda _, one: forgotten.update([one]))
            fake.remove(kinds.SERVICE, "default", "chat-router")
            await until(lambda: forgotten[uid] == 2)

    run(story())


def test_deployments_report_that_no_autoscaler_decides_and_when_one_does_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        monkeypatch.setattr(autoscaler_presence, "EVERY_S", 0.01)
        monkeypatch.setattr(autoscaler_presence, "SILENT_S", 0.05)
        fake = FakeApi()
        fake.objects.put(kinds.INFERENCE_DEPLOYMENT, deployment(replicas=None, scaling={"maxReplicas": 4}))
        fake.objects.put(kinds.INFERENCE_DEPLOYMENT, deployment("fixed"))
        async with leading(fake, alone=True):
            await until(lambda: stored(fake, "ScalingActive") == ("Unknown", "NoAutoscaler"))
            monkeypatch.setattr(autoscaler_presence, "SILENT_S", 60.0)
            await until(lambda: stored(fake, "ScalingActive") == ("Unknown", "NoRecommendation"))

    run(story())


class Torn:
    """Reconciles everything but one object, which always raises."""

    def __init__(self) -> None:
        self.done: Counter[str] = Counter()

    async def reconcile(self, key: ObjectKey, now: datetime) -> ReconcileOutcome:
        """Reconcile once."""
        assert now.tzinfo is not None
        if key.name == "chat":
            raise KeyError("generation")
        self.done[key.name] += 1
        return ReconcileOutcome()


def test_one_object_that_breaks_us_says_so_and_two_hundred_others_go_on() -> None:
    """P30: after some failures in a row, and cleared when it works again."""

    async def story() -> None:
        fake = FakeApi()
        fake.objects.put(kinds.INFERENCE_DEPLOYMENT, deployment())
        async with leading(fake) as leader:
            await until(lambda: stored(fake)[1] == "ProductAbsent")
            torn, good = Torn(), leader.reconcilers.deployments
            leader.reconcilers.deployments = torn  # type: ignore[assignment]
            key = ObjectKey("InferenceDeployment", "default", "chat")
            for times in range(BUGS_REPORTED_AFTER):
                assert stored(fake)[1] == "ProductAbsent", times
                assert (await leader.reconcile(key)).failed == "KeyError: 'generation'"
            for number in range(200):
                leader.tasks.wake(ObjectKey("InferenceDeployment", "default", f"{number:03d}"))
            await until(lambda: len(torn.done) == 200)
            assert stored(fake) == ("False", "InternalError")
            assert stored(fake, "Stalled") == ("True", "InternalError")
            await leader.reconcile(key)
            leader.reconcilers.deployments = good
            assert not (await leader.reconcile(key)).failed
            await until(lambda: stored(fake) == ("False", "ProductAbsent"))

    run(story())


def test_api_errors_and_a_lost_lease_are_retried() -> None:
    """P12, P22: others' failures are no bug of ours and are not reported on the object."""

    async def story() -> None:
        fake = FakeApi()
        fake.objects.put(kinds.INFERENCE_DEPLOYMENT, deployment())
        async with leading(fake) as leader:
            await until(lambda: stored(fake)[1] == "ProductAbsent")
            leader.leadership.lost.set()
            fake.put(kinds.INFERENCE_DEPLOYMENT, deployment(replicas=1) | {"status": {}})
            key = ObjectKey("InferenceDeployment", "default", "chat")
            await until(lambda: leader.seen(kinds.INFERENCE_DEPLOYMENT)[0].get("status") == {})
            outcome = await leader.reconcile(key)
            assert "Lease was not renewed in time" in outcome.failed
            assert stored(fake) == ("", "")

    run(story())


def test_a_deleted_object_is_not_requeued() -> None:
    async def story() -> None:
        async with leading(FakeApi()) as leader:
            await until(leader.tasks.world)
            for kind in ("InferenceDeployment", "AutoscalingPolicy"):
                outcome = await leader.reconcile(ObjectKey(kind, "default", "nobody"))
                assert (outcome.gone, outcome.after_s, outcome.failed) == (True, None, "")

    run(story())


def test_a_fence_blocks_writes_by_a_process_that_does_not_lead() -> None:
    """P22: each write checks the Lease; reading is free."""

    async def story() -> None:
        fake = FakeApi()
        async with fake.connected() as connection:
            may = [False]
            server = FencedApiServer(ApiServer(connection), lambda: may[0])
            note: Manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "n", "namespace": "x"}}
            for write in (server.apply(note), server.create(note), server.remove(note, uid="u")):
                with pytest.raises(NotLeading):
                    await write
            assert await server.read(kinds.CONFIG_MAP, "x", "n") is None
            may[0] = True
            live = await server.create(note)
            await server.apply(note)
            assert await server.remove(live, uid=live["metadata"]["uid"])

    run(story())


def test_our_own_delete_is_applied_to_the_store_before_the_watch_reports_it() -> None:
    """P11: our own delete is processed like our own write, and neither wakes us."""

    async def story() -> None:
        woken, forgotten = list[ObjectKey](), list[str]()
        async with FakeApi().connected() as connection:
            informers = ControllerInformers(ApiServer(connection), ("default",), woken.append, forgotten.append)
            head: dict[str, Any] = {"name": "n", "namespace": "default", "uid": "u", "resourceVersion": "7"}
            head["labels"] = {"app.kubernetes.io/managed-by": "fairlead"}
            note: Manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": head}
            informers.note(note)
            informers.note({"apiVersion": "v1", "kind": "Secret", "metadata": head})
            assert informers.of(kinds.CONFIG_MAP).find("default", "n") == note
            informers.gone(note)
            assert informers.of(kinds.CONFIG_MAP).find("default", "n") is None
            assert not informers.has_listed(kinds.CONFIG_MAP)
            assert (woken, forgotten) == ([], ["u"]), "what is gone is remembered by nobody"

    run(story())


@pytest.mark.trial(4)
@pytest.mark.parametrize("left", [{}, {"app.kubernetes.io/managed-by": "fairlead"}], ids=["none", "some"])
def test_a_pod_that_lost_its_labels_just_before_our_own_write_is_noticed(left: dict[str, str]) -> None:
    """The watch's event about the labels is older than our write, and brings nothing new by then."""

    async def story() -> None:
        woken = list[ObjectKey]()
        async with FakeApi().connected() as connection:
            informers = ControllerInformers(ApiServer(connection), ("default",), woken.append, lambda _: None)
            whole = {"app.kubernetes.io/managed-by": "fairlead", "fairlead.dev/deployment": "chat"}

            def pod(version: str, labels: dict[str, str], **annotations: str) -> Manifest:
                head: Manifest = {"name": "p", "namespace": "default", "uid": "u", "resourceVersion": version}
                head |= {"labels": labels, "annotations": annotations}
                return {"apiVersion": "v1", "kind": "Pod", "metadata": head}

            informers.note(pod("7", whole))
            informers.note(pod("8", whole, cost="1"))
            key = ObjectKey("InferenceDeployment", "default", "chat")
            assert informers.losses.of(key) == ()
            informers.note(pod("10", left, cost="2"))
            (loss,) = informers.losses.of(key)
            assert loss.manifest["metadata"]["resourceVersion"] == "8"
            assert woken == [key]
            assert (informers.of(kinds.POD).find("default", "p") is None) == (not left)

    run(story())


def test_conditions_are_counted_by_reason_and_foreign_reasons_share_one_series() -> None:
    async def story() -> None:
        async with FakeApi().connected() as connection:
            informers = ControllerInformers(ApiServer(connection), ("default",), lambda _: None, lambda _: None)
            given = (
                ("a", "NoFreeGpu", "2026-11-20T12:00:10Z"),
                ("b", "NoFreeGpu", "2026-11-20T12:00:05Z"),
                ("c", "bought-by-somebody", "soon"),
            )
            for name, reason, since in given:
                head = {"name": name, "namespace": "default", "uid": name, "resourceVersion": "7"}
                condition = {"type": "Scheduled", "status": "False", "reason": reason, "lastTransitionTime": since}
                informers.note({
                    "apiVersion": "fairlead.dev/v1alpha1",
                    "kind": "InferenceDeployment",
                    "metadata": head,
                    "status": {"conditions": [condition]},
                })  # fmt: skip
            earliest = datetime(2026, 11, 20, 12, 0, 5, tzinfo=UTC)
            assert informers.judged() == {
                ("InferenceDeployment", "Scheduled", "False", "NoFreeGpu"): ConditionCount(2, earliest.timestamp()),
                ("InferenceDeployment", "Scheduled", "False", "other"): ConditionCount(1, None),
            }

    run(story())


def test_settings_have_what_most_people_want() -> None:
    settings = OperatorSettings(lease_namespace="a", identity="b", router_image="c", engine_image="d")
    assert (settings.namespaces, settings.nodes_grow, settings.webhook.enabled) == ((), False, True)


def test_routes_are_watched_only_where_the_operator_may_and_nothing_waits_for_them() -> None:
    async def story() -> None:
        fake = FakeApi()
        fake.forbidden.add(("list", kinds.HTTP_ROUTE.title))
        async with fake.connected() as connection:
            for wanted, there in ((False, KindAvailability.UNWATCHED), (True, KindAvailability.FORBIDDEN)):
                informers = ControllerInformers(
                    ApiServer(connection), (), lambda _: None, lambda _: None, gateway_api=wanted
                )
                watching = asyncio.create_task(informers.run())
                await informers.synced()
                await until(partial(_stands, informers, there))
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)

    run(story())


def _stands(informers: ControllerInformers, there: KindAvailability) -> bool:
    return informers.availability(kinds.HTTP_ROUTE) is there
