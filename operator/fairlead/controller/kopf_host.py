"""Kopf as our host: it watches our kinds, keeps the process's life, and serves admission. It never writes.

Handlers that would make Kopf write (create, update, resume, field, delete, timer, daemon, and any return value) are
not used; an event only wakes a key.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import kopf

from fairlead.api import kinds as ours
from fairlead.cluster.connection import Connection
from fairlead.controller.certificate_keeper import Place
from fairlead.controller.known import Key
from fairlead.controller.settings import OperatorSettings
from fairlead.controller.webhook import Verdict

FINALIZER: Final = "fairlead.dev/kopf"
"""Never set; named, since Kopf strips the finalizer of its configured name from whatever it watches."""
WEBHOOK: Final = "validate"
"""The handler's id and, after a slash, the path that the chart's configuration names."""
KOPF_BELIEVES: Final = timedelta(minutes=30)

Reviewed = Callable[[dict[str, Any]], Awaitable[Verdict]]


@dataclass(frozen=True, kw_only=True)
class Hosted:
    """What Kopf is to call."""

    wake: Callable[[Key], None]
    review: Reviewed
    certificates: Place | None
    """Absent: no webhook is served."""


async def run(settings: OperatorSettings, connection: Connection, hosted: Hosted, stop: asyncio.Event) -> None:
    """Host until stopped."""
    registry = kopf.OperatorRegistry()
    _register(registry, connection, hosted)
    await kopf.operator(
        registry=registry,
        settings=_settings(settings, hosted),
        standalone=True,
        clusterwide=not settings.namespaces,
        namespaces=settings.namespaces,
        stop_flag=stop,
    )


def _register(registry: kopf.OperatorRegistry, connection: Connection, hosted: Hosted) -> None:
    @kopf.on.login(registry=registry)
    async def login(**_: object) -> kopf.ConnectionInfo:
        """The same credentials as ours, read anew each half hour, since Kopf keeps a token until it is refused."""
        until = datetime.now(tz=UTC) + KOPF_BELIEVES
        return kopf.ConnectionInfo(**(await connection.credentials()).for_kopf(), expiration=until)

    for kind in ours.KINDS:
        _watch(registry, kind, hosted.wake)
        if hosted.certificates is not None:
            _validate(registry, kind, hosted.review)


def _watch(registry: kopf.OperatorRegistry, kind: ours.Kind[Any], wake: Callable[[Key], None]) -> None:
    @kopf.on.event(ours.GROUP, ours.VERSION, kind.plural, registry=registry)
    async def changed(name: str, namespace: str | None, **_: object) -> None:
        """Nothing is decided here: the key is enough."""
        wake(Key(kind.name, namespace or "", name))


def _validate(registry: kopf.OperatorRegistry, kind: ours.Kind[Any], review: Reviewed) -> None:
    @kopf.on.validate(ours.GROUP, ours.VERSION, kind.plural, id=WEBHOOK, registry=registry)
    async def validate(body: kopf.Body, warnings: list[str], **_: object) -> None:
        """All that is wrong in one answer, and never an answer of 500."""
        verdict = await review(dict(body))
        warnings += verdict.warnings
        if verdict.refused:
            raise kopf.AdmissionError(verdict.refused, code=422)


def _settings(settings: OperatorSettings, hosted: Hosted) -> kopf.OperatorSettings:
    """As operator-reliability.md pins them, each for the incident it names."""
    chosen = kopf.OperatorSettings()
    chosen.peering.standalone = True
    chosen.posting.enabled = False
    chosen.scanning.disabled = True
    chosen.watching.server_timeout = random.randint(300, 600)  # noqa: S311  # not all replicas at once
    chosen.watching.client_timeout = 660
    chosen.networking.enforce_retry_after = True
    chosen.process.ultimate_exiting_timeout = 20
    chosen.persistence.finalizer = FINALIZER
    chosen.admission.managed = None
    if (place := hosted.certificates) is not None:
        chosen.admission.server = kopf.WebhookServer(
            addr=settings.host,
            port=settings.webhook.port,
            host=place.names[0],
            certfile=place.cert_file,
            pkeyfile=place.key_file,
        )
    logging.getLogger("kopf.objects").setLevel(logging.WARNING)
    return chosen
