"""An OpenAI-compatible API outside the cluster: its address, its key, and the format of requests to it.

Nothing of the client's head is sent there: no tenant key, no cookies, no names.
"""

import ssl
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

from fairlead.engines.http_api import EngineErrorClass, ErrorShapes, HttpApi
from fairlead.router.config.settings import ExternalConfig, TargetConfig
from fairlead.router.upstream_message import UpstreamMessage
from fairlead.router.wire import header_lines
from fairlead.router.wire.head_cache import HeadCache
from fairlead.router.wire.responses import ReplyFraming
from fairlead.router.wire.surfaces import MAX_OUTPUT, Surface

PATHS: Final = {
    Surface.CHAT: "/chat/completions",
    Surface.COMPLETIONS: "/completions",
    Surface.EMBEDDINGS: "/embeddings",
}
"""What is forwarded, below the API's base URL."""
NEWER_LIMIT: Final = {Surface.CHAT: "max_completion_tokens"}
PORTS: Final = {"https": 443, "http": 80}
OURS: Final = frozenset({401, 402, 403, *range(300, 400)})
"""Statuses that concern our key, our account or the URL that we have, not the client. A redirect is not followed: it
could take prompts and key anywhere."""
RATE_LIMITED: Final = 429
OPENAI: Final = (".openai.com", ".openai.azure.com")
"""Hosts whose newer models refuse `max_tokens` in chat; other APIs may know nothing else."""


def error_class(status: int, _body: bytes) -> EngineErrorClass:
    """Classify an error: the API's rate limit means that it has no room now; what is ours is our failure."""
    if status in (RATE_LIMITED, 503):
        return EngineErrorClass.BUSY
    return EngineErrorClass.FAILED if status >= 500 or status in OURS else EngineErrorClass.PASS_ON


def begins_with_error(payload: bytes) -> bool:
    """Whether a stream begins with an error."""
    return payload.startswith((b'data: {"error"', b'{"error"'))


API: Final = HttpApi(
    provider="openai",
    port=443,
    metrics_path="",
    models_path="",
    quick_load=lambda _page: None,
    errors=ErrorShapes(
        begins_with_error=begins_with_error,
        error_class=error_class,
        held_back=OURS | {RATE_LIMITED},
    ),
)


class ExternalApi:
    """One external API."""

    __slots__ = ("_context", "_lines", "address", "config", "host", "identity", "limit_members", "memory", "target")

    def __init__(self, config: ExternalConfig) -> None:
        url = urlsplit(config.api.url)
        port = url.port or PORTS[url.scheme]
        name = f"[{url.hostname}]" if ":" in str(url.hostname) else str(url.hostname)
        self.config = config
        self.address = f"{name}:{port}"
        self.host = (name if port == PORTS[url.scheme] else self.address).encode()
        self.limit_members = MAX_OUTPUT | NEWER_LIMIT if f".{url.hostname}".endswith(OPENAI) else MAX_OUTPUT
        """Names of the output token limit."""
        self.identity = sha256(f"{config.api.url}\n{config.api.model}".encode()).hexdigest()[:16]
        """Of its address and model: under one name, stored answers of another API are not used."""
        self.memory = HeadCache(header_lines.of_outside_response)
        """Only a few of its response headers are passed on."""
        self._context = ssl.create_default_context() if url.scheme == "https" else None
        key = b"" if config.key is None else b"authorization: Bearer %b\r\n" % config.key
        self._lines = {
            surface: b"POST %b%b HTTP/1.1\r\nhost: %b\r\n%bcontent-type: application/json\r\n"
            % (url.path.encode(), path.encode(), self.host, key)
            for surface, path in PATHS.items()
        }
        self.target = TargetConfig(
            target=config.api.name,
            endpoints=(self.address,),
            models=(config.api.model,),
            max_sequences=config.api.max_concurrency,
        )

    def tls(self) -> ssl.SSLContext | None:
        """Return the context for connections: certificates are verified by the machine's authorities."""
        return self._context

    def message(self, surface: Surface, body: bytes, framing: ReplyFraming) -> UpstreamMessage:
        """Return a client's request as sent to the API."""
        head = b"%bcontent-length: %d\r\n\r\n" % (self._lines[surface], len(body))
        return UpstreamMessage(parts=(head, body), framing=framing)
