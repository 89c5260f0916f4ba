"""An application that ends leaves no connection open, however late one came."""

import asyncio
import gc
import socket
import warnings
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from tests.cluster import served_app


@pytest.mark.parametrize("turns", range(7))
def test_a_connection_that_comes_as_the_server_closes_is_closed(turns: int) -> None:
    """The loop has gone so many turns since the client connected: not accepted yet, without a handler, or with one."""

    async def connect_late() -> socket.socket:
        async with served_app.served(web.Application()) as address:
            where = urlsplit(address)
            client = socket.create_connection((where.hostname, where.port))
            for _ in range(turns):
                await asyncio.sleep(0)
        return client

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        client = asyncio.run(connect_late())
        gc.collect()
    client.settimeout(5)
    with client:
        assert _end(client)


def _end(client: socket.socket) -> bool:
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True
