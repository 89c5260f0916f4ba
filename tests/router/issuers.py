"""An OpenID issuer on a real socket, with a self-signed certificate and configurable answers."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from fairlead.router.key_reading_pace import KeyReadingPace
from tests.emulator.living import living
from tests.router.planes import HOST, PROMPT, Plane, plane, written
from tests.router.test_tls import certified
from tests.routing.tokens.issuing import Signer, key_set, signer

QUICK: Final = KeyReadingPace(every_seconds=0.05, first_seconds=0.01, least_seconds=0.02)
SELDOM: Final = KeyReadingPace(every_seconds=300.0, first_seconds=0.01, least_seconds=0.05)
"""Keys are read when a token needs them, and not otherwise."""
CONFIGURATION: Final = "/.well-known/openid-configuration"


class Issuer:
    """One issuer; changes take effect from the next time that keys are read."""

    def __init__(self, folder: Path) -> None:
        self.certificate = certified(folder / "issuer", 7)
        self.url = ""
        self.shown: list[Signer] = [signer()]
        self.page: dict[str, Any] = {}
        """What its configuration page says differently."""
        self.answer: web.Response | None = None
        """In place of its keys."""
        self.opened = asyncio.Event()
        """It answers while this is set."""
        self.opened.set()
        self.readings = 0

    @property
    def oidc(self) -> dict[str, Any]:
        """The issuer in a router's file."""
        return {"issuer": self.url, "audiences": ["models"], "caFile": str(self.certificate / "tls.crt")}

    def claims(self, sub: object = "shop", **further: Any) -> dict[str, Any]:  # noqa: ANN401 - any claim
        """Claims of a token that it signs for us."""
        return {"iss": self.url, "aud": "models", "sub": sub, "exp": 4_000_000_000} | further

    def token(self, sub: object = "shop", by: Signer | None = None, **further: Any) -> str:  # noqa: ANN401 - any claim
        """A token signed by the first of its keys, or by another one."""
        return (by or self.shown[0]).token(self.claims(sub, **further)).decode()

    async def read(self, more: int = 1) -> None:
        """Wait until its keys were read this many more times."""
        wanted = self.readings + more
        while self.readings < wanted:
            await asyncio.sleep(0.005)

    @asynccontextmanager
    async def listening(self, port: int = 0) -> AsyncIterator["Issuer"]:
        application = web.Application()
        application.router.add_get(CONFIGURATION, self._configuration)
        application.router.add_get("/keys", self._keys)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(self.certificate / "tls.crt", self.certificate / "tls.key")
        runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=0.05)
        await runner.setup()
        await web.TCPSite(runner, HOST, port, ssl_context=tls).start()
        self.url = f"https://{HOST}:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _configuration(self, _request: web.Request) -> web.Response:
        return web.json_response({"issuer": self.url, "jwks_uri": f"{self.url}/keys"} | self.page)

    async def _keys(self, _request: web.Request) -> web.Response:
        await self.opened.wait()
        self.readings += 1
        if self.answer is not None:
            return web.Response(body=self.answer.body, status=self.answer.status, headers=self.answer.headers)
        return web.json_response(key_set(*self.shown))


@asynccontextmanager
async def issuer(folder: Path) -> AsyncIterator[Issuer]:
    """A working issuer."""
    async with Issuer(folder).listening() as made:
        yield made


def tenants(folder: Path, **claims: list[str]) -> list[dict[str, Any]]:
    """Three tenants: `shop` and `bank` have keys as well."""
    found = []
    for name in ("shop", "bank", "lab"):
        (folder / f"{name}-key").write_text(f"sk-{name}")
        files = [] if name == "lab" else [str(folder / f"{name}-key")]
        found.append({"name": name, "keyFiles": files, "claims": claims.get(name, [])})
    return found


@asynccontextmanager
async def secured(
    folder: Path,
    there: Issuer,
    pace: KeyReadingPace = QUICK,
    address: str = "",
    **claims: list[str],
) -> AsyncIterator[Plane]:
    """A router in front of one engine, for these tenants and tokens of this issuer."""
    async with living() as (engine,):
        config = written(folder, [address or engine.address], oidc=there.oidc, tenants=tenants(folder, **claims))
        async with plane(config, pace=pace) as router:
            await router.until("routable")
            yield router


async def sent(router: Plane, key: str, path: str = "/v1/completions") -> tuple[int, str, dict[str, str]]:
    """Send a request: status, code of the error, and headers."""
    headers = {"authorization": f"Bearer {key}"}
    async with router.session.post(router.url + path, json=PROMPT, headers=headers) as answer:
        document = await answer.json()
        code = document.get("error", {}).get("code", "")
        return answer.status, code, {name.lower(): value for name, value in answer.headers.items()}


async def message(router: Plane, key: str) -> str:
    async with router.session.post(
        router.url + "/v1/completions", json=PROMPT, headers={"authorization": f"Bearer {key}"}
    ) as answer:
        found: str = (await answer.json())["error"]["message"]
        return found


async def keys_read(router: Plane, there: Issuer) -> None:
    """Wait until the router has the issuer's keys."""
    while (await sent(router, there.token()))[0] == 503:
        await asyncio.sleep(0.01)
