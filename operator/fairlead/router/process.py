"""A router process from start to end: it listens at once, follows its file and its engines, and drains on SIGTERM.

On SIGTERM it drains (`drain`); a second signal ends it at once.
"""

import asyncio
import logging
import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from time import time as wall_time
from typing import Final

import fairlead
from fairlead.process import open_files, scheduler_policy
from fairlead.process.exit_signals import ExitSignals, exit_signals
from fairlead.process.garbage_collection import collect_rarely
from fairlead.router import drain, watched_file
from fairlead.router.client_connection import ClientConnection
from fairlead.router.config.loader import RouterConfig
from fairlead.router.config_map import ConfigMaps, ConfigMapWatch
from fairlead.router.drain import DRAIN_PACE, DrainPace
from fairlead.router.endpoint_discovery import EndpointDiscovery
from fairlead.router.endpoint_sources import (
    EndpointSource,
    PodSource,
    config_map_of,
    pods_of,
    routers_of,
    source_of,
)
from fairlead.router.key_reading_pace import KEY_READING_PACE, KeyReadingPace
from fairlead.router.observability import outputs
from fairlead.router.observability.outputs import ObservabilityOptions
from fairlead.router.observability.recorder import TelemetryRecorder
from fairlead.router.probes import PROBE_BACKOFF, ProbeBackoff
from fairlead.router.router import Router
from fairlead.router.sweeper import EVERY_SECONDS, Sweeper
from fairlead.router.tls import ServerTls
from fairlead.router.watched_file import WatchedFile

log = logging.getLogger(__name__)

BACKLOG: Final = 4096
"""Limit of connections not accepted yet; the kernel caps it at its own `somaxconn`."""
LAST_LINES_SECONDS: Final = 2.0
FIRST_BUDGETS_SECONDS: Final = 3.0
"""A budget store answers within milliseconds; one that does not must not keep the router from serving."""
LOOPBACK: Final = "127.0.0.1"
EVERY_ADDRESS: Final = "::"
"""For the peers' one socket, since pods of one cluster have addresses of the same family."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterOptions:
    """How one router is started."""

    config: Path
    host: str = "127.0.0.1"
    """Empty: all addresses, of IPv4 and IPv6."""
    port: int = 8080
    name: str = ""
    """The pod's name: routers that know each other by name keep tenants' rates for each other."""
    metrics_port: int = 0
    """Port for Prometheus and the operator, always plain HTTP, open until the end of a drain; 0: none."""
    metrics_host: str | None = None
    """None means `host` where a key or token is required, else loopback."""
    peer_port: int = 0
    """UDP port for peer reports, the same on all routers; none if 0 or without a name."""
    drain_pace: DrainPace = DRAIN_PACE
    access_log: str | None = None
    """A file, or `-` for standard output; None writes no lines."""
    reread_seconds: float = watched_file.EVERY_SECONDS
    sweep_seconds: float = EVERY_SECONDS
    probe_backoff: ProbeBackoff = PROBE_BACKOFF
    key_reading_pace: KeyReadingPace = KEY_READING_PACE
    sources: Callable[[RouterConfig], EndpointSource] = source_of
    routers: Callable[[RouterConfig], EndpointSource | None] = routers_of
    pods: Callable[[str, str], PodSource] = pods_of
    """On a gateway's router: the pods in a namespace that match a selector."""
    config_maps: ConfigMaps = config_map_of


def serve(options: RouterOptions) -> int:
    """Run on uvloop until a signal; return the exit code."""
    import uvloop  # noqa: PLC0415 - the pure lane imports this module on any loop

    scheduler_policy.let_others_finish()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run(options))


async def run(options: RouterOptions) -> int:
    """Serve until a signal; return the exit code."""
    return await live(options, exit_signals())


async def live(options: RouterOptions, signals: ExitSignals) -> int:
    """Serve until a signal arrives. An invalid first file raises: there is no earlier configuration to keep."""

    def apply(fresh: RouterConfig) -> None:
        pods.apply(fresh)
        configured.apply(fresh)

    watched = WatchedFile(options.config, apply)
    settings = watched.load()
    watched_file.warn(settings)
    open_files.allow(open_files.of_router(settings.routing.connections.max_connections))
    router = Router(settings, _telemetry_recorder(options, settings), options.probe_backoff, options.key_reading_pace)
    router.name = options.name
    router.context.peers.port = options.metrics_port or router.context.peers.port
    if options.peer_port and options.name:
        router.join_peers(options.host or EVERY_ADDRESS, options.peer_port)
    scraped = await _scraped(router, options)
    await router.budgets.until_first(FIRST_BUDGETS_SECONDS)
    client_port = await ClientPort.opened(router, options)
    sweeper = Sweeper(router, options.sweep_seconds)
    pods = EndpointDiscovery(router, options)
    configured = ConfigMapWatch(settings, options.config_maps, options.config.name, watched.take)
    watching = asyncio.create_task(watched.follow(options.reread_seconds), name="the file")
    certificate = asyncio.create_task(client_port.follow_certificate(options.reread_seconds), name="the certificate")
    collect_rarely(100)
    try:
        await signals.get()
        return await drain.leave(router, client_port.shut, options.drain_pace, signals)
    finally:
        watching.cancel()
        certificate.cancel()
        sweeper.stop()
        await configured.close()
        await pods.close()
        await router.sharing.close()
        await router.budgets.close()
        await router.guard.close()
        await router.close()
        client_port.close()
        if scraped is not None:
            scraped.close()
        router.context.telemetry.close(LAST_LINES_SECONDS)


class ClientPort:
    """The client port."""

    def __init__(self, router: Router, server: asyncio.Server, tls: ServerTls) -> None:
        self._router = router
        self._server = server
        self.tls = tls

    @classmethod
    async def opened(cls, router: Router, options: RouterOptions) -> "ClientPort":
        """Listen, with TLS if there is a certificate."""
        tls, connections = ServerTls(router.context.settings), router.context.settings.routing.connections
        server = await asyncio.get_running_loop().create_server(
            lambda: ClientConnection(router),
            options.host,
            options.port,
            backlog=BACKLOG,
            ssl=tls.context,
            ssl_handshake_timeout=None if tls.context is None else connections.head_seconds,
        )
        log.info("listening on %s:%d", options.host or "*", options.port)
        return cls(router, server, tls)

    async def follow_certificate(self, every_seconds: float) -> None:
        """Reload a rotated certificate for the next connection."""
        while True:
            await asyncio.sleep(every_seconds)
            self.tls.reload(self._router.context.settings)

    def shut(self) -> None:
        """Accept no new connections."""
        self._server.close()

    def close(self) -> None:
        """Close all connections."""
        self._server.close()
        for client in list(self._router.context.clients):
            client.abort()


def _telemetry_recorder(router_options: RouterOptions, settings: RouterConfig) -> TelemetryRecorder:
    """Create the recorder; it opens access log and spans when first enabled."""
    options = ObservabilityOptions(
        wall=wall_time,
        bits=random.Random().getrandbits,  # noqa: S311 - trace ids, not secrets
        access_log=router_options.access_log,
        instance=os.environ.get("HOSTNAME", ""),
        version=fairlead.__version__,
    )
    return TelemetryRecorder(outputs.open_outputs(options), settings.routing.telemetry, settings.models, monotonic())


async def _scraped(router: Router, options: RouterOptions) -> asyncio.Server | None:
    if not options.metrics_port:
        return None
    host = options.metrics_host or options.host
    settings = router.context.settings
    if not settings.guarded and settings.rendered_from and options.name:
        log.warning(
            "metrics: the operator has no key for its routers yet: pages on port %d are refused", options.metrics_port
        )
    elif not settings.guarded:
        router.guard.open = True
        if options.metrics_host is None and not _is_loopback(host):
            host = LOOPBACK
            log.info("metrics: the file names no metricsKeys, so they are served on %s alone", host)
        elif not _is_loopback(host):
            log.warning(
                "metrics: open to everyone who can reach %s:%d; name metricsKeys in the file",
                *(host or "*", options.metrics_port),
            )
    return await asyncio.get_running_loop().create_server(
        lambda: ClientConnection(router, scraped=True), host, options.metrics_port
    )


def _is_loopback(host: str) -> bool:
    return host in (LOOPBACK, "localhost", "::1") or host.startswith("127.")
