"""Several tasks of one process: the first that ends stops all, in order, and no error is lost."""

import asyncio
import os
import signal

import pytest

from fairlead.cluster.api_server import ApiServer
from fairlead.process.exit_signals import exit_signals
from fairlead.process.lifecycle import ClusterProcess, ProcessSettings, first_of
from tests.cluster.fake_api import FakeApi
from tests.cluster.worlds import run


class Works:
    """Tasks that record when they ended."""

    def __init__(self) -> None:
        self.ended: list[str] = []

    async def lasting(self, name: str) -> None:
        """Run until cancelled; it takes a moment to end."""
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.001)
            self.ended.append(name)

    async def failing(self) -> None:
        """Raise a fault of ours."""
        await asyncio.sleep(0)
        raise KeyError("bug")


def test_a_lease_is_claimed_for_the_deployment_of_the_flags() -> None:
    async def story() -> None:
        settings = ProcessSettings(lease_namespace="ops", identity="a-0", deployment="a")
        async with FakeApi().connected() as connection:
            process = ClusterProcess(settings, connection, ApiServer(connection), asyncio.Event())
            claimed = process.lease("lead")
            assert (str(claimed), claimed.identity, claimed.deployment) == ("ops/lead", "a-0", "a")

    run(story())


def test_when_one_ends_the_others_end_one_after_the_other() -> None:
    async def story() -> None:
        works = Works()
        await first_of(works.lasting("loop"), works.lasting("lease"), asyncio.sleep(0))
        assert works.ended == ["loop", "lease"]

    run(story())


def test_an_error_is_raised_when_all_have_ended() -> None:
    async def story() -> None:
        works = Works()
        with pytest.raises(KeyError):
            await first_of(works.lasting("loop"), works.failing())
        assert works.ended == ["loop"]

    run(story())


def test_a_caller_that_is_cancelled_ends_them_too() -> None:
    async def story() -> None:
        works = Works()
        waiting = asyncio.create_task(first_of(works.lasting("loop"), works.lasting("lease")))
        await asyncio.sleep(0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert works.ended == ["loop", "lease"]

    run(story())


def test_signals_wait_until_they_are_read() -> None:
    async def story() -> None:
        signals = exit_signals()
        for number in (signal.SIGTERM, signal.SIGINT):
            os.kill(os.getpid(), number)
            assert await signals.get() == number

    run(story())
