"""Events are sent in the background: a failed one is logged and counted, and affects only itself."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Final

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.api_server import ApiServer
from fairlead.cluster.fencing import FencedApiServer
from fairlead.process.event_publisher import EventPublisher
from fairlead.telemetry.event_recorder import NewEvent
from tests.cluster.fake_api import FakeApi, Fault
from tests.cluster.worlds import run

NOON: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)
OWNER: Final = {"apiVersion": "fairlead.dev/v1", "kind": "InferenceDeployment", "namespace": "default", "name": "chat"}
NEWS: Final = NewEvent(owner=OWNER, reason="ScaledUp", action="Roll", note="2 replicas")


def test_sent_refused_and_lost_are_counted_apart(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        fake, sent, may = FakeApi(), list[bool](), [True]
        async with fake.connected() as connection:
            publisher = EventPublisher(FencedApiServer(ApiServer(connection), lambda: may[0]), "me", sent.append)
            await publisher.publish(NEWS, NOON)
            fake.fail(Fault(code=500), "create")
            await publisher.publish(NEWS, NOON)
            may[0] = False
            await publisher.publish(NEWS, NOON)
        assert sent == [True, False, False]
        assert [one["note"] for where, one in fake.objects.held.items() if where[0] == kinds.EVENT.title] == [
            "2 replicas"
        ]
        assert len(caplog.messages) == 2

    run(story())


def test_a_namespace_that_ends_takes_no_event_and_that_is_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        fake, sent = FakeApi(), list[bool]()
        refusal = {"reason": "Forbidden", "details": {"causes": [{"reason": "NamespaceTerminating"}]}}

        async with fake.connected() as connection:
            publisher = EventPublisher(FencedApiServer(ApiServer(connection), lambda: True), "me", sent.append)
            fake.fail(Fault(code=403, body=json.dumps(refusal)), "create")
            publisher.send(NEWS, NOON)
            await asyncio.gather(*publisher.tasks)
        assert (sent, caplog.messages) == ([False], [])

    run(story())
