"""Options that several commands share, and their help texts."""

import argparse
from typing import Final

PRODUCTS_HELP: Final = "YAML with `products:`, each with what differs from the catalogue: prices, rates, new GPUs"
OPERATOR_NAMESPACE_HELP: Final = "of the operator; default: found, or fairlead-system if you may not list all pods"
CONFIG_HELP: Final = "a model's own config.json, for a model the catalogue does not know; may stand several times"


def add_traffic(parser: argparse.ArgumentParser, files: str) -> None:
    """Add the options for what is simulated on which traffic: files and a trace, or a running deployment's logs."""
    parser.add_argument("files", nargs="*", metavar="FILE", help=files)
    parser.add_argument("--traffic", metavar="TRACE", help="recorded requests")
    parser.add_argument(
        "--window", metavar="DURATION", help="the requests of an OpenAI batch file come evenly over it (all at once)"
    )
    parser.add_argument(
        "--from",
        dest="service",
        metavar="infd/NAME",
        help="a deployment and its policy as they run in the cluster; without --traffic on what its routers logged "
        "since --since (24h) ago",
    )
    parser.add_argument("-n", "--namespace", help="its namespace; default: the kubeconfig's")
    parser.add_argument(
        "--prometheus",
        metavar="URL",
        help="with --from: draw requests from the rates and mean lengths that this Prometheus kept, not from logs",
    )


def add_search_on_traffic(parser: argparse.ArgumentParser) -> None:
    """Add the options that every search on one trace has, after the files and the trace."""
    parser.add_argument("--since", metavar="DURATION", help="leave out what came before this (30m)")
    parser.add_argument("--until", metavar="DURATION", help="and what came later than this (2h)")
    parser.add_argument("--ttft-p95", metavar="DURATION", help="first token within, not by the policy's objective")
    parser.add_argument("--tpot-p95", metavar="DURATION", help="and this time between two tokens")
    parser.add_argument("--cold-start", metavar="DURATION", help="of a new replica (110s, or 110s..250s)")
    parser.add_argument("--start", type=int, metavar="N", help="replicas that are ready at first")
    parser.add_argument("--seed", type=int, default=0, help="random seed (0)")
    parser.add_argument("--step-times", metavar="FILE", help="file that `fairlead calibrate --out` wrote")
    parser.add_argument("--config-json", action="append", default=[], metavar="MODEL=FILE", help=CONFIG_HELP)
    parser.add_argument("--products", metavar="FILE", help=PRODUCTS_HELP)
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="how to print it")
