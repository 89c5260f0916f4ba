"""Which models an engine lists, and the two requests that load and unload an adapter.

Response texts are never interpreted: a load worked if the engine lists the adapter afterwards.
"""

import json
from collections.abc import Collection
from http import HTTPStatus
from typing import Final

import aiohttp

from fairlead.cluster import pod_http
from fairlead.cluster.pod_http import ReplyBounds
from fairlead.documents import json_document
from fairlead.engines.catalogue import HOT_ADAPTERS
from fairlead.fleet.adapters import AdapterProblem, AdapterReason

LISTED: Final = "/v1/models"
LOAD_SECONDS: Final = 60.0
"""A load takes milliseconds, but an engine in the middle of a long step takes longer to respond."""
LIST_SECONDS: Final = 15.0
"""Until a silent engine makes its replica unready: as long as its own readiness probe takes, since a busy one responds
late. A dead or starting one refuses the connection, which shows at once."""
SHOWN: Final = 200
_JSON: Final = {"Content-Type": "application/json"}


class EngineAdapters:
    """The adapters of the engine at one address."""

    def __init__(self, session: aiohttp.ClientSession, address: str, fixed: Collection[str] = ()) -> None:
        self._session = session
        self._address = address
        self._fixed = frozenset(fixed)
        """Names that the engine starts with, however they are spelt: nobody loads or unloads these."""

    async def loaded(self) -> frozenset[str] | None:
        """Return the listed names, without those that the engine starts with; None if it does not respond."""
        text = await pod_http.fetch(self._session, f"http://{self._address}{LISTED}", seconds=LIST_SECONDS)
        try:
            listed = None if text is None else (str(one["id"]) for one in json_document.read(text)["data"])
            return None if listed is None else frozenset(listed) - self._fixed
        except (ValueError, KeyError, TypeError):
            return None

    async def load(self, name: str, path: str) -> AdapterProblem | None:
        """Load an adapter; return the engine's error, if any."""
        return await self._act(HOT_ADAPTERS.load, {HOT_ADAPTERS.name: name, HOT_ADAPTERS.folder: path})

    async def unload(self, name: str) -> AdapterProblem | None:
        """Unload an adapter; requests in flight that use it run to their end."""
        return await self._act(HOT_ADAPTERS.unload, {HOT_ADAPTERS.name: name})

    async def _act(self, path: str, body: dict[str, str]) -> AdapterProblem | None:
        url, bounds = f"http://{self._address}{path}", ReplyBounds(LOAD_SECONDS)
        reply = await pod_http.post(self._session, url, json.dumps(body).encode(), _JSON, bounds)
        if reply is None:
            return AdapterProblem(
                reason=AdapterReason.ENGINE_SILENT, message="no answer from the engine; Fairlead asks again within 60 s"
            )
        if reply.status == HTTPStatus.OK:
            return None
        words = " ".join(reply.content.decode(errors="replace").split())[:SHOWN]
        return AdapterProblem(
            reason=AdapterReason.ENGINE_REFUSED, message=f"the engine answered {reply.status} to {path}: {words}"
        )
