"""What every replica of the operator serves, whether or not it leads: admission, probes, metrics and the console."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from fairlead.controller import derived_settings
from fairlead.controller.leader_tasks import LeaderTasks
from fairlead.controller.reconcile import ReconcileSettings, moment
from fairlead.controller.settings import OperatorSettings
from fairlead.controller.webhook import kopf_host, object_review
from fairlead.controller.webhook.certificate_rotation import CertificateRotator, WebhookCertificateSettings
from fairlead.process import console_server, ports
from fairlead.process.lifecycle import ClusterProcess
from fairlead.process.ports import ProcessHealth

log = logging.getLogger("fairlead.operator")


class OperatorContext(NamedTuple):
    """What every replica needs to serve the webhook, probes and scrapes."""

    tasks: LeaderTasks
    health: ProcessHealth
    setting: ReconcileSettings


@asynccontextmanager
async def serve(settings: OperatorSettings, own: ClusterProcess, context: OperatorContext) -> AsyncIterator[None]:
    """Serve it while the block runs."""
    leader_tasks, health = context.tasks, context.health
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="fairlead-webhook-")))
        place = derived_settings.of_certificates(settings, folder, own.owner())
        rotator = CertificateRotator(own.api, place, moment) if place else None
        routes = (
            ports.metrics(lambda: _page(leader_tasks, rotator)),
            *(leader_tasks.embedded.routes() if leader_tasks.embedded else ()),
        )
        await stack.enter_async_context(ports.serve_both(settings, health, routes))
        if settings.console_port:
            await stack.enter_async_context(
                console_server.serve(settings, settings.console_port, leader_tasks, own.reviews())
            )
        host = asyncio.create_task(_host(settings, own, context, place, rotator), name="host")
        host.add_done_callback(lambda _: own.stop.set())  # without Kopf there is no webhook, so the process exits
        tasks = [asyncio.create_task(rotator.run())] if rotator else []
        try:
            yield
        finally:
            for task in (host, *tasks):
                task.cancel()
            ended, *_ = await asyncio.gather(host, *tasks, return_exceptions=True)
            if isinstance(ended, Exception):
                log.error(
                    "the webhook and the watches that Kopf runs ended, and so does this process: %s: %s",
                    type(ended).__name__,
                    ended,
                )


async def _host(
    settings: OperatorSettings,
    own: ClusterProcess,
    context: OperatorContext,
    place: WebhookCertificateSettings | None,
    rotator: CertificateRotator | None,
) -> None:
    """Run Kopf once there is a certificate; reconciling does not wait for it and works without a webhook.

    With a webhook, the pod is ready once its port is open: the Service sends reviews to every pod that is ready.
    """

    def listens() -> None:
        context.health.ready = True

    callbacks = kopf_host.KopfCallbacks(
        wake=context.tasks.wake,
        review=object_review.handler(own.api, context.setting.context, context.tasks.metrics),
        certificates=place,
        listens=listens,
    )
    if rotator is None:
        listens()
    else:
        await rotator.first()
    await kopf_host.run(settings, own.connection, callbacks)


def _page(tasks: LeaderTasks, rotator: CertificateRotator | None) -> bytes:
    tasks.page_facts()
    if rotator is not None and rotator.expires_at is not None and rotator.validity_left is not None:
        tasks.metrics.certificate_lasts(rotator.expires_at.timestamp(), rotator.validity_left)
    return tasks.metrics.page() + (tasks.embedded.page() if tasks.embedded else b"")
