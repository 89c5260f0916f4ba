"""Options that several commands share, and their help texts."""

import argparse
import re
from collections.abc import Callable
from typing import Final

PRODUCTS_HELP: Final = "YAML with `products:`, each with what differs from the catalogue: prices, rates, new GPUs"
OPERATOR_NAMESPACE_HELP: Final = "of the operator; default: fairlead-system"
FILES_HELP: Final = "YAML files, or folders of them; - for stdin"
CONFIG_HELP: Final = "a model's own config.json, for a model the catalogue does not know; may stand several times"


LAST_PORT: Final = 65_535
MIN_EVERY_S: Final = 0.1
MAX_EVERY_S: Final = 3600.0
_IMAGE: Final = re.compile("[A-Za-z0-9][A-Za-z0-9._/:@-]*")
_NAMESPACE: Final = re.compile("(?:[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)?")


def port(text: str) -> int:
    """Parse a port; the system would take 99999 and listen on 34463."""
    if not text.isascii() or not text.isdigit() or int(text[:6]) > LAST_PORT:
        raise argparse.ArgumentTypeError(f"{text[:40]}: write a port, at most {LAST_PORT}")
    return int(text)


def namespace(text: str) -> str:
    """Parse a namespace; an empty one means the default, as for kubectl."""
    if not _NAMESPACE.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"{text[:70]!a}: no namespace can have this name; write at most 63 small letters, digits and dashes"
        )
    return text


def file_name(text: str) -> str:
    """Parse the name of a file; it is empty where a shell's variable is not set."""
    if not text:
        raise argparse.ArgumentTypeError("no file is named; write its path")
    return text


def image(text: str) -> str:
    """Parse the name of an image."""
    if not _IMAGE.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text[:70]!a}: no image can have this name; write REPOSITORY:TAG")
    return text


def whole_number(most: int) -> Callable[[str], int]:
    """Return a parser of whole numbers from 1 to this one."""

    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not 1 <= int(text[:6]) <= most:
            raise argparse.ArgumentTypeError(f"{text[:40]!a}: write a whole number from 1 to {most}")
        return int(text)

    return parse


def add_timeout(parser: argparse.ArgumentParser, default: str, words: str) -> None:
    """Add the limit of one request; its spelling in the release before is read too, and help does not show it."""
    parser.add_argument("--timeout", default=default, metavar="DURATION", help=f"{words} ({default})")
    parser.add_argument("--time-out", dest="timeout", default=argparse.SUPPRESS, help=argparse.SUPPRESS)


def add_context(parser: argparse.ArgumentParser) -> None:
    """Add the choice of a cluster, as kubectl has it."""
    parser.add_argument(
        "--context", type=context, metavar="NAME", help="a context of the kubeconfig; default: its current one"
    )


def context(text: str) -> str:
    """Parse the name of a context; it is empty where a shell's variable is not set, and any cluster could be meant."""
    if not text:
        raise argparse.ArgumentTypeError("no context is named; `kubectl config get-contexts` lists them")
    return text


def every(text: str) -> float:
    """Parse how many seconds pass between two refreshes; without a pause the API server would be asked in a loop."""
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not MIN_EVERY_S <= found <= MAX_EVERY_S:
        raise argparse.ArgumentTypeError(f"{text[:40]}: write seconds from {MIN_EVERY_S:g} to {MAX_EVERY_S:g}")
    return found


def add_traffic(parser: argparse.ArgumentParser) -> None:
    """Add the options for what is simulated on which traffic: files and a trace, or a running deployment's logs."""
    parser.add_argument("files", nargs="*", type=file_name, metavar="FILE", help=FILES_HELP)
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
    parser.add_argument("-n", "--namespace", type=namespace, help="its namespace; default: the kubeconfig's")
    add_context(parser)
    parser.set_defaults(publish=None)  # only `simulate` has --publish
    parser.add_argument(
        "--prometheus",
        metavar="URL",
        help="with --from: draw requests from the rates and mean lengths that this Prometheus kept, not from logs",
    )


def add_search_on_traffic(parser: argparse.ArgumentParser) -> None:
    """Add the options that every search on one trace has, after the files and the trace."""
    parser.add_argument("--since", metavar="DURATION", help="leave out what came before this, such as 30m")
    parser.add_argument("--until", metavar="DURATION", help="and what came later than this, such as 2h")
    parser.add_argument("--ttft-p95", metavar="DURATION", help="first token within, not by the policy's objective")
    parser.add_argument("--tpot-p95", metavar="DURATION", help="and this time between two tokens")
    parser.add_argument("--cold-start", metavar="DURATION", help="of a new replica, such as 110s or 110s..250s")
    parser.add_argument("--start", type=int, metavar="N", help="replicas that are ready at first")
    parser.add_argument("--seed", type=int, default=0, help="random seed (0)")
    parser.add_argument("--step-times", metavar="FILE", help="file that `fairlead calibrate --out` wrote")
    parser.add_argument("--config-json", action="append", default=[], metavar="MODEL=FILE", help=CONFIG_HELP)
    parser.add_argument("--products", metavar="FILE", help=PRODUCTS_HELP)
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="how to print it")
