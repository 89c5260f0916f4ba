"""Our own requests to engine pods: a scrape, the page of models, and completions, after users' requests."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import aiohttp
import msgspec
from msgspec import Raw

from fairlead.cluster import pod_http, pods
from fairlead.cluster.kinds import Manifest
from fairlead.cluster.pod_http import PodReply, ReplyBounds
from fairlead.engines import catalogue as engines
from fairlead.engines.http_api import HttpApi
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.engine_load import EngineLoad, UnreadableScrape
from fairlead.objects import pod_engine

LAST: Final = "1000000"
"""The priority of our own requests: routers give tenants priorities from 0, and a smaller one goes first."""
_MEMBERS: Final = msgspec.json.Decoder(dict[str, Raw])


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRequest:
    """One request of ours."""

    path: str
    body: bytes
    headers: Mapping[str, str]
    bounds: ReplyBounds


@dataclass(slots=True)
class EngineRequests:
    """Requests over one session. `kind` is that of the spec or the revision; a pod of another kind shows its own."""

    session: aiohttp.ClientSession

    async def load_now(self, pod: Manifest, kind: EngineKind) -> EngineLoad | None:
        """Scrape once, however recent the last scrape is."""
        shown, address = pod_engine.of(pod), pods.address(pod)
        engine = engines.ENGINES.get(shown.kind or kind)
        if engine is None or address is None:
            return None
        port = shown.port or engine.api.port
        text = await pod_http.metrics(self.session, address, port, engine.api.metrics_path)
        found = None if text is None else engine.load(text)
        return None if isinstance(found, UnreadableScrape) else found

    async def models(self, pod: Manifest, kind: EngineKind) -> str | None:
        """Return the page on which an engine names its models; None without an answer."""
        address, (api, port) = pods.address(pod), api_of(pod, kind)
        url = f"http://{pod_http.host(address)}:{port}{api.models_path}" if address else ""
        return await pod_http.fetch(self.session, url) if url else None

    async def send(self, pod: Manifest, kind: EngineKind, request: EngineRequest) -> PodReply | None:
        """Return an engine's reply; users' requests go first if it serves by priority."""
        address, (api, port) = pods.address(pod), api_of(pod, kind)
        if address is None:
            return None
        last = {api.priority_header.decode(): LAST} if api.priority_header else {}
        url = f"http://{pod_http.host(address)}:{port}{request.path}"
        body = body_for(api, request)
        return await pod_http.post(self.session, url, body, {**request.headers, **last}, request.bounds)


def body_for(api: HttpApi, request: EngineRequest) -> bytes:
    """Return the body with the last priority, if this engine reads one there, and without a program's ids of requests,
    which would reach those of users. Anything but an object stays as it is."""
    ranked, ids = api.priority_member, api.never_from_clients.members
    has_rank = ranked is not None and request.path.encode() in ranked.paths
    if not has_rank and not ids:
        return request.body
    try:
        there = _MEMBERS.decode(request.body)
    except (ValueError, RecursionError):
        return request.body
    for name in ids:
        there.pop(name, None)
    if ranked is not None and has_rank:
        there[ranked.name] = Raw(LAST.encode())
    return msgspec.json.encode(there)


def api_of(pod: Manifest, kind: EngineKind) -> tuple[HttpApi, int]:
    """Return the HTTP interface of a pod's engine and its port; by `kind` if the pod does not show them."""
    shown = pod_engine.of(pod)
    api = engines.api(shown.kind or kind)
    return api, shown.port or api.port
