"""Which parts of a policy the autoscaler reads while it decides: fleets that grow, shrink, sleep and go silent."""

import asyncio
from dataclasses import replace
from typing import Any, Final

from fairlead.api import policy_conversion
from fairlead.api.kinds import POLICY
from fairlead.api.object_reader import read_stored
from fairlead.fleet import policies
from fairlead.fleet.policies import ReplicaBounds, ScalingPolicy, SignalTargets
from tests.api.full_specs import POLICY_SPEC
from tests.api.objects import written
from tests.autoscaler.fleets import Fleet, policy
from tests.controller.reads import Readers, watched
from tests.scaling.fluid_fleets import Fluid

SECRET: Final = {"data": {"k": "eA==", "key": "eA=="}}
LOADS: Final = ((400, 1.0), (300, 60.0), (1500, 0.0))
"""Seconds, and requests a second."""


def readers() -> Readers:
    """Every attribute of a policy, with the modules that read it; reviewing a policy is no use of it."""
    full = _full()
    with watched(policies) as found:
        for one in (full, replace(full, signals=SignalTargets()), replace(full, zero_after_seconds=60.0)):
            for least in (0, 1):
                _lived(one, least)
        asyncio.run(_looped())
    return found


def _full() -> ScalingPolicy:
    found = read_stored(written(POLICY_SPEC, kind=POLICY), POLICY).value
    assert found is not None
    return policy_conversion.policy(found.spec)


def _lived(one: ScalingPolicy, least: int) -> None:
    fleet = Fluid(policy=one, bounds=ReplicaBounds(least=least, most=20)).grown(2, at_once=True)
    for seconds, rate in LOADS:
        fleet.lived(seconds, rate)
    fleet.decided(replace(fleet.facts(), sleeps=True, speculates=True, price_per_hour=1.0))


async def _looped() -> None:
    """What only the process reads: the source of samples, and whether it may act."""
    changes: tuple[dict[str, Any], ...] = ({}, {"metrics": {"source": "Direct"}}, {"mode": "Active"})
    for changed in changes:
        fleet = Fleet()
        fleet.world.receive(policy(**POLICY_SPEC | changed))
        fleet.deploy()
        fleet.server.held["s"] = SECRET
        await fleet.rounds(6)
        fleet.source.waiting = 6.0
        await fleet.rounds(4)
        fleet.source.silent = True
        await fleet.rounds(40)
        await fleet.sources.close()
