"""SGLang's probes: two that check flags, and one that generates a token.

`srt/entrypoints/http_server.py`: `/health` polls every second whether the scheduler has responded, so it takes at least
one, and gives up after 20; from then on `/ready` is 503 too, until a later `/health` succeeds.
"""

import asyncio
from typing import Final

from aiohttp import web

from fairlead.emulator.surface.engine_interface import EngineControl

POLL_SECONDS: Final = 1.0
GIVES_UP_SECONDS: Final = 20.0


class ProbeHandlers:
    """Handlers of the probes of one server."""

    def __init__(self, control: EngineControl) -> None:
        self._control = control
        self._well = True
        """Result of the last `/health`."""

    async def ready(self, _: web.Request) -> web.Response:
        """GET /ready: 503 also while it is paused."""
        return _answered(well=self._up and not self._control.paused)

    async def ping(self, _: web.Request) -> web.Response:
        """GET /ping."""
        return _answered(well=self._up)

    async def health(self, _: web.Request) -> web.Response:
        """GET /health and /health_generate."""
        if self._control.draining:
            return _answered(well=False)
        loop = asyncio.get_running_loop()
        until = loop.time() + GIVES_UP_SECONDS
        while loop.time() < until:
            await asyncio.sleep(POLL_SECONDS)
            if self._control.responsive:
                self._well = True
                return _answered(well=True)
        self._well = False
        return _answered(well=False)

    @property
    def _up(self) -> bool:
        return self._well and not self._control.draining


def _answered(*, well: bool) -> web.Response:
    return web.Response(status=200 if well else 503)
