"""`fairlead advise FILE… --traffic TRACE`: what holds a service back, and the change that mends it, played."""

import argparse
import sys

from fairlead.cli import options


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.epilog = (
        "The files hold one InferenceDeployment and the policy that it names; TRACE is what `fairlead simulate` reads, "
        "access lines among it. Of more than 5,000 requests the busiest are played."
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="YAML files, or folders of them")
    parser.add_argument("--traffic", required=True, metavar="TRACE", help="recorded requests")
    parser.add_argument("--since", metavar="DURATION", help="leave out what came before (30m)")
    parser.add_argument("--until", metavar="DURATION", help="and what came later than this (2h)")
    parser.add_argument("--ttft-p95", metavar="DURATION", help="first token within, not by the policy's objective")
    parser.add_argument("--tpot-p95", metavar="DURATION", help="and this time between two tokens")
    parser.add_argument("--cold-start", metavar="DURATION", help="of a new replica (110s, or 110s..250s)")
    parser.add_argument("--start", type=int, metavar="N", help="replicas that are ready at first")
    parser.add_argument("--seed", type=int, default=0, help="of all chance (0)")
    parser.add_argument("--step-times", metavar="FILE", help="file that `fairlead calibrate --out` wrote")
    parser.add_argument("--config-json", action="append", default=[], metavar="MODEL=FILE", help=options.CONFIG_HELP)
    parser.add_argument("--products", metavar="FILE", help=options.PRODUCTS_HELP)
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="how to print it")
    parser.set_defaults(longest_gap=None, speed_up="1")


def run(chosen: argparse.Namespace) -> int:
    """0 where nothing holds it back, 1 with advice or where none helps, 2 for wrong arguments."""
    from fairlead.cli import advise_inputs, advise_text

    try:
        shown = advise_inputs.advised(chosen)
    except (OSError, ValueError) as problem:
        print(f"fairlead advise: {problem}", file=sys.stderr)
        return 2
    print(advise_text.RENDER[chosen.output](shown))
    return 0 if shown.advice.before.keeps and shown.advice.best is None else 1
