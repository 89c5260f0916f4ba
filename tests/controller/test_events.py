"""Events are sent beside the reconcile: none is waited for, and a failed one affects only itself."""

import asyncio
from datetime import UTC, datetime
from typing import Final

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.api_server import ApiServer
from fairlead.cluster.fencing import FencedApiServer
from fairlead.controller.events import ReconcileEvents
from fairlead.fleet.hung_replicas import HungReplicaReason
from fairlead.telemetry.operator_metrics import OperatorMetrics
from tests.cluster.fake_api import FakeApi, Fault
from tests.cluster.worlds import run
from tests.controller.pretend import deployment

OUTCOMES: Final = ("sent", "dropped")
NOON: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)


def event_counts(metrics: OperatorMetrics) -> tuple[int, int]:
    """How many Events were sent, and how many were not."""
    sent, dropped = (counted(metrics, f'events_total{{outcome="{outcome}"}}') or 0 for outcome in OUTCOMES)
    return sent, dropped


def counted(metrics: OperatorMetrics, series: str) -> int | None:
    """One value of the metrics page."""
    page = dict(line.rsplit(" ", 1) for line in metrics.page().decode().splitlines() if line[0] != "#")
    found = page.get(f"fairlead_operator_{series}")
    return None if found is None else int(float(found))


def test_transitions_and_steps_become_events_and_unchanged_conditions_do_not() -> None:
    async def story() -> None:
        fake, metrics, may = FakeApi(), OperatorMetrics(), [True]
        async with fake.connected() as connection:
            reconcile_events = ReconcileEvents(FencedApiServer(ApiServer(connection), lambda: may[0]), "me", metrics)
            about = deployment() | {"status": {"conditions": [{"type": "Fits", "status": "True", "reason": "Fits"}]}}
            about["metadata"] |= {"uid": "u"}
            reconcile_events.transition(
                about, {"type": "Fits", "status": "True", "reason": "Tight", "message": "m"}, NOON
            )
            reconcile_events.transition(
                about, {"type": "Fits", "status": "False", "reason": "DoesNotFit", "message": "m"}, NOON
            )
            accepted = {"type": "Accepted", "status": "True", "message": "m"}
            reconcile_events.transition(about, accepted | {"reason": "Accepted"}, NOON)
            reconcile_events.transition(about, accepted | {"reason": "SpeculationOff"}, NOON)
            reconcile_events.step(about, "ScaledUp", "2 replicas", NOON)
            await asyncio.gather(*reconcile_events.publisher.tasks)
            fake.fail(Fault(code=500), "create")
            reconcile_events.step(about, "ScaledDown", "1 replica", NOON)
            await asyncio.gather(*reconcile_events.publisher.tasks)
            may[0] = False
            reconcile_events.step(about, "ScaledUp", "3 replicas", NOON)
            await asyncio.gather(*reconcile_events.publisher.tasks)
        events = [one for where, one in fake.objects.held.items() if where[0] == kinds.EVENT.title]
        entries = {(one["type"], one["reason"], one["note"]) for one in events}
        assert entries == {
            ("Warning", "DoesNotFit", "Fits is False: m"),
            ("Normal", "SpeculationOff", "Accepted is True: m"),
            ("Normal", "ScaledUp", "2 replicas"),
        }
        assert event_counts(metrics) == (3, 2)

    run(story())


def test_a_restored_child_is_reported_and_counted() -> None:
    async def story() -> None:
        fake, metrics = FakeApi(), OperatorMetrics()
        async with fake.connected() as connection:
            events = ReconcileEvents(FencedApiServer(ApiServer(connection), lambda: True), "me", metrics)
            events.foreign_change(deployment(), kinds.SERVICE, "Service chat-router: spec.type was changed", NOON)
            await asyncio.gather(*events.publisher.tasks)
        (event,) = [one for where, one in fake.objects.held.items() if where[0] == kinds.EVENT.title]
        assert (event["type"], event["reason"]) == ("Warning", "PutBack")
        assert counted(metrics, 'writes_at_rest_total{resource="services"}') == 1

    run(story())


@pytest.mark.trial(9)
def test_a_pod_that_another_client_deleted_is_reported_and_no_write_is_counted() -> None:
    async def story() -> None:
        fake, metrics = FakeApi(), OperatorMetrics()
        async with fake.connected() as connection:
            events = ReconcileEvents(FencedApiServer(ApiServer(connection), lambda: True), "me", metrics)
            events.deleted(deployment(), "pod chat-1 was deleted", NOON)
            await asyncio.gather(*events.publisher.tasks)
        (event,) = [one for where, one in fake.objects.held.items() if where[0] == kinds.EVENT.title]
        assert (event["type"], event["reason"], event["note"]) == ("Warning", "Deleted", "pod chat-1 was deleted")
        assert counted(metrics, 'writes_at_rest_total{resource="pods"}') is None

    run(story())


def test_a_replica_that_hung_is_an_event_and_is_counted_by_its_outcome() -> None:
    async def story() -> None:
        fake, metrics = FakeApi(), OperatorMetrics()
        async with fake.connected() as connection:
            reconcile_events = ReconcileEvents(FencedApiServer(ApiServer(connection), lambda: True), "me", metrics)
            about = deployment()
            about["metadata"] |= {"uid": "u"}
            for reason in (HungReplicaReason.REPLACED, HungReplicaReason.MAX_HANG):
                reconcile_events.hung(about, reason, f"because of {reason}", NOON)
            await asyncio.gather(*reconcile_events.publisher.tasks)
            sent = sorted((one["reason"], one["action"], one["type"]) for one in fake.objects.held.values())
            assert sent == [("MostHang", "Report", "Warning"), ("Replaced", "Delete", "Warning")]
            outcomes = [counted(metrics, f'hung_replicas_total{{outcome="{one}"}}') for one in ("Replaced", "MostHang")]
            assert outcomes == [1, 1]

    run(story())
