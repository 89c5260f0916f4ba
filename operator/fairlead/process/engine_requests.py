"""Our own requests to engine pods: a scrape, the page of models, and a question behind those of users."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import aiohttp

from fairlead.cluster import pod_http, pods
from fairlead.cluster.kinds import Manifest
from fairlead.cluster.pod_http import PodReply
from fairlead.engines import catalogue as engines
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.engine_load import EngineLoad, UnreadableScrape

LAST: Final = "1000000"
"""The rank of our own requests: routers give tenants ranks from 0, and a smaller one goes first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRequest:
    """One request of ours."""

    path: str
    body: bytes
    headers: Mapping[str, str]
    seconds: float


@dataclass(slots=True)
class EngineRequests:
    """Over one session."""

    session: aiohttp.ClientSession

    async def load_now(self, pod: Manifest, kind: EngineKind) -> EngineLoad | None:
        """One scrape, however short the last one was ago."""
        engine, address = engines.ENGINES.get(kind), pods.address(pod)
        if engine is None or address is None:
            return None
        text = await pod_http.metrics(self.session, address, engine.api.port, engine.api.metrics_path)
        found = None if text is None else engine.load(text)
        return None if isinstance(found, UnreadableScrape) else found

    async def models(self, pod: Manifest, kind: EngineKind) -> str | None:
        """The page on which an engine names its models; None when it does not answer."""
        address, api = pods.address(pod), engines.api(kind)
        url = f"http://{pod_http.host(address)}:{api.port}{api.models_path}" if address else ""
        return await pod_http.fetch(self.session, url) if url else None

    async def send(self, pod: Manifest, kind: EngineKind, request: EngineRequest) -> PodReply | None:
        """An engine's reply, behind those of users where it serves by priority."""
        address, api = pods.address(pod), engines.api(kind)
        if address is None:
            return None
        last = {api.priority_header.decode(): LAST} if api.priority_header else {}
        url = f"http://{pod_http.host(address)}:{api.port}{request.path}"
        return await pod_http.post(self.session, url, request.body, {**request.headers, **last}, request.seconds)
