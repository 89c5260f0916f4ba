"""Whether anything leaks: requests cancelled at any stage, engines killed with -9, slow readers, half-closed sockets.

Afterwards every gauge, queue, per-tenant counter and file descriptor of the router must be back at its start, and its
engines must have seen each abort within a tenth of a second by their own clock. Router, engines and clients are
separate processes that share the machine's cores: few clients at a time, so that the router's time is measured and not
the wait for a core. `python -m bench.router_leaks --requests 100000`.
"""

import argparse
import asyncio
import gc
import json
import os
import random
import socket
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any, Final

import uvloop

from bench.router_world import running
from bench.router_world.running import HOST, KEYS, NARROW, PORT, World

ABORT_SECONDS: Final = 0.1
STAGES: Final = ("head", "body", "queued", "first token", "stream", "slow reader", "half closed", "whole", "whole")
CALM_SECONDS: Final = 6.0
"""Idle connections to engines are closed after four."""
KILL_EVERY: Final = 4.0
SMALL_BYTES: Final = 4096
"""What the kernel may buffer for a slow reader, so that the rest waits in the router and then in the engine."""
WHERE: Final = {"body": "body", "queued": "queued", "first token": "first_token", "stream": "stream"}
"""Stages as the router counts aborts; a client that leaves within its head had sent no request yet."""


@dataclass(slots=True)
class LeakTally:
    """What was sent, and when clients gave up requests that an engine had."""

    stages: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    left_at: dict[str, float] = field(default_factory=dict)
    stage_of: dict[str, str] = field(default_factory=dict)


class Request:
    """One badly behaved client."""

    def __init__(self, number: int, chance: random.Random, result: LeakTally) -> None:
        self.stage = STAGES[number % len(STAGES)]
        self.name = f"leak-{number:06d}"
        self.chance = chance
        self.tally = result
        result.stages[self.stage] += 1

    async def run(self) -> None:
        """Run it to whatever end."""
        try:
            reader, writer = await self._connected()
        except OSError:
            self.tally.statuses["not connected"] += 1
            return
        try:
            await self._send(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            self.tally.statuses["closed"] += 1
        finally:
            writer.transport.abort()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self.stage != "slow reader":
            return await asyncio.open_connection(HOST, PORT)
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BYTES)
        made.setblocking(False)
        await asyncio.get_running_loop().sock_connect(made, (HOST, PORT))
        return await asyncio.open_connection(sock=made, limit=SMALL_BYTES)

    async def _send(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        whole = self._bytes()
        if self.stage in ("head", "body"):
            end = whole.index(b"\r\n\r\n")
            cut = self.chance.randrange(1, end) if self.stage == "head" else self.chance.randrange(end + 4, len(whole))
            writer.write(whole[:cut])
            await asyncio.sleep(self.chance.random() * 0.02)
            return
        writer.write(whole)
        if self.stage == "queued":
            await asyncio.sleep(self.chance.random() * 0.01)
        elif self.stage == "first token":
            await asyncio.sleep(0.02 + self.chance.random() * 0.05)
        elif self.stage == "half closed":
            await asyncio.sleep(self.chance.random() * 0.03)
            writer.write_eof()
            self._gave_up()
            await reader.read()
            return
        elif self.stage == "slow reader":
            await asyncio.sleep(0.1 + self.chance.random() * 0.2)
        elif self.stage == "stream":
            await reader.readuntil(b"data: ")
            await asyncio.sleep(self.chance.random() * 0.02)
        else:
            status = await reader.readuntil(b"\r\n")
            await reader.read() if self.chance.random() < 0.1 else await reader.readuntil(b"\r\n\r\n")
            self.tally.statuses[status.split()[1].decode()] += 1
            return
        self._gave_up()

    def _gave_up(self) -> None:
        self.tally.left_at[self.name] = monotonic()
        self.tally.stage_of[self.name] = self.stage

    def _bytes(self) -> bytes:
        slow = self.stage in ("first token", "half closed")
        many = self.stage in ("stream", "slow reader")
        world = {"first": 400 if slow else 2, "gap": 5 if many else 0, "tokens": 200 if many else 4}
        if self.stage == "slow reader":
            world |= {"size": 60_000, "gap": 0, "tokens": 150}
        streams = self.stage != "queued" or self.chance.random() < 0.5
        body = json.dumps({"model": "chat", "prompt": "x " * 50, "stream": streams, "world": world}).encode()
        key = NARROW if self.stage == "queued" else self.chance.choice(KEYS)
        head = (
            f"POST /v1/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\nconnection: close\r\n"
            f"content-type: application/json\r\nx-request-id: {self.name}\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


async def ill_treated(world: World, requests: int, at_once: int, result: LeakTally) -> None:
    """Send `requests`, `at_once` of them concurrently, while engines are killed in turn."""
    chance = random.Random(20261120)  # noqa: S311 - a run that can be repeated
    numbers = iter(range(requests))

    async def client() -> None:
        for number in numbers:
            await Request(number, chance, result).run()

    async def occupant() -> None:
        """Hold the narrow tenant's one slot; reconnect when its engine is killed."""
        while True:
            reader, writer = await asyncio.open_connection(HOST, PORT)
            try:
                writer.write(occupying())
                await reader.read()
            except OSError:
                pass
            finally:
                writer.transport.abort()

    async def killer() -> None:
        while True:
            await asyncio.sleep(KILL_EVERY)
            await world.kill_engine(chance.choice(running.ENGINES))

    beside = [asyncio.create_task(killer()), asyncio.create_task(occupant())]
    await asyncio.gather(*(client() for _ in range(at_once)))
    for one in beside:
        one.cancel()
    await asyncio.gather(*beside, return_exceptions=True)


def occupying() -> bytes:
    """A stream of half a minute."""
    body = json.dumps({"model": "chat", "prompt": "x", "stream": True, "world": {"tokens": 300, "gap": 100}}).encode()
    head = f"POST /v1/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {NARROW}\r\nconnection: close\r\n"
    return f"{head}content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


async def gauges_of(world: World) -> dict[str, Any]:
    """Everything that must return to its value."""
    seen = await world.seen()
    endpoints, queue = seen["endpoints"], seen["queue"]
    return {
        "in flight": await world.gauge("fairlead_router_requests_in_flight"),
        "held": await world.gauge("fairlead_router_requests_held"),
        "at engines": [one["inflight"] for one in endpoints],
        "load": [one["load"] for one in endpoints],
        "lanes": {name: (lane["waiting"], lane["inflight"]) for name, lane in queue["lanes"].items()},
        "tenants": [(one["waiting"], one["inflight"]) for one in queue["tenants"]],
        "states": [one["state"] for one in endpoints],
    }


async def run(requests: int, at_once: int) -> int:
    """Run and report; return the exit code."""
    result = LeakTally()
    with tempfile.TemporaryDirectory(prefix="router-leaks-") as folder:
        async with running.world(Path(folder), hold={"maxTime": "20s"}) as world:
            await asyncio.sleep(CALM_SECONDS)
            before, descriptors, rss = await gauges_of(world), world.descriptors, world.rss_mib
            begun = monotonic()
            await ill_treated(world, requests, at_once, result)
            seconds = monotonic() - begun
            await world.until_routable()
            await asyncio.sleep(CALM_SECONDS)
            left = sum([await world.collect(port) for port in running.ENGINES])
            after, descriptors_after, rss_after = await gauges_of(world), world.descriptors, world.rss_mib
            gone = {name: int(await world.gauge(_aborts(name))) for name in WHERE}
    aborts = sorted(world.hung_up[name] - at for name, at in result.left_at.items() if name in world.hung_up)
    print(f"{requests} requests in {seconds:.0f} s: {dict(result.stages)}; answers {dict(result.statuses)}")
    for stage in STAGES[:-1]:
        mine = sorted(
            world.hung_up[name] - at
            for name, at in result.left_at.items()
            if name in world.hung_up and result.stage_of[name] == stage
        )
        if mine:
            median, longest = mine[len(mine) // 2] * 1000, mine[-1] * 1000
            print(f"aborts, {stage}: {len(mine)}, median {median:.1f} ms, longest {longest:.1f} ms")
    print(f"clients that left, as the router counts them: {gone}")
    print(f"engines killed {world.killed} times; file descriptors {descriptors} before, {descriptors_after} after")
    wrong = [f"{name}: {before[name]} before, {after[name]} after" for name in before if before[name] != after[name]]
    wrong += [f"nobody left at the stage {name}" for name, count in gone.items() if count < result.stages[name] // 2]
    if left:
        wrong.append(f"engines still run {left} requests of clients that left")
    if descriptors_after > descriptors + 4:  # four are current connections of the engines and the scraper
        wrong.append(f"file descriptors: {descriptors} before, {descriptors_after} after")
    late = sum(one > ABORT_SECONDS for one in aborts)
    if late:
        wrong.append(f"{late} aborts took longer than {ABORT_SECONDS} s")
    for one in wrong:
        print(f"WRONG: {one}")
    at = aborts[min(len(aborts) - 1, int(len(aborts) * 0.999))] if aborts else 0.0
    print(
        f"router leaks: {requests:,} requests cancelled or failed at every stage, {world.killed} engines killed: "
        f"{f'{len(wrong)} things WRONG' if wrong else 'nothing left behind'} (gauges, queues, tenants, descriptors); "
        f"left {_listed(gone)}, {result.stages['head']:,} before the head; "
        f"{len(aborts):,} aborts seen by engines, from the client's close to the engine's notice, {at_once} at once on "
        f"{os.cpu_count()} cores: p99.9 {at * 1000:.1f} ms, longest {max(aborts, default=0.0) * 1000:.1f} ms; "
        f"RSS {rss:.0f} to {rss_after:.0f} MiB"
    )
    return 1 if wrong else 0


def _listed(gone: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in gone.items())


def _aborts(stage: str) -> str:
    return f'fairlead_router_client_aborts_total{{stage="{WHERE[stage]}"}}'


def main() -> int:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(prog="python -m bench.router_leaks", description=__doc__)
    parser.add_argument("--requests", type=int, default=3000, help="default 3000; the claim is made with 100000")
    parser.add_argument("--at-once", type=int, default=12, help="clients at a time; default 12")
    chosen = parser.parse_args()
    running.first_in_line()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run(chosen.requests, chosen.at_once))


if __name__ == "__main__":
    sys.exit(main())
