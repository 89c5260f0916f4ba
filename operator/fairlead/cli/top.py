"""`fairlead top`: what every deployment has, needs and costs, in one table that refreshes itself."""

import argparse
import sys
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from fairlead.cli import options, terminal_colours

if TYPE_CHECKING:
    from fairlead.cli.cluster_client import ClusterClient
    from fairlead.cli.top_rows import TopView

EACH_S: Final = 2.0


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "-n", "--namespace", type=options.namespace, help="deployments of this namespace; default: the kubeconfig's"
    )
    options.add_context(parser)
    parser.add_argument("-A", "--all-namespaces", action="store_true", help="deployments of all namespaces")
    parser.add_argument("--once", action="store_true", help="print one table and exit, as it does without a terminal")
    parser.add_argument(
        "--every", type=options.every, default=EACH_S, metavar="SECONDS", help="how often to refresh; default 2"
    )
    parser.add_argument(
        "--operator-namespace", type=options.namespace, metavar="NAME", help=options.OPERATOR_NAMESPACE_HELP
    )
    parser.add_argument("--autoscaler", metavar="URL", help="query this process, such as http://127.0.0.1:9090")
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="json prints once")


def run(chosen: argparse.Namespace) -> int:
    """Return 0 if the table could be shown, 1 if not."""
    import asyncio

    from fairlead.cli.cluster_client import ClusterUnavailable

    try:
        asyncio.run(_shown(chosen))
    except ClusterUnavailable as problem:
        print(f"fairlead top: {problem}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 0
    return 0


async def _shown(chosen: argparse.Namespace) -> None:
    import shutil

    from fairlead.cli import cluster_client, top_table
    from fairlead.process import exit_signals

    async with cluster_client.open_cluster(
        chosen.autoscaler, chosen.operator_namespace, context=chosen.context
    ) as client:
        namespace = None if chosen.all_namespaces else chosen.namespace or client.home
        live = sys.stdout.isatty() and not chosen.once and chosen.output == "text"
        if not live:
            view = await _view(client, namespace)
            if chosen.output == "json":
                print(top_table.as_json(view))
            else:
                width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
                print("\n".join(top_table.as_lines(view, width=width, colour=terminal_colours.wanted(sys.stdout))))
            return
        client.connection.leave_terminal()
        loaded = _followed(lambda: _view(client, namespace), chosen.every)
        await exit_signals.cancelled_by_sigterm(loaded)


async def _view(client: "ClusterClient", namespace: str | None) -> "TopView":
    """Load the table; where our credentials are refused as new ones could not be had, the error says why."""
    import time

    from fairlead.cli import top_rows
    from fairlead.cli.cluster_client import ClusterUnavailable
    from fairlead.cluster.api_errors import ApiError

    try:
        return await top_rows.load_view(client, namespace, time.time())
    except ApiError as problem:
        if problem.status != HTTPStatus.UNAUTHORIZED or not client.connection.not_renewed:
            raise
        raise ClusterUnavailable(f"{problem}; {client.connection.not_renewed}") from problem


async def _followed(observe: "Callable[[], Awaitable[TopView]]", every: float) -> None:
    """Show it live; a signal that ends it gives the terminal back."""
    from fairlead.cli import top_screen

    with top_screen.alternate_screen(sys.stdin, sys.stdout) as screen:
        await top_screen.follow(screen, observe, every)
