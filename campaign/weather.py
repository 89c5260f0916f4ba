"""Cluster-wide faults: a failing API server, a broken watch, a dying operator. One at a time."""

import asyncio
import time
from dataclasses import replace
from typing import Final

from campaign.moves import Api, ApiDeed, Operator, OperatorDeed
from devcluster.door import Embedded
from tests.faults.operator import LEASE_S, OperatorProcess
from tests.faults.proxy import Answer, Delay, Drop, Fault, Moment, Proxy

RULES: Final[dict[ApiDeed, tuple[Moment, Fault]]] = {
    ApiDeed.ERRORS: (Moment.BEFORE, Answer(500, "InternalError")),
    ApiDeed.CONFLICTS: (Moment.BEFORE, Answer(409, "Conflict")),
    ApiDeed.THROTTLES: (Moment.BEFORE, Answer(429, "TooManyRequests", 1)),
    ApiDeed.DROPS: (Moment.AFTER, Drop()),
    ApiDeed.SLOW: (Moment.BEFORE, Delay(0.5)),
}
AFTERWARDS_S: Final = 12.0
"""Failed requests are retried after a growing pause."""


class Weather:
    """The proxy, the operator's process, and when they were last disturbed."""

    def __init__(self, door: Embedded, proxy: Proxy, operator: OperatorProcess) -> None:
        self.proxy = proxy
        self.operator = operator
        self.until = 0.0
        """By the monotonic clock; far in the future during a fault."""
        self._door = door
        self._turn = asyncio.Lock()

    async def perform(self, move: Api | Operator) -> None:
        """Cause one fault; others wait."""
        async with self._turn:
            self.until = time.monotonic() + 3600.0
            try:
                match move:
                    case Api(deed=deed, seconds=seconds):
                        await self._api(deed, float(seconds))
                    case Operator(deed=deed):
                        await self._operator(deed)
            finally:
                self.until = time.monotonic() + AFTERWARDS_S

    async def _api(self, deed: ApiDeed, seconds: float) -> None:
        match deed:
            case ApiDeed.WATCHES_BREAK:
                for gate in tuple(self.proxy.gates.values()):
                    gate.cut()
            case ApiDeed.WATCHES_EXPIRE:
                for gate in tuple(self.proxy.gates.values()):
                    gate.expire()
            case ApiDeed.WATCHES_LATE:
                gates = tuple(self.proxy.gates.values())
                for gate in gates:
                    gate.hold()
                await asyncio.sleep(seconds)
                for gate in gates:
                    gate.release()
            case ApiDeed.RESTART:
                await asyncio.to_thread(self._door.kill, "kube-apiserver")
                await asyncio.sleep(seconds)
            case _:
                moment, fault = RULES[deed]
                self.proxy.at(None, moment, fault)
                await asyncio.sleep(seconds)
                self.proxy.rules.clear()

    async def _operator(self, deed: OperatorDeed) -> None:
        match deed:
            case OperatorDeed.KILL:
                await asyncio.to_thread(self.operator.kill)
                self.operator.start()
                await asyncio.sleep(LEASE_S)
            case OperatorDeed.RESTART:
                await asyncio.to_thread(self.operator.stop)
                self.operator.start()
            case OperatorDeed.SECOND:
                await self._second()
        await asyncio.to_thread(self.operator.wait_ready)

    async def _second(self) -> None:
        """Start a second operator that stands by, takes over while the first restarts, and ends."""
        second = replace(self.operator, host=self.operator.host.replace(".255.1", ".255.2"), process=None)
        second.start()
        try:
            await asyncio.to_thread(second.wait_ready)
            await asyncio.to_thread(self.operator.stop)
            self.operator.start()
            await asyncio.to_thread(self.operator.wait_ready)
        finally:
            await asyncio.to_thread(second.stop)
