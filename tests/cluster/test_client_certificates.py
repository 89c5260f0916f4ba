"""A client certificate is presented as a whole: a pair that does not fit ends the command, or leaves the one before."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from fairlead.cluster.connection import TOKEN_LIVES_S, ApiConnection, HttpRequest, connect
from fairlead.cluster.credentials import Credentials, NoCredentials
from tests.cluster.test_credential_plugin import plugin, printing, user, variables
from tests.cluster.test_kubeconfig import written
from tests.cluster.worlds import run
from tests.router.planes import HOST
from tests.router.test_tls import certified


@asynccontextmanager
async def served(folder: Path, *clients: Path) -> AsyncIterator[str]:
    """A server that answers each request with the serial number of its client's certificate."""
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shown.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    shown.verify_mode = ssl.CERT_REQUIRED
    for one in clients:
        shown.load_verify_locations(one / "tls.crt")

    async def serial(request: web.Request) -> web.Response:
        found = request.get_extra_info("peercert")["serialNumber"]
        return web.Response(text=str(int(found, 16)), headers={"Connection": "close"})

    app = web.Application()
    app.router.add_get("/", serial)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, 0, ssl_context=shown).start()
        yield f"https://{HOST}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def test_a_renewed_certificate_that_does_not_fit_its_key_leaves_the_one_before(tmp_path: Path) -> None:
    """As of a tool that is writing its two files at this moment."""
    first, second, server = (certified(tmp_path / name, number) for number, name in enumerate("abc", 1))

    async def story() -> None:
        now, serials = 0.0, list[str]()
        async with served(server, first, second) as address:

            def credentials(certificate: Path, key: Path) -> Credentials:
                return Credentials(
                    server=address,
                    ca_path=str(server / "tls.crt"),
                    certificate_path=str(certificate / "tls.crt"),
                    private_key_path=str(key / "tls.key"),
                )

            found = iter([credentials(second, first), credentials(second, second)])

            async def source() -> Credentials:
                return next(found)

            async with ApiConnection(source, credentials(first, first), lambda: now) as connection:
                for troubled in (False, True, False):
                    request = HttpRequest(method="GET", path="/", query={})
                    async with await connection.send(request, aiohttp.ClientTimeout(total=10.0)) as answer:
                        serials.append(await answer.text())
                    assert ("belong together" in connection.not_renewed) is troubled
                    now += TOKEN_LIVES_S
        assert serials == ["1", "1", "2"]

    run(story())


def test_a_plugins_certificate_that_is_none_ends_the_command_and_says_so(tmp_path: Path) -> None:
    plugin(tmp_path, printing('{"clientCertificateData": "CERT", "clientKeyData": "KEY"}'))
    path = written(tmp_path / "config", "prod", user())
    with pytest.raises(NoCredentials, match=r"^the client certificate and its key cannot be used \(.*PEM.*log in anew"):
        asyncio.run(connect(variables(path)))
