"""`fairlead console`: a local proxy to the operator's console, with the kubeconfig's credentials."""

import argparse
import sys

from fairlead.cli import options

PORT_HELP = "on 127.0.0.1; default: one that is free"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--operator-namespace", type=options.namespace, metavar="NAME", help=options.OPERATOR_NAMESPACE_HELP
    )
    options.add_context(parser)
    parser.add_argument("--port", type=options.port, default=0, help=PORT_HELP)
    parser.add_argument(
        "--service-account",
        metavar="NAMESPACE/NAME",
        help="read as this ServiceAccount, where the kubeconfig has a client certificate instead of a token",
    )


def run(chosen: argparse.Namespace) -> int:
    """Return 0 after it was stopped, 1 if it could not be opened."""
    import asyncio

    from fairlead.cli.cluster_client import ClusterUnavailable

    try:
        asyncio.run(_opened(chosen))
    except (ClusterUnavailable, OSError) as problem:
        print(f"fairlead console: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


async def _opened(chosen: argparse.Namespace) -> None:
    import asyncio

    from fairlead.cli import cluster_client, console_proxy
    from fairlead.process import exit_signals

    async with cluster_client.open_cluster(None, chosen.operator_namespace, context=chosen.context) as cluster:
        passage = await console_proxy.passage(cluster, chosen.service_account)
        async with console_proxy.opened(passage, chosen.port) as address:
            print(f"Open {address}\nIt is for you alone, while this command runs; Ctrl-C ends it.", flush=True)
            ended = asyncio.Event()
            exit_signals.on_exit_signal(lambda _: ended.set())
            await ended.wait()
