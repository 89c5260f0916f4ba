"""What a process does with the Lease: it works while it has it, and gives it back when it is stopped."""

import asyncio
import random

import pytest

from fairlead.cluster import kinds, lease
from fairlead.cluster.api_server import ApiServer
from fairlead.controller import process
from tests.cluster.fake_api import FakeApi


class Claim:
    """Works with the Lease until it is stopped."""

    def __init__(self, ends: Exception | None = None) -> None:
        self.began = asyncio.Event()
        self.ended = False
        self._ends = ends

    async def work(self) -> None:
        """Work as long as allowed."""
        self.began.set()
        try:
            if self._ends is not None:
                raise self._ends
            await asyncio.Event().wait()
        finally:
            self.ended = True


async def led(claim: Claim, *, stops: bool | None = None) -> bool:
    """Lead until stopped, or until the Lease is lost; whether it was released."""
    fake = FakeApi()
    async with fake.connected() as connection:
        place = lease.LeaseSettings(namespace="ops", name="fairlead", identity="me")
        leadership = lease.Leadership(ApiServer(connection), place, random.Random(7))  # noqa: S311  # jitter
        stop = asyncio.Event()
        leading = asyncio.create_task(process.lead(leadership, claim.work, stop))
        await claim.began.wait()
        if stops is not None:
            (stop if stops else leadership.lost).set()
        await leading
        assert claim.ended
        return not fake.objects.held[(kinds.LEASE.title, "ops", "fairlead")]["spec"].get("holderIdentity")


def test_a_process_that_is_stopped_releases_the_lease() -> None:
    """P22: a standby need not wait."""
    assert asyncio.run(led(Claim(), stops=True))


def test_who_lost_the_lease_ends_its_work() -> None:
    """P22: its state is of no use any more."""
    asyncio.run(led(Claim(), stops=False))


def test_work_that_ends_by_a_fault_of_ours_ends_the_process() -> None:
    with pytest.raises(KeyError):
        asyncio.run(led(Claim(KeyError("bug"))))
