"""HTTP requests to running pods, each with a time-out; an engine's load is read once and then kept.

Reads of two seconds and requests of minutes have connections of their own: engines and judges that answer slowly would
otherwise leave none for the reads of other namespaces.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Final

import aiohttp

from fairlead.adapting import adapter_report
from fairlead.adapting.adapter_report import LOADER_PAGE
from fairlead.cluster import pod_http, pods, router_client
from fairlead.cluster.kinds import Manifest
from fairlead.cluster.pod_http import LARGEST_REPLY, PodReply, ReplyBounds
from fairlead.cluster.router_client import ReportedSamples, SamplesPage
from fairlead.evaluating import requests
from fairlead.fleet.adapters import AdapterPlace
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.endpoints import GatewayReport, RouterReport
from fairlead.fleet.engine_load import EngineLoad
from fairlead.fleet.router_keys import RouterKeys
from fairlead.objects import labels, ports
from fairlead.objects.gateway_children import KEY_OWNER
from fairlead.process import engine_requests
from fairlead.process.engine_requests import EngineRequest, EngineRequests

AGAIN_S: Final = 30.0
"""An engine that did not answer is not scraped again with every event of its deployment."""
TURNING_S: Final = 120.0
"""Moving 140 GB of weights over PCIe takes some ten seconds; published wake times are 2 to 9 s."""
NO_KEYS: Final = RouterKeys()
AWAKE: Final = frozenset({HTTPStatus.OK, HTTPStatus.NOT_FOUND})


class PodClient:
    """The requests of one process to pods."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        clock: Callable[[], float] = time.monotonic,
        router_keys: RouterKeys = NO_KEYS,
        long_session: aiohttp.ClientSession | None = None,
    ) -> None:
        self._session = session
        self._long_session = long_session or session
        self._engines = EngineRequests(session)
        self._router_keys = router_keys
        self._clock = clock
        self._measured: dict[str, EngineLoad] = {}
        self._not_before: dict[str, float] = {}

    async def endpoints(self, router: Manifest, target: str = "") -> RouterReport | None:
        """Return a router's report, of one target if it is a gateway's."""
        address = pods.address(router)
        if address is None:
            return None
        return await router_client.endpoints(self._session, address, self._key(router), target=target)

    async def gateway_report(self, router: Manifest) -> GatewayReport | None:
        """Return what a gateway's router reports of all targets and tenants."""
        address = pods.address(router)
        return await router_client.gateway_report(self._session, address, self._key(router)) if address else None

    async def samples(self, router: Manifest, page: SamplesPage) -> ReportedSamples | None:
        """Return the requests by which a router compares two sides."""
        address = pods.address(router)
        if address is None:
            return None
        return await router_client.samples(self._session, address, self._key(router), page)

    def _key(self, router: Manifest) -> str | None:
        about = router["metadata"]
        carried = about.get("labels") or {}
        gateway = carried.get(labels.GATEWAY)
        owner = f"{KEY_OWNER}{gateway}" if gateway else carried.get(labels.DEPLOYMENT, "")
        return self._router_keys.bearer(about.get("namespace", ""), owner)

    async def load(self, pod: Manifest, kind: EngineKind) -> EngineLoad | None:
        """Return an engine's load; kept with its KV capacity, which does not change while it runs."""
        uid, address = pod["metadata"]["uid"], pods.address(pod)
        if uid in self._measured or address is None or self._clock() < self._not_before.get(uid, 0.0):
            return self._measured.get(uid)
        self._not_before[uid] = self._clock() + AGAIN_S
        found = await self.load_now(pod, kind)
        if found is not None and (found.capacity_tokens is not None or found.capacity_blocks is not None):
            self._measured[uid] = found
        return found

    async def load_now(self, pod: Manifest, kind: EngineKind) -> EngineLoad | None:
        """Scrape once, however recent the last scrape is."""
        return await self._engines.load_now(pod, kind)

    async def models(self, pod: Manifest, kind: EngineKind) -> str | None:
        """Return the page on which an engine names its models; None without an answer."""
        return await self._engines.models(pod, kind)

    async def adapters(self, pod: Manifest) -> Sequence[AdapterPlace] | None:
        """Return the adapters' states from the loader beside an engine."""
        address = pods.address(pod)
        url = f"http://{pod_http.host(address)}:{ports.LOADER}{LOADER_PAGE}" if address else ""
        text = await pod_http.fetch(self._session, url) if url else None
        return None if text is None else adapter_report.read(text)

    async def complete(
        self, pod: Manifest, kind: EngineKind, body: bytes, headers: Mapping[str, str], seconds: float
    ) -> PodReply | None:
        """Return an engine's reply to one of our requests; users' requests go first if it serves by priority."""
        bounds = ReplyBounds(seconds, LARGEST_REPLY)
        request = EngineRequest(path=requests.PATH, body=body, headers=headers, bounds=bounds)
        return await EngineRequests(self._long_session).send(pod, kind, request)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], seconds: float) -> PodReply | None:
        """Return a judge's reply; redirects are not followed, so no other host gets the key."""
        return await pod_http.post(self._long_session, url, body, headers, ReplyBounds(seconds, LARGEST_REPLY))

    async def sleep(self, pod: Manifest, kind: EngineKind) -> bool:
        """Put an engine to sleep once it finished what runs; return whether it is asleep now."""
        api, port = engine_requests.api_of(pod, kind)
        return api.sleep is not None and await self._act(pod, port, api.sleep.sleep) == HTTPStatus.OK

    async def wake(self, pod: Manifest, kind: EngineKind) -> bool:
        """Wake an engine; return whether it is awake now, as one without sleep endpoints always is."""
        api, port = engine_requests.api_of(pod, kind)
        return api.sleep is None or await self._act(pod, port, api.sleep.wake) in AWAKE

    async def _act(self, pod: Manifest, port: int, path: str) -> int | None:
        address = pods.address(pod)
        return await pod_http.act(self._long_session, address, port, path, TURNING_S) if address else None

    def forget(self, uid: str) -> None:
        """Drop a deleted pod."""
        self._measured.pop(uid, None)
        self._not_before.pop(uid, None)
