"""`fairlead explain infd/NAME`: why it has this many replicas now, and what would change that."""

import argparse
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from fairlead.cli import options, terminal_colours

if TYPE_CHECKING:
    from fairlead.cli.explanation import Explanation

EACH_S: Final = 2.0


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("target", nargs="?", metavar="infd/NAME", help="an InferenceDeployment; NAME alone is enough")
    parser.add_argument("-n", "--namespace", type=options.namespace, help="its namespace; default: the kubeconfig's")
    options.add_context(parser)
    parser.add_argument(
        "--record",
        type=options.file_name,
        metavar="FILE",
        help="explain the last decision in a file instead; - for stdin",
    )
    parser.add_argument(
        "--operator-namespace", type=options.namespace, metavar="NAME", help=options.OPERATOR_NAMESPACE_HELP
    )
    parser.add_argument("--autoscaler", metavar="URL", help="query this process, such as http://127.0.0.1:9090")
    parser.add_argument(
        "--watch", action="store_true", help="keep running, and print again whenever the decision changes"
    )
    parser.add_argument(
        "--every", type=options.every, default=EACH_S, metavar="SECONDS", help="how often --watch refreshes; default 2"
    )
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="how to print it")


def run(chosen: argparse.Namespace) -> int:
    """Return 0 if it could be explained, 1 if there is nothing to explain, 2 for invalid arguments."""
    import asyncio

    from fairlead.cli.cluster_client import ClusterUnavailable
    from fairlead.cli.explanation import TargetNameError, of_file

    try:
        if chosen.record:
            _check_record_options(chosen)
            _show(chosen, of_file(chosen.record, chosen.target, chosen.namespace))
        else:
            asyncio.run(_show_from_cluster(chosen))
    except TargetNameError as problem:
        print(f"fairlead explain: {problem}", file=sys.stderr)
        return 2
    except ClusterUnavailable as problem:
        print(f"fairlead explain: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        if not chosen.watch:
            raise
    return 0


def _check_record_options(chosen: argparse.Namespace) -> None:
    """Refuse options that only a cluster can follow."""
    from fairlead.cli.explanation import TargetNameError

    for word, given in (
        ("--watch", chosen.watch),
        ("--autoscaler", chosen.autoscaler),
        ("--operator-namespace", chosen.operator_namespace),
        ("--context", chosen.context),
    ):
        if given:
            raise TargetNameError(f"{word}: has no meaning beside --record, since a file does not change; leave it out")


async def _show_from_cluster(chosen: argparse.Namespace) -> None:
    import time

    from fairlead.cli import cluster_client, explanation

    name = explanation.target_name(chosen.target)
    async with cluster_client.open_cluster(
        chosen.autoscaler, chosen.operator_namespace, context=chosen.context
    ) as client:

        async def explained() -> "Explanation":
            return await explanation.of_cluster(client, chosen.namespace or client.home, name, time.time())

        shown = await explained()
        _show(chosen, shown)
        if chosen.watch:
            await _follow(chosen, explained, shown)


async def _follow(
    chosen: argparse.Namespace, explained: "Callable[[], Awaitable[Explanation]]", shown: "Explanation"
) -> None:
    """Show each later decision; while the API server does not answer, say so once and go on."""
    import asyncio

    from fairlead.cluster.api_errors import ApiError

    answers = True
    while True:
        await asyncio.sleep(chosen.every)
        try:
            again = await explained()
        except ApiError as problem:
            if answers:
                words = f"not refreshed, trying again every {chosen.every:g} s: {problem}"
                print(f"fairlead explain: {words}", file=sys.stderr, flush=True)
            answers = False
            continue
        if not answers:
            print("fairlead explain: refreshed again", file=sys.stderr, flush=True)
        answers = True
        if again.decided != shown.decided:
            shown = again
            _show(chosen, shown)


def _show(chosen: argparse.Namespace, explanation: "Explanation") -> None:
    from fairlead.cli import explain_text

    if chosen.output == "json":
        print(explain_text.as_json(explanation), flush=True)
    else:
        print(explain_text.as_text(explanation, colour=terminal_colours.wanted(sys.stdout)), flush=True)
