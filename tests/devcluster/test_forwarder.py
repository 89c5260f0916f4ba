"""A forwarder carries bytes both ways, even when one side has already finished sending."""

import asyncio
import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from devcluster.inside.forwarder import Forwarder
from devcluster.setup import machine


@pytest.fixture
def network() -> Iterator[int]:
    """The current network namespace, as a file descriptor."""
    with Path("/proc/self/ns/net").open() as namespace:
        yield namespace.fileno()


async def echo_after_the_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers only once the client has finished sending, as HTTP/1.0 clients may expect."""
    content = await reader.read()
    gc.collect()  # collects what waits for this answer and is not referenced
    writer.write(b"heard " + content)
    writer.write_eof()
    await writer.drain()
    writer.close()


async def through_a_door(answer: bytes, network: int) -> bytes:
    server = await asyncio.start_server(echo_after_the_end, "127.0.0.1", 0)
    inside = server.sockets[0].getsockname()[:2]
    forwarder = Forwarder(network)
    port = await forwarder.open(inside)
    assert await forwarder.open(inside) == port, "asked again, the same door is answered"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(answer)
    writer.write_eof()
    content = await reader.read()
    writer.close()
    await writer.wait_closed()
    forwarder.close()
    server.close()
    return content


@pytest.mark.skipif(not machine.survey().namespaces, reason="joining a network namespace needs CAP_SYS_ADMIN")
@pytest.mark.parametrize("size", [0, 1, 5_000_000])
def test_what_goes_in_comes_back_through_the_forwarder(size: int, network: int) -> None:
    answer = bytes(range(256)) * (size // 256 + 1)
    finished = asyncio.run(through_a_door(answer[:size], network))
    assert finished == b"heard " + answer[:size]


@pytest.mark.skipif(not machine.survey().namespaces, reason="joining a network namespace needs CAP_SYS_ADMIN")
def test_a_door_to_nowhere_closes(network: int) -> None:
    async def story() -> bytes:
        forwarder = Forwarder(network)
        port = await forwarder.open(("127.0.0.1", 1))
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        content = await reader.read()
        writer.close()
        await writer.wait_closed()
        forwarder.close()
        return content

    assert asyncio.run(story()) == b""
