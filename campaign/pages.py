"""kwok pods that answer for a whole campaign and lie if a move says so; their reports are known without a request."""

import asyncio
import contextlib
from typing import Any, Final

from aiohttp import web

from campaign.kube import Eye
from campaign.moves import EngineDeed
from fairlead.cluster import pods
from fairlead.cluster.api_server import ApiServer
from fairlead.objects import labels
from tests.faults import answering_pods
from tests.faults.answering_pods import AnsweringPods

Manifest = dict[str, Any]
EVERY_S: Final = 0.1
MUTE: Final = "no token within 5 s"
MANAGED: Final = ("app.kubernetes.io/managed-by", "fairlead")
WORDS: Final = {EngineDeed.METRICS_NAN: "NaN", EngineDeed.METRICS_HUGE: "9e99"}


class Pages(AnsweringPods):
    """As in other tests, plus lies; pods come from an existing watch."""

    def __init__(self, api: ApiServer, eye: Eye) -> None:
        super().__init__(api)
        self._eye = eye
        self.mute: set[str] = set()
        """Engine pods from which routers get no token."""
        self.silent: set[str] = set()
        """Router pods that do not answer."""
        self.lies: dict[str, EngineDeed] = {}
        """Wrong metrics, by the engine's pod."""
        self._at: dict[str, str] = {}
        """Pods by address; an address soon belongs to another pod."""

    async def follow(self) -> None:
        """Serve until cancelled."""
        while True:
            self._seen = tuple(one for one in self._eye.every() if _is_ours(one))
            self._at = {str(pods.address(one)): one["metadata"]["name"] for one in self._seen}
            with contextlib.suppress(OSError):
                await self._serve()
            await asyncio.sleep(EVERY_S)

    def heal(self, names: set[str]) -> None:
        """Stop these pods' lies."""
        self.mute -= names
        self.silent -= names
        for one in names:
            self.lies.pop(one, None)

    def page(self, name: str, router: str) -> Manifest | None:
        """What a deployment's router reports; None if it does not answer."""
        if router in self.silent:
            return None
        page = self._router_page(name)
        for one in page["endpoints"]:
            if one["pod"] in self.mute:
                one.update(state="ejected", reason=MUTE)
        return page

    async def _answer(self, address: str, port: int, pod: Manifest) -> web.AppRunner:
        name = str((pod["metadata"].get("labels") or {}).get(labels.DEPLOYMENT, ""))

        async def metrics(_: web.Request) -> web.Response:
            lie = self.lies.get(self._at.get(address, ""))
            text = answering_pods.engine_page(self.load(name))
            if lie in WORDS:
                text = "".join(f"{line.rpartition(' ')[0]} {WORDS[lie]}\n" for line in text.splitlines())
            return web.Response(text=text)

        async def endpoints(_: web.Request) -> web.Response:
            page = self.page(name, self._at.get(address, ""))
            return web.json_response(page) if page is not None else web.Response(status=500)

        app = web.Application()
        app.add_routes([web.get("/metrics", metrics), web.get("/fairlead/v1/endpoints", endpoints)])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, address, port).start()
        return runner


def _is_ours(pod: Manifest) -> bool:
    return (pod["metadata"].get("labels") or {}).get(MANAGED[0]) == MANAGED[1]
