"""Events are told beside the reconcile: none is waited for, and one that fails costs nothing but itself."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.api_server import ApiServer
from fairlead.controller.fenced import FencedServer
from fairlead.controller.telling import EventTeller
from tests.controller.pretend import deployment
from tests.reaching.fake_api import FakeApi, Fault
from tests.reaching.worlds import run

NOON: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_turns_and_steps_are_told_and_old_news_is_not() -> None:
    async def story() -> None:
        fake, fates, may = FakeApi(), list[bool](), [True]

        def told(**fate: Any) -> None:  # noqa: ANN401  # as metrics are called
            fates.append(fate["sent"])

        async with fake.connected() as connection:
            teller = EventTeller(FencedServer(ApiServer(connection), lambda: may[0]), "me", told)
            about = deployment() | {"status": {"conditions": [{"type": "Fits", "status": "True", "reason": "Fits"}]}}
            about["metadata"] |= {"uid": "u"}
            teller.transition(about, {"type": "Fits", "status": "True", "reason": "Tight", "message": "m"}, NOON)
            teller.transition(about, {"type": "Fits", "status": "False", "reason": "DoesNotFit", "message": "m"}, NOON)
            teller.step(about, "ScaledUp", "2 replicas", NOON)
            await asyncio.gather(*teller._tasks)
            fake.fail(Fault(code=500), "create")
            teller.step(about, "ScaledDown", "1 replica", NOON)
            await asyncio.gather(*teller._tasks)
            may[0] = False
            teller.step(about, "ScaledUp", "3 replicas", NOON)
            await asyncio.gather(*teller._tasks)
        events = [one for where, one in fake.objects.held.items() if where[0] == kinds.EVENT.title]
        said = {(one["type"], one["reason"], one["note"]) for one in events}
        assert said == {("Warning", "DoesNotFit", "Fits is False: m"), ("Normal", "ScaledUp", "2 replicas")}
        assert fates == [True, True, False, False]

    run(story())


def test_nobody_is_told_that_a_namespace_that_ends_takes_no_event(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        fake, fates = FakeApi(), list[bool]()
        refusal = {"reason": "Forbidden", "details": {"causes": [{"reason": "NamespaceTerminating"}]}}

        def told(**fate: Any) -> None:  # noqa: ANN401  # as metrics are called
            fates.append(fate["sent"])

        async with fake.connected() as connection:
            teller = EventTeller(FencedServer(ApiServer(connection), lambda: True), "me", told)
            fake.fail(Fault(code=403, body=json.dumps(refusal)), "create")
            teller.step(deployment(), "ScaledUp", "2 replicas", NOON)
            await asyncio.gather(*teller._tasks)
        assert (fates, caplog.messages) == ([False], [])

    run(story())
