"""`python -m bench.gateway_scale.following FILE API HOST PORT`: a router as in a pod, with its API server here.

All else is the product's: it watches the pods of its deployments and its own ConfigMap, and serves on two ports.
"""

import logging
import sys
from pathlib import Path

from fairlead.cluster.connection import ApiConnection
from fairlead.cluster.credentials import Credentials
from fairlead.cluster.http_requests import ObjectName
from fairlead.cluster.kinds import CONFIG_MAP, POD
from fairlead.cluster.watch_scope import WatchScope
from fairlead.cluster.watched_objects import WatchedObjects
from fairlead.router import process
from fairlead.router.drain import DrainPace
from fairlead.router.process import RouterOptions


def main() -> int:
    """Serve until a signal."""
    config, api, host, port = sys.argv[1:]
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    credentials = Credentials(server=api)

    async def same() -> Credentials:
        return credentials

    async def connected() -> ApiConnection:
        return ApiConnection(same, credentials)

    def pods(namespace: str, selector: str) -> WatchedObjects:
        return WatchedObjects(WatchScope(resource=POD, namespaces=(namespace,), selector=selector), connected)

    def config_maps(namespace: str, name: str) -> WatchedObjects:
        scope = WatchScope(resource=CONFIG_MAP, namespaces=(namespace,), selector=ObjectName(name))
        return WatchedObjects(scope, connected)

    return process.serve(
        RouterOptions(
            config=Path(config),
            host=host,
            port=int(port),
            metrics_port=int(port) + 1000,
            metrics_host=host,
            drain_pace=DrainPace(linger_seconds=0.0),
            access_log=str(Path(config).with_suffix(".log")),
            pods=pods,
            config_maps=config_maps,
        )
    )


if __name__ == "__main__":
    raise SystemExit(main())
