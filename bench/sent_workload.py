"""Sends a workload to a real engine, each request at its time."""

import asyncio
from collections.abc import Sequence

from bench.simulated_workload import WorkloadRequest
from fairlead.cli.sweep.load_client import LoadClient


async def send(client: LoadClient, requests: Sequence[WorkloadRequest]) -> None:
    """Return once all are answered."""
    began = asyncio.get_running_loop().time()
    await asyncio.gather(*(_send(client, one, began) for one in requests))


async def _send(client: LoadClient, one: WorkloadRequest, began: float) -> None:
    await asyncio.sleep(max(0.0, began + one.at - asyncio.get_running_loop().time()))
    await client.decode(one.prompt, one.reply)
