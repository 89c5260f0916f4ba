"""`fairlead selftest`: what `helm test` runs in the cluster: one simulated engine, one completion, then a clean-up."""

import argparse
import sys


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--namespace", required=True, help="a namespace that the operator serves")
    parser.add_argument("--name", default="fairlead-test", help="name of the InferenceDeployment it makes and deletes")
    parser.add_argument(
        "--image-pull-secret",
        action="append",
        default=[],
        metavar="NAME",
        help="a Secret in that namespace with credentials for the registry of the simulated engine's image",
    )
    parser.add_argument("--seconds", type=float, default=240.0, help="how long it may take to serve")


def run(chosen: argparse.Namespace) -> int:
    """Return 0 if a completion came back."""
    from fairlead.cli.selftest_scenario import ACCOUNT, SelftestFailure, in_cluster, run_selftest

    try:
        print(run_selftest(chosen, in_cluster(ACCOUNT)))
    except SelftestFailure as problem:
        print(f"fairlead selftest: {problem}", file=sys.stderr)
        return 1
    return 0
