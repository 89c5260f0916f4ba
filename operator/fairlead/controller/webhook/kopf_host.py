"""Runs Kopf, which watches our kinds and serves the admission webhook. It never writes.

Handlers that would make Kopf write (create, update, resume, field, delete, timer, daemon, and any return value) are not
used; an event only wakes a key.
"""

import asyncio
import logging
import random
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from typing import Any, Final

import kopf

from fairlead.api import kinds as ours
from fairlead.cluster.connection import ApiConnection
from fairlead.cluster.credentials import Credentials, as_kubectl_verifies
from fairlead.controller.settings import OperatorSettings
from fairlead.controller.webhook.certificate_rotation import WebhookCertificateSettings
from fairlead.review.context import ObjectKey
from fairlead.review.webhook import AdmissionResponse

FINALIZER: Final = "fairlead.dev/kopf"
"""Never set on an object; a name of our own, since Kopf removes the configured finalizer from what it watches."""
WEBHOOK: Final = "validate"
"""The handler's id and, after a slash, the path that the chart's configuration names."""
CREDENTIALS_VALID_FOR: Final = timedelta(minutes=30)

ReviewHandler = Callable[[dict[str, Any], dict[str, Any] | None], Awaitable[AdmissionResponse]]
"""Called with the new object and the old one."""


@dataclass(frozen=True, kw_only=True)
class KopfCallbacks:
    """The functions that Kopf calls, and the webhook's certificates."""

    wake: Callable[[ObjectKey], None]
    review: ReviewHandler
    certificates: WebhookCertificateSettings | None
    """None: no webhook is served."""
    listens: Callable[[], None]
    """Called when the webhook's port accepts connections, and again when a new certificate has opened it anew."""


async def run(settings: OperatorSettings, connection: ApiConnection, callbacks: KopfCallbacks) -> None:
    """Run Kopf until cancelled, in a thread with an event loop of its own.

    When it ends, Kopf cancels all tasks that began after it, which would be ours; and it would handle our signals.
    """
    flag = threading.Event()
    bridge = _KopfBridge(asyncio.get_running_loop(), connection, callbacks)
    hosting = asyncio.create_task(asyncio.to_thread(lambda: asyncio.run(_operate(settings, bridge, flag))), name="kopf")
    try:
        await asyncio.shield(hosting)
    finally:
        flag.set()
        await hosting


class KopfLogin(kopf.ConnectionInfo):
    """Trusts the server that our own connection trusts."""

    def as_ssl_context(self) -> ssl.SSLContext:
        """Return Kopf's TLS context; Python 3.13 would refuse CAs that our own connection accepts."""
        return as_kubectl_verifies(super().as_ssl_context())


class AnnouncedServer(kopf.WebhookServer):
    """Kopf's webhook server, which opens its port some time after Kopf starts; this one says when."""

    def __init__(self, listens: Callable[[], None], **settings: Any) -> None:  # noqa: ANN401  # Kopf's own arguments
        super().__init__(**settings)
        self._listens = listens

    async def __call__(self, fn: kopf.WebhookFn) -> AsyncIterator[kopf.WebhookClientConfig]:
        """Yield Kopf's configurations of the server, each of them once its port is open."""
        served: Any = super().__call__(fn)
        async with aclosing(served):
            async for configuration in served:
                self._listens()
                yield configuration


class EndlessPauses:
    """Kopf's pauses between attempts of one request: it ends if a request fails for good, and the webhook with it.

    A namespace without rights or an API server that is away must not take the operator down. What our handlers wake
    is woken by our own watches too.
    """

    def __iter__(self) -> Iterator[float]:
        """Yield pauses that grow to a minute, without end."""
        return chain((1.0, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0, 34.0), repeat(60.0))


class _KopfBridge:
    """Passes calls from Kopf's thread to our event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, connection: ApiConnection, callbacks: KopfCallbacks) -> None:
        self._loop = loop
        self._connection = connection
        self._callbacks = callbacks
        self.certificates = callbacks.certificates

    def wake(self, key: ObjectKey) -> None:
        """Wake the key of an object that changed."""
        self._loop.call_soon_threadsafe(self._callbacks.wake, key)

    async def review(self, document: dict[str, Any], before: dict[str, Any] | None) -> AdmissionResponse:
        """Return the webhook's answer."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._review(document, before), self._loop))

    def listens(self) -> None:
        """Say that the webhook's port accepts connections."""
        self._loop.call_soon_threadsafe(self._callbacks.listens)

    async def credentials(self) -> Credentials:
        """Return the operator's own credentials."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._connection.credentials(), self._loop))

    async def _review(self, document: dict[str, Any], before: dict[str, Any] | None) -> AdmissionResponse:
        return await self._callbacks.review(document, before)


async def _operate(settings: OperatorSettings, bridge: _KopfBridge, flag: threading.Event) -> None:
    registry = kopf.OperatorRegistry()
    _register(registry, bridge)
    try:
        await kopf.operator(
            registry=registry,
            settings=kopf_settings(settings, bridge.certificates, bridge.listens),
            standalone=True,
            clusterwide=not settings.namespaces,
            namespaces=settings.namespaces,
            stop_flag=flag,
        )
    finally:
        flag.set()  # a thread of Kopf waits for it, and without it the loop would not close until Kopf kills us


def _register(registry: kopf.OperatorRegistry, bridge: _KopfBridge) -> None:
    @kopf.on.login(registry=registry)
    async def login(**_: object) -> kopf.ConnectionInfo:
        """Return the operator's credentials, read anew each half hour, since Kopf keeps a token until it is refused."""
        until = datetime.now(tz=UTC) + CREDENTIALS_VALID_FOR
        return KopfLogin(**(await bridge.credentials()).for_kopf(), expiration=until)

    for kind in ours.KINDS:
        _watch(registry, kind, bridge.wake)
        if bridge.certificates is not None:
            _validate(registry, kind, bridge.review)


def _watch(registry: kopf.OperatorRegistry, kind: ours.Kind[Any], wake: Callable[[ObjectKey], None]) -> None:
    @kopf.on.event(ours.GROUP, ours.VERSION, kind.plural, registry=registry)
    async def changed(name: str, namespace: str | None, **_: object) -> None:
        """Only wake the object's key; the reconcile decides."""
        wake(ObjectKey(kind.name, namespace or "", name))


def _validate(registry: kopf.OperatorRegistry, kind: ours.Kind[Any], review: ReviewHandler) -> None:
    @kopf.on.validate(ours.GROUP, ours.VERSION, kind.plural, id=WEBHOOK, registry=registry)
    async def validate(body: kopf.Body, warnings: list[str], old: kopf.Body | None = None, **_: object) -> None:
        """Return all refusals in one answer, with code 422 and never 500."""
        verdict = await review(dict(body), dict(old) if old is not None else None)
        warnings += verdict.warnings
        if verdict.refused:
            raise kopf.AdmissionError(verdict.refused, code=422)


def kopf_settings(
    settings: OperatorSettings, place: WebhookCertificateSettings | None, listens: Callable[[], None]
) -> kopf.OperatorSettings:
    """Return the settings of operator-reliability.md, which names an incident for each."""
    chosen = kopf.OperatorSettings()
    chosen.peering.standalone = True
    chosen.posting.enabled = False
    chosen.scanning.disabled = True
    chosen.watching.server_timeout = random.randint(300, 600)  # noqa: S311  # not all replicas at once
    chosen.watching.client_timeout = 660
    chosen.networking.enforce_retry_after = True
    chosen.networking.error_backoffs = EndlessPauses()
    chosen.process.ultimate_exiting_timeout = 20
    chosen.persistence.finalizer = FINALIZER
    chosen.admission.managed = None
    if place is not None:
        chosen.admission.server = AnnouncedServer(
            listens,
            addr=settings.host,
            port=settings.webhook.port,
            host=place.names[0],
            certfile=place.cert_file,
            pkeyfile=place.key_file,
        )
    logging.getLogger("kopf").setLevel(logging.WARNING)
    logging.getLogger("kopf._core.reactor.running").setLevel(logging.ERROR)  # hides its warning about signals
    return chosen
