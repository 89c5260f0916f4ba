"""Scrapes every engine each second over the request connections: its load, and periodically its models.

One reused scraper per engine; no task. For an engine without samples the router has only its own counts.
"""

from time import monotonic
from typing import Any, Final

from fairlead.documents import json_document
from fairlead.engines.http_api import HttpApi
from fairlead.fleet import engine_load
from fairlead.router import upstream_requests
from fairlead.router.config.settings import TargetConfig
from fairlead.router.upstream_connection import UpstreamConnection
from fairlead.router.upstream_pool import UpstreamPool
from fairlead.routing.endpoint import Endpoint, EndpointSample
from fairlead.routing.endpoint_table import EndpointTable

CARDS_EVERY: Final = 15
"""Metrics scrapes between two reads of an engine's models, which change when an adapter is loaded."""
ANSWER_SECONDS: Final = 10.0
"""After so long without an answer a scrape is given up: it may be lost, and nothing else would start the next one."""
ModelCard = dict[str, Any]


class EngineScraper:
    """The scraper of one engine."""

    __slots__ = (
        *("_api", "_busy", "_cards_due", "_configured_tokens", "_endpoint", "_pieces", "_pool", "_reads_cards"),
        *("_sent_at", "_table", "cards", "follows_adapters"),
    )

    def __init__(self, table: EndpointTable, endpoint: Endpoint, api: HttpApi) -> None:
        self._api = api
        self._table = table
        self._endpoint = endpoint
        self._busy: UpstreamConnection | None = None
        self._sent_at = 0.0
        self._pieces: list[bytes] = []
        self._cards_due = 0
        self._reads_cards = False
        self._pool: UpstreamPool | None = None
        self.follows_adapters = False
        """Whether its adapters change; its models are then read with every scrape."""
        self._configured_tokens: int | None = None
        self.cards: list[ModelCard] = []
        """Its models, as of the last response."""

    def follow(self, config: TargetConfig) -> None:
        """Take over what the configuration has of this engine; its KV cache is that of the target revision alone."""
        self.follows_adapters = bool(config.adapter_versions)
        is_target = config.revision in {"", self._endpoint.revision}
        self._configured_tokens = config.kv_tokens if is_target else None

    def scrape(self, pool: UpstreamPool, now: float) -> None:
        """Start the next scrape, unless the last one is still in flight."""
        if self._busy is not None and now - self._sent_at < ANSWER_SECONDS:
            return
        self.stop()
        self._reads_cards = self._cards_due == 0 and not self.follows_adapters
        self._cards_due = CARDS_EVERY if self._cards_due == 0 else self._cards_due - 1
        self._pool = pool
        self._send(pool, now)

    def stop(self) -> None:
        """Abort the scrape in flight."""
        busy, self._busy = self._busy, None
        if busy is not None:
            busy.abort()

    def _send(self, pool: UpstreamPool, now: float) -> None:
        path = self._api.models_path if self._reads_cards else self._api.metrics_path
        self._pieces.clear()
        self._sent_at = now
        self._busy = pool.send(self, upstream_requests.upstream_message(pool, b"GET", path.encode()), now)

    def data_received(self, upstream: UpstreamConnection, data: bytes) -> None:  # noqa: ARG002 - the interface's
        """Keep part of the page."""
        self._pieces.append(data)

    def is_truncated(self, upstream: UpstreamConnection) -> bool:  # noqa: ARG002 - the interface's
        """Accept any page: what it lacks is not read."""
        return False

    def message_complete(self, upstream: UpstreamConnection) -> None:
        """Read the complete page."""
        self._busy = None
        head, page = upstream.reader.head, b"".join(self._pieces)
        self._pieces.clear()
        if head is None or head.status != 200:
            return
        if not self._reads_cards:
            self._read(page)
            if self.follows_adapters and self._pool is not None:
                self._reads_cards = True
                self._send(self._pool, monotonic())
            return
        self.cards = _cards(page)
        if self.follows_adapters:
            self._table.loaded(self._endpoint, frozenset(card["id"] for card in self.cards))

    def connection_lost(self, upstream: UpstreamConnection, why: str) -> None:  # noqa: ARG002 - the interface's
        """Leave it to the next round; a failed scrape does not change the endpoint's state."""
        self._busy = None

    def internal_error(self) -> None:
        """Abort: the page could not be processed."""
        self.stop()

    def _read(self, page: bytes) -> None:
        seen = self._api.quick_load(page)
        if seen is None:
            return
        sample = EndpointSample(at=monotonic(), running=seen.running, waiting=seen.waiting, kv_usage=seen.kv_usage)
        self._table.apply_sample(self._endpoint, sample)
        tokens = seen.kv_tokens
        if seen.kv_by_blocks and tokens is not None:
            tokens = engine_load.cache_tokens(tokens, self._configured_tokens)
        if tokens is not None and tokens != self._endpoint.kv_tokens:
            self._table.sized(self._endpoint, tokens, self._endpoint.max_sequences)


def _cards(page: bytes) -> list[ModelCard]:
    try:
        cards = json_document.read(page)["data"]
        return [card for card in cards if isinstance(card["id"], str)]
    except (ValueError, KeyError, TypeError):
        return []


def union(watches: list[EngineScraper], names: tuple[str, ...]) -> list[ModelCard]:
    """Return each model once, from the first engine that has it; only the configured names, if any."""
    seen: dict[str, ModelCard] = {}
    for watch in watches:
        for card in watch.cards:
            seen.setdefault(card["id"], card)
    if not names:
        return list(seen.values())
    return [seen.get(name) or {"id": name, "object": "model", "created": 0, "owned_by": "fairlead"} for name in names]
