"""Certificates for clients and certificate authorities for engines, read again when their files change.

A context stays the same object; only its content is replaced, so that open connections are not disturbed.
"""

import logging
import ssl
from pathlib import Path

from fairlead.router.config.loader import RouterConfig
from fairlead.router.watched_file import FileStamp, stamp

log = logging.getLogger(__name__)


class ServerTls:
    """TLS for clients; no context if they use plain HTTP."""

    def __init__(self, settings: RouterConfig) -> None:
        self.context: ssl.SSLContext | None = None
        self._seen: tuple[FileStamp, ...] = ()
        if settings.tls_cert_file and settings.tls_key_file:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.minimum_version = ssl.TLSVersion.TLSv1_2
            self.context.set_alpn_protocols(["http/1.1"])
            self._load(settings.tls_cert_file, settings.tls_key_file)

    def reload(self, settings: RouterConfig) -> None:
        """Load a rotated certificate; if it cannot be read, the old one stays in use."""
        if self.context is None or not settings.tls_cert_file or not settings.tls_key_file:
            return
        if self._seen == _stamps(settings.tls_cert_file, settings.tls_key_file):
            return
        try:
            self._load(settings.tls_cert_file, settings.tls_key_file)
        except (OSError, ssl.SSLError) as problem:
            log.error("%s: %s; the previous certificate stays in use", settings.tls_cert_file, problem)  # noqa: TRY400
        else:
            log.info("%s: read again", settings.tls_cert_file)

    def _load(self, cert: str, key: str) -> None:
        assert self.context is not None
        self._seen = _stamps(cert, key)
        # A pair that does not match would leave this context without any: tried on another one first.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)
        self.context.load_cert_chain(cert, key)


class UpstreamTls:
    """TLS for engines; the authority's file is read again when it changes, for connections made from then on."""

    def __init__(self) -> None:
        self._context: ssl.SSLContext | None = None
        self._seen: tuple[str, FileStamp] | None = None

    def context(self, settings: RouterConfig) -> ssl.SSLContext | None:
        """Return the context for a new connection to an engine."""
        path = settings.engine_ca_file
        if not path:
            return None
        now = (path, stamp(Path(path)))
        if now != self._seen:
            try:
                self._context = ssl.create_default_context(cafile=path)
            except (OSError, ssl.SSLError) as problem:
                log.error("%s: %s; the previous content stays in use", path, problem)  # noqa: TRY400 - no trace needed
                if self._context is None:
                    self._context = ssl.create_default_context()
            self._seen = now
        return self._context


def _stamps(*paths: str) -> tuple[FileStamp, ...]:
    return tuple(stamp(Path(path)) for path in paths)
