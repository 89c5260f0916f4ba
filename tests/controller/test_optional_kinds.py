"""Kinds that the operator may have no right to list, and goes on without."""

import asyncio

from fairlead.cluster import kinds
from fairlead.cluster.api_server import ApiServer
from fairlead.cluster.availability import KindAvailability
from fairlead.controller.informers import ControllerInformers
from tests.cluster.fake_api import FakeApi
from tests.cluster.worlds import run


def test_without_the_right_to_list_daemon_sets_all_else_is_done() -> None:
    """A role of an earlier release lacks it: only images are not pulled in advance."""

    async def story() -> None:
        fake = FakeApi()
        fake.forbidden.add(("list", kinds.DAEMON_SET.title))
        async with fake.connected() as connection:
            informers = ControllerInformers(ApiServer(connection), (), lambda _: None, lambda _: None, gateway_api=True)
            watching = asyncio.create_task(informers.run())
            await informers.synced()
            assert informers.availability(kinds.DAEMON_SET) is not KindAvailability.SERVED
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    run(story())
