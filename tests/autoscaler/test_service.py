"""The loop beside the controller begins again after an internal error, which must not end all deciding."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from fairlead.autoscaler import service
from fairlead.autoscaler.ledger import NAME
from fairlead.autoscaler.samples.source_registry import SourceFactories
from fairlead.autoscaler.service import AutoscalerService
from fairlead.autoscaler.settings import LoopSettings
from fairlead.cluster import kinds
from fairlead.cluster.kinds import Resource
from fairlead.cluster.store import ObjectStore
from fairlead.fleet.policies import ReplicaBounds
from fairlead.fleet.router_keys import RouterKeys
from tests.autoscaler.fleets import SUBJECT, Clock, PretendServer, PretendSource, PretendWorld, deployment, pod


class TornWorld(PretendWorld):
    """A world whose nodes cannot be read for some rounds."""

    torn = 0

    def of(self, resource: Resource) -> ObjectStore:
        if resource is kinds.NODE and self.torn:
            self.torn -= 1
            raise KeyError("of ours")
        return super().of(resource)


def test_a_loop_that_ends_by_an_internal_error_is_counted_and_begins_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(service, "FIRST_PAUSE_S", 0.001)

    async def story() -> None:
        world = TornWorld()
        world.torn = 3
        world.receive(deployment("chat"))
        for role in ("engine", "router"):
            world.receive(pod("chat", role, 0))
        factories = SourceFactories(direct=lambda: PretendSource(Clock()), prometheus=lambda _: PretendSource(Clock()))
        settings = LoopSettings(every_seconds=0.01, decisions=tmp_path)
        subject = replace(SUBJECT, bounds=ReplicaBounds(least=1, most=6))
        ours = AutoscalerService(settings, lambda _: subject, factories, "me")
        deciding = asyncio.create_task(ours.run(world, PretendServer(world), RouterKeys()))
        async with asyncio.timeout(20):
            while not list(ours.records()):
                await asyncio.sleep(0.01)
        assert b"fairlead_autoscaler_failed_decisions_total 3.0" in ours.page()
        deciding.cancel()
        await asyncio.gather(deciding, return_exceptions=True)
        assert ours.page() == b""

    asyncio.run(story())
    assert json.loads((tmp_path / NAME).read_text().splitlines()[0])
    assert caplog.text.count("an internal error ended deciding; it begins again in 0 s; please report it") == 3
