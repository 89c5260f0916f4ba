"""`fairlead router`: the data plane, in front of engines it finds through the cluster or in its file."""

import argparse
import sys


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes; all else stands in the file, where it can change without a restart."""
    parser.add_argument("--config", metavar="FILE", required=True, help="JSON; read again whenever it changes")
    parser.add_argument("--host", default="0.0.0.0", help="address to listen on; default all")  # noqa: S104 - as a pod is reached
    parser.add_argument("--port", type=int, default=8080, help="port to listen on; default 8080")
    parser.add_argument(
        "--metrics-port", type=int, default=9090, help="port for scrapers only; default 9090, 0 for none"
    )
    parser.add_argument(
        "--linger",
        type=float,
        default=3.0,
        metavar="SECONDS",
        help="after SIGTERM, go on taking connections; default 3",
    )


def run(chosen: argparse.Namespace) -> int:
    """0 after a drain, 2 when the file could not be acted on."""
    import asyncio
    import logging
    from pathlib import Path

    from fairlead.router import process
    from fairlead.router.settings import Misconfigured

    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    start = process.Start(
        config=Path(chosen.config),
        host=chosen.host,
        port=chosen.port,
        metrics_port=chosen.metrics_port,
        linger_seconds=chosen.linger,
    )
    try:
        return asyncio.run(process.run(start))
    except Misconfigured as problem:
        print(f"fairlead router: {chosen.config}: {problem}", file=sys.stderr)
    except OSError as problem:
        print(f"fairlead router: {problem}", file=sys.stderr)
    return 2
