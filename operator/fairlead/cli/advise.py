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
    options.add_search_on_traffic(parser)
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
