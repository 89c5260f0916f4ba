"""Whether bad clients and a bad engine harm others: right statuses, bounded memory, others served all the time.

Slow heads and bodies, 10,000 idle connections, 2,000 concurrent streams, and engines that answer garbage; beside them
one well-behaved client that sends requests all the time. `python -m bench.router_abuse`.
"""

import argparse
import asyncio
import json
import resource
import sys
import tempfile
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any, Final

import uvloop

from bench.router_world import running
from bench.router_world.running import HOST, KEYS, PORT, World

DESCRIPTORS: Final = 40_000
MAX_MIB: Final = 512.0
"""Of the router's memory under all abuse here; a connection costs it a few KiB."""
HEAD_SECONDS: Final = 3
BODY_SECONDS: Final = 4


@dataclass(slots=True)
class Neighbour:
    """A well-behaved client."""

    seconds: list[float] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)

    async def send_all(self) -> None:
        """Send one request after the other, each on a new connection, until cancelled."""
        while True:
            begun = monotonic()
            status = await status_of({"stream": False})
            self.seconds.append(monotonic() - begun)
            if status != "200":
                self.failed[status] += 1
            await asyncio.sleep(0.02)

    def summary(self) -> str:
        """Its results."""
        seconds = sorted(self.seconds)
        if not seconds:
            return "nobody asked"
        at = seconds[int(len(seconds) * 0.99)]
        return f"{len(seconds)} asked, {sum(self.failed.values())} failed, p99 {at * 1000:.0f} ms"


def request(document: dict[str, Any]) -> bytes:
    """A whole request."""
    body = json.dumps({"model": "chat", "prompt": "x " * 50} | document).encode()
    head = f"POST /v1/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEYS[0]}\r\nconnection: close\r\n"
    return f"{head}content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


async def status_of(document: dict[str, Any]) -> str:
    """The status of one request, or how it ended; a stream counts if it ends normally."""
    try:
        reader, writer = await asyncio.open_connection(HOST, PORT)
    except OSError:
        return "refused"
    try:
        writer.write(request(document))
        whole = await reader.read()
    except OSError:
        return "reset"
    finally:
        writer.close()
    status = whole[9:12].decode() or "closed"
    return "cut" if document["stream"] and status == "200" and b"data: [DONE]" not in whole[-40:] else status


async def trickle(whole: bytes, begin: int) -> str:
    """Send one byte every half second from `begin` on; return the status with which the router cuts it."""
    reader, writer = await asyncio.open_connection(HOST, PORT)
    try:
        writer.write(whole[:begin])
        answer = asyncio.ensure_future(reader.readuntil(b"\r\n"))
        for at in range(begin, len(whole)):
            if answer.done():
                break
            writer.write(whole[at : at + 1])
            await asyncio.sleep(0.5)
        return (await answer)[9:12].decode()
    except (OSError, asyncio.IncompleteReadError):
        return "closed"
    finally:
        writer.transport.abort()


async def many(count: int, made: Any) -> Counter[str]:  # noqa: ANN401 - whatever makes a coroutine
    """The results of `count` concurrent ones."""
    return Counter(await asyncio.gather(*(made() for _ in range(count))))


async def idle(world: World, count: int) -> Counter[str]:
    """Open connections that send nothing, and check that a new client is still served."""
    writers: list[asyncio.StreamWriter] = []
    for _ in range(count):
        _, writer = await asyncio.open_connection(HOST, PORT)
        writers.append(writer)
    await asyncio.sleep(1)
    counts = Counter({"open": int(await world.gauge("fairlead_router_client_connections"))})
    counts[await status_of({"stream": False})] += 1
    for writer in writers:
        writer.transport.abort()
    return counts


@dataclass(slots=True)
class Line:
    """One kind of abuse."""

    name: str
    expected: set[str]
    work: Coroutine[Any, Any, Counter[str]]


async def run(connections: int, streams: int) -> int:
    """Run every kind in turn; return the exit code."""
    limits = {"headTimeout": f"{HEAD_SECONDS}s", "bodyTimeout": f"{BODY_SECONDS}s", "maxConnections": 20_000}
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="router-abuse-") as folder:
        async with running.world(Path(folder), slots=1000, connections=limits) as world:
            whole = request({"stream": False})
            stream = {"stream": True, "world": {"tokens": 30, "gap": 200}}
            garbage = {"stream": False, "world": {"garbage": True}}
            lines = (
                Line("slow heads", {"408"}, many(300, lambda: trickle(whole, 20))),
                Line("slow bodies", {"408"}, many(300, lambda: trickle(whole, whole.index(b"\r\n\r\n") + 10))),
                Line("idle connections", {"open", "200"}, idle(world, connections)),
                Line("streams at once", {"200"}, many(streams, lambda: status_of(stream))),
                Line("garbage from engines", {"502", "503"}, many(20, lambda: status_of(garbage))),
            )
            peak = world.rss_mib
            print(f"at the start: {peak:.0f} MiB")
            for line in lines:
                neighbour = Neighbour()
                neighbour_requests = asyncio.create_task(neighbour.send_all())
                counts = await line.work
                neighbour_requests.cancel()
                await asyncio.gather(neighbour_requests, return_exceptions=True)
                peak = max(peak, world.rss_mib)
                print(f"{line.name:22} {dict(counts)}  {world.rss_mib:.0f} MiB; beside it {neighbour.summary()}")
                if set(counts) - line.expected:
                    wrong.append(f"{line.name}: {dict(counts)}, expected {sorted(line.expected)}")
                if neighbour.failed and "engines" not in line.name:
                    wrong.append(f"{line.name}: beside it {dict(neighbour.failed)}")
                await world.until_routable()
            alive = await status_of({"stream": False})
    if alive != "200":
        wrong.append(f"afterwards a request is answered with {alive}")
    if peak > MAX_MIB:
        wrong.append(f"memory: {peak:.0f} MiB, more than {MAX_MIB:.0f}")
    for one in wrong:
        print(f"WRONG: {one}")
    verdict = f"{len(wrong)} things WRONG" if wrong else "right statuses, nobody else harmed"
    print(
        f"router abuse: 300 slow heads, 300 slow bodies, {connections:,} idle connections, {streams:,} streams, "
        f"garbage from engines: {verdict}; RSS at most {peak:.0f} MiB"
    )
    return 1 if wrong else 0


def main() -> int:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(prog="python -m bench.router_abuse", description=__doc__)
    parser.add_argument("--connections", type=int, default=10_000, help="idle ones; default 10000")
    parser.add_argument("--streams", type=int, default=2000, help="at once; default 2000")
    chosen = parser.parse_args()
    running.first_in_line()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(DESCRIPTORS, hard), hard))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run(chosen.connections, chosen.streams))


if __name__ == "__main__":
    sys.exit(main())
