"""The loader's HTTP endpoints: whether its replica may get requests, and the state of each version."""

from typing import Final

from aiohttp import web

from fairlead.adapting import adapter_report
from fairlead.adapting.adapter_report import LOADER_PAGE
from fairlead.loader.loop import LoaderLoop

READY: Final = "/readyz"
ALIVE: Final = "/healthz"


def routes(loop: LoaderLoop) -> tuple[web.RouteDef, ...]:
    """Return all routes."""

    async def ready(_: web.Request) -> web.Response:
        words = "every adapter was loaded or attempted" if loop.complete else "adapters are being loaded"
        return web.Response(status=200 if loop.complete else 503, text=f"{words}\n")

    async def alive(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def places(_: web.Request) -> web.Response:
        return web.Response(text=adapter_report.text(loop.places), content_type="application/json")

    return web.get(READY, ready), web.get(ALIVE, alive), web.get(LOADER_PAGE, places)
