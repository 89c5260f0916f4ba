"""`fairlead rollout status|pause|promote|abort|retry KIND/NAME`: the state of a canary, and a person's orders to it.

KIND is infd for a deployment's new revision, adp for an adapter's new version.
"""

import argparse
import sys
from typing import TYPE_CHECKING, Final

from fairlead.cli import options

if TYPE_CHECKING:
    from datetime import datetime

    from fairlead.cli.rollout_orders import RolloutView

REJECTED: Final = 3
"""Exit code of `status` if the candidate was rejected, for scripts and pipelines."""
STATUS: Final = "status"
VERBS: Final = {
    STATUS: "where it is, what its gates say, and what comes next",
    "pause": "stay at this step even if its gates pass; a gate that fails still rejects it",
    "promote": "go on to the next step, and after the last one give the new version all traffic",
    "abort": "reject the new version: it loses its traffic, and a revision its replicas",
    "retry": "try a rejected one again, from the first step",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("verb", choices=VERBS, help="; ".join(f"{verb}: {about}" for verb, about in VERBS.items()))
    parser.add_argument(
        "target",
        metavar="KIND/NAME",
        help="infd/NAME, an InferenceDeployment, or adp/NAME, an Adapter; NAME alone means infd/NAME",
    )
    parser.add_argument("-n", "--namespace", type=options.namespace, help="its namespace; default: the kubeconfig's")
    options.add_context(parser)
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="how to print the status")


def run(chosen: argparse.Namespace) -> int:
    """Return 0 if well or ordered, 1 if there is nothing to show or order, 2 for invalid arguments, 3 if rejected."""
    import asyncio

    from fairlead.cli.cluster_client import ClusterUnavailable
    from fairlead.cli.explanation import TargetNameError

    try:
        return asyncio.run(_carried_out(chosen))
    except TargetNameError as problem:
        print(f"fairlead rollout: {problem}", file=sys.stderr)
        return 2
    except ClusterUnavailable as problem:
        print(f"fairlead rollout: {problem}", file=sys.stderr)
        return 1


async def _carried_out(chosen: argparse.Namespace) -> int:
    import time
    from datetime import UTC, datetime

    from fairlead.cli import cluster_client, context_commands, explanation, rollout_orders

    target = rollout_orders.target(chosen.target)
    async with cluster_client.open_cluster(None, context=chosen.context) as client:
        try:
            document = await client.named(target.resource, chosen.namespace or client.home, target.name)
        except ValueError as problem:
            raise explanation.TargetNameError(str(problem)) from problem
        view = rollout_orders.view(document)
        if isinstance(view, rollout_orders.NoCanary):
            raise cluster_client.ClusterUnavailable(f"{view.because}; {view.remedy}")
        now = datetime.fromtimestamp(time.time(), tz=UTC)
        if chosen.verb == STATUS:
            return _show(chosen, view, now)
        ordered = rollout_orders.order(view, chosen.verb, now)
        if isinstance(ordered, rollout_orders.NoOrder):
            raise cluster_client.ClusterUnavailable(f"{ordered.because}; {ordered.remedy}")
        await client.annotate(document, ordered.annotation, ordered.value)
    where = f"{document['metadata']['namespace']}{context_commands.option(chosen.context)}"
    print(f"{view.place}: {ordered.follows}; `fairlead rollout status {target.title} -n {where}` shows it")
    return 0


def _show(chosen: argparse.Namespace, view: "RolloutView", now: "datetime") -> int:
    from fairlead.cli import rollout_text
    from fairlead.fleet.canaries import CanaryPhase

    print(rollout_text.as_json(view) if chosen.output == "json" else "\n".join(rollout_text.lines(view, now)))
    return REJECTED if view.state.phase is CanaryPhase.REJECTED else 0
