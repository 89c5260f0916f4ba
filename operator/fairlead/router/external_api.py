"""An OpenAI-compatible API outside of the cluster: its address, its key, and what requests to it look like.

Nothing of the client's head goes there: not the tenant's key, no cookie, no name of anybody.
"""

import ssl
from typing import Final
from urllib.parse import urlsplit

from fairlead.engines.http_api import EngineErrorClass, ErrorShapes, HttpApi
from fairlead.router.config.settings import ExternalConfig, TargetConfig
from fairlead.router.upstream_connection import UpstreamMessage
from fairlead.router.wire.responses import ReplyFraming
from fairlead.router.wire.surfaces import Surface

PATHS: Final = {
    Surface.CHAT: "/chat/completions",
    Surface.COMPLETIONS: "/completions",
    Surface.EMBEDDINGS: "/embeddings",
}
"""What is forwarded, below the API's base URL."""
PORTS: Final = {"https": 443, "http": 80}
KEY_REFUSED: Final = frozenset({401, 403})
"""Statuses that say something of our key, which is not the client's affair."""
RATE_LIMITED: Final = 429


def error_class(status: int, _body: bytes) -> EngineErrorClass:
    """A limit of the API's means that it has no room for us now; a key that it refuses is a failure of ours."""
    if status in (RATE_LIMITED, 503):
        return EngineErrorClass.BUSY
    return EngineErrorClass.FAILED if status >= 500 or status in KEY_REFUSED else EngineErrorClass.PASS_ON


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
        held_back=KEY_REFUSED | {RATE_LIMITED},
    ),
)


class ExternalApi:
    """One such API."""

    __slots__ = ("_context", "_lines", "address", "config", "host", "target")

    def __init__(self, config: ExternalConfig) -> None:
        url = urlsplit(config.api.url)
        port = url.port or PORTS[url.scheme]
        name = f"[{url.hostname}]" if ":" in str(url.hostname) else str(url.hostname)
        self.config = config
        self.address = f"{name}:{port}"
        self.host = (name if port == PORTS[url.scheme] else self.address).encode()
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
        """The context of connections: certificates are checked by the authorities of the machine."""
        return self._context

    def message(self, surface: Surface, body: bytes, out: ReplyFraming) -> UpstreamMessage:
        """A client's request as the API gets it."""
        head = b"%bcontent-length: %d\r\n\r\n" % (self._lines[surface], len(body))
        return UpstreamMessage(parts=(head, body), out=out)
