"""`fairlead router`: the data plane, in front of engines that it discovers in the cluster or reads from its file."""

import argparse
import sys

from fairlead.cli import exit_codes, file_errors, options


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments; all else is in the file, where it can change without a restart."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "--config",
        type=options.file_name,
        metavar="FILE",
        help="YAML or JSON; read again whenever it or its secrets change",
    )
    which.add_argument(
        "--check",
        type=options.file_name,
        metavar="FILE",
        help="print what a router would do with this file, and exit",
    )
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="how --check prints it")
    parser.add_argument("--host", help="address to listen on; default all of IPv4, and of IPv6 where POD_IP is of IPv6")
    parser.add_argument("--port", type=options.port, default=8080, help="port to listen on; default 8080")
    parser.add_argument(
        "--metrics-port",
        type=options.port,
        default=9090,
        help="port for /metrics and the operator; default 9090, 0 for none",
    )
    parser.add_argument(
        "--metrics-host",
        help="address of that port; default --host, or 127.0.0.1 where the file has no metricsKeys and no selector",
    )
    parser.add_argument(
        "--peer-port",
        type=options.port,
        default=9091,
        help="UDP port for the other routers of this deployment or gateway; default 9091, 0 for none",
    )
    parser.add_argument(
        "--linger",
        type=float,
        default=3.0,
        metavar="SECONDS",
        help="after SIGTERM, accept connections until no request came for so long; default 3, within 30 s in all",
    )
    parser.add_argument(
        "--access-log",
        default="-",
        metavar="PATH",
        help="where a line for each request goes; default - , standard output",
    )


def run(chosen: argparse.Namespace) -> int:
    """Return 0 after a drain, 2 if the file cannot be used."""
    from fairlead.router.config.loader import RouterConfigError

    try:
        return _checked(chosen) if chosen.check else _served(chosen)
    except RouterConfigError as problem:
        print(f"fairlead router: {chosen.check or chosen.config}: {problem}", file=sys.stderr)
    except OSError as problem:
        if chosen.check and exit_codes.is_of_output(problem):
            raise  # the file is not to blame for it, and all commands end so with one code
        print(f"fairlead router: {file_errors.sentence(problem)}", file=sys.stderr)
    return 2


def _checked(chosen: argparse.Namespace) -> int:
    """Return 0 for a valid file, 1 if there are warnings: of settings without effect, or under an old name."""
    from pathlib import Path

    from fairlead.cli import router_text
    from fairlead.router.config import loader

    found = loader.load(Path(chosen.check))
    print(router_text.as_json(found) if chosen.output == "json" else router_text.as_text(found))
    for one in found.warnings:
        print(f"warning: {one}", file=sys.stderr)
    return 1 if found.warnings else 0


def _host(pod_ip: str) -> str:
    """Return the default of --host: a pod is reached by its own address, which may be of either family."""
    return "" if ":" in pod_ip else "0.0.0.0"  # noqa: S104 - in a pod


def _served(chosen: argparse.Namespace) -> int:
    import logging
    import os
    from pathlib import Path

    from fairlead.router import process
    from fairlead.router.drain import DrainPace

    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    return process.serve(
        process.RouterOptions(
            config=Path(chosen.config),
            host=_host(os.environ.get("POD_IP", "")) if chosen.host is None else chosen.host,
            port=chosen.port,
            name=os.environ.get("POD_NAME", ""),
            metrics_port=chosen.metrics_port,
            metrics_host=chosen.metrics_host,
            peer_port=chosen.peer_port,
            drain_pace=DrainPace(linger_seconds=chosen.linger),
            access_log=chosen.access_log,
        )
    )
