"""The `fairlead operator` process. Every replica serves admission, health and metrics; one leads.

A process that loses the Lease exits, since its in-memory state may be out of date; the kubelet restarts it.
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple
from zoneinfo import available_timezones

from fairlead.cluster import lease, operator_key, own_deployment
from fairlead.cluster.api_server import ApiServer
from fairlead.cluster.lease import LeaseDurations
from fairlead.cluster.own_deployment import OwnerLookup
from fairlead.controller.interfaces import EmbeddedService
from fairlead.controller.leader_tasks import LeaderTasks
from fairlead.controller.reconcile import ReconcileSettings, moment
from fairlead.controller.settings import OperatorSettings
from fairlead.controller.webhook import kopf_host, object_review
from fairlead.controller.webhook.certificate_rotation import CertificateRotator, WebhookCertificateSettings
from fairlead.engines import catalogue as engines
from fairlead.fleet.image_pull import ImagePull
from fairlead.objects import network_policies
from fairlead.objects.installation import Installation
from fairlead.process import console_server, lifecycle, ports
from fairlead.process.lifecycle import ClusterProcess
from fairlead.process.ports import ProcessHealth
from fairlead.review.context import ReviewContext
from fairlead.telemetry.operator_metrics import OperatorMetrics

LEASE: Final = lease.CONTROLLER
EXIT_LEASE_LOST: Final = 3
"""The exit code of a process that lost the Lease."""

KEY_WAITED_FOR_S: Final = 10.0

log = logging.getLogger("fairlead.operator")


async def run(settings: OperatorSettings, embedded: EmbeddedService | None = None) -> int:
    """Run until SIGTERM or the loss of the Lease; the embedded service runs while this process leads."""
    metrics = OperatorMetrics()
    async with lifecycle.connected(settings, metrics.api_request) as own:
        setting = _setting(settings)
        rng = random.Random()  # noqa: S311  # jitter, not a secret
        durations = LeaseDurations.lasting(settings.lease_seconds)
        leadership = lease.Leadership(own.api, own.lease(LEASE), rng, durations)
        tasks = LeaderTasks(own.api, leadership, setting, metrics)
        tasks.embedded = embedded
        health = ProcessHealth(watch_age_s=tasks.watch_age_s, oldest_key_s=tasks.queue.oldest_s)
        async with _standby(settings, own, OperatorContext(tasks, health, setting)):
            await _lead(leadership, lambda: _work(own.api, tasks, health, settings), own.stop)
    return EXIT_LEASE_LOST if leadership.lost.is_set() else 0


async def _work(api: ApiServer, tasks: LeaderTasks, health: ProcessHealth, settings: OperatorSettings) -> None:
    """Run the leader's tasks; wait up to 10 s for the routers' key, or their configuration would be written twice."""
    health.working = True
    keeping = asyncio.create_task(operator_key.keep(api, settings.lease_namespace, tasks.router_keys))
    try:
        await asyncio.wait([keeping], timeout=KEY_WAITED_FOR_S)
        await tasks.run(settings.namespaces, settings.identity)
    finally:
        health.working = False
        keeping.cancel()


async def _lead(leadership: lease.Leadership, work: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
    """Wait for the Lease, then work until it is lost or `stop` is set."""

    async def lead() -> None:
        async with lease.hold(leadership):
            await work()

    await lifecycle.first_of(lead(), stop.wait(), leadership.lost.wait())


class OperatorContext(NamedTuple):
    """What every replica needs to serve the webhook, probes and scrapes."""

    tasks: LeaderTasks
    health: ProcessHealth
    setting: ReconcileSettings


@asynccontextmanager
async def _standby(settings: OperatorSettings, own: ClusterProcess, context: OperatorContext) -> AsyncIterator[None]:
    """Run what every replica does: admission, health and metrics."""
    leader_tasks, health = context.tasks, context.health
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="fairlead-webhook-")))
        place = _place(settings, folder, own.owner())
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


def _setting(settings: OperatorSettings) -> ReconcileSettings:
    context = ReviewContext(
        catalogue=settings.catalogue,
        releases=engines.releases(
            settings.engine_image,
            dict(settings.cpu_images),
            ImagePull(policy=settings.image_pull_policy, secrets=settings.image_pull_secrets),
        ),
        time_zones=frozenset(available_timezones()) or None,
        assigned_users=settings.assigned_users,
    )
    return ReconcileSettings(
        context=context,
        installation=Installation(
            image=settings.router_image,
            operator_namespace=settings.lease_namespace,
            pull_policy=settings.image_pull_policy,
            pull_secrets=settings.image_pull_secrets,
            assigned_users=settings.assigned_users,
            monitoring=_namespace(settings.monitoring_namespace),
        ),
        nodes_grow=settings.nodes_grow,
        gateway_api=settings.gateway_api,
    )


def _namespace(name: str) -> tuple[tuple[str, str], ...]:
    """Return the label that Kubernetes sets on every namespace."""
    return ((network_policies.NAMESPACE, name),) if name else ()


def _place(
    settings: OperatorSettings, folder: Path, owner: OwnerLookup = own_deployment.no_owner
) -> WebhookCertificateSettings | None:
    chosen = settings.webhook
    if not chosen.enabled:
        return None
    return WebhookCertificateSettings(
        namespace=settings.lease_namespace,
        secret=chosen.secret,
        service=chosen.service,
        configuration=chosen.configuration,
        folder=folder,
        owner=owner,
    )
