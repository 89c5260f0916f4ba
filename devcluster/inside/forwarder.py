"""Forwards ports on the machine's 127.0.0.1 to addresses inside the cluster's network."""

import asyncio
import contextlib
import socket
from concurrent.futures import ThreadPoolExecutor

from devcluster.inside import isolation

CHUNK = 256 * 1024


class Forwarder:
    """Listens outside, connects inside: a socket stays in the network namespace where it was created."""

    def __init__(self, host_network: int) -> None:
        # One thread, moved to the machine's own network for good; it only creates listening sockets.
        self._outside = ThreadPoolExecutor(max_workers=1, initializer=isolation.join_network, initargs=(host_network,))
        self._servers: dict[tuple[str, int], asyncio.Server] = {}
        # asyncio drops a socket whose peer has sent EOF; without a reference, the waiting relay would be collected.
        self._relays: set[asyncio.Task[None]] = set()

    async def open(self, target: tuple[str, int], port: int = 0) -> int:
        """Forward a port of 127.0.0.1 (any free one for 0) to `target`; a repeated call returns the same port."""
        if target in self._servers and port in (0, _port(self._servers[target])):
            return _port(self._servers[target])
        listening = await asyncio.get_running_loop().run_in_executor(self._outside, _listen, port)

        def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(_relay(target, reader, writer))
            self._relays.add(task)
            task.add_done_callback(self._relays.discard)

        self._servers[target] = await asyncio.start_server(relay, sock=listening)
        return _port(self._servers[target])

    def close(self) -> None:
        """Close every port; open connections may finish."""
        for server in self._servers.values():
            server.close()
        self._outside.shutdown(wait=False)


def _listen(port: int) -> socket.socket:
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("127.0.0.1", port))
    made.listen(512)
    return made


def _port(server: asyncio.Server) -> int:
    return int(server.sockets[0].getsockname()[1])


async def _relay(target: tuple[str, int], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        inner_reader, inner_writer = await asyncio.open_connection(*target)
    except OSError:
        writer.close()
        return
    try:
        await asyncio.gather(_pump(reader, inner_writer), _pump(inner_reader, writer))
    finally:
        for end in (writer, inner_writer):
            end.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy bytes one way until EOF; the other way may continue (half-closed connections are legal)."""
    with contextlib.suppress(ConnectionError, TimeoutError):
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()
    with contextlib.suppress(OSError):
        if writer.can_write_eof():
            writer.write_eof()
