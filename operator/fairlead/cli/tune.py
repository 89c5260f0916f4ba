"""`fairlead tune FILE… --traffic TRACE`: search a policy's fields on one part of a trace, judge them on the rest."""

import argparse
import sys

from fairlead.cli import options


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.epilog = (
        "The files hold one InferenceDeployment that scales and the AutoscalingPolicy that it names; TRACE is what "
        "`fairlead simulate` reads. The search sees the first part of the trace alone; the rest judges what it found."
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="YAML files, or folders of them")
    parser.add_argument("--traffic", required=True, metavar="TRACE", help="recorded requests, a day or more")
    parser.add_argument("--train", default="0.5", metavar="SHARE", help="of the trace's time, for the search (0.5)")
    parser.add_argument("--since", metavar="DURATION", help="leave out what came before (30m)")
    parser.add_argument("--until", metavar="DURATION", help="and what came later than this (2h)")
    parser.add_argument("--longest-gap", metavar="DURATION", help="cut longer times without a request to this (10m)")
    parser.add_argument("--speed-up", default="1", metavar="X", help="play the arrivals X times as fast (1)")
    parser.add_argument("--ttft-p95", metavar="DURATION", help="first token within, not by the policy's objective")
    parser.add_argument("--tpot-p95", metavar="DURATION", help="and this time between two tokens")
    parser.add_argument("--cold-start", metavar="DURATION", help="of a new replica (110s, or 110s..250s)")
    parser.add_argument("--start", type=int, metavar="N", help="replicas that are ready at first")
    parser.add_argument("--seed", type=int, default=0, help="of all chance (0)")
    parser.add_argument("--jobs", type=int, metavar="N", help="processes at a time (as many as CPUs)")
    parser.add_argument("--step-times", metavar="FILE", help="file that `fairlead calibrate --out` wrote")
    parser.add_argument("--config-json", action="append", default=[], metavar="MODEL=FILE", help=options.CONFIG_HELP)
    parser.add_argument("--products", metavar="FILE", help=options.PRODUCTS_HELP)
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="how to print it")


def run(chosen: argparse.Namespace) -> int:
    """0 where the policy to use keeps the objectives on the part held back, 1 where not, 2 for wrong arguments."""
    from fairlead.cli import tune_inputs, tune_text

    try:
        shown = tune_inputs.tuned(chosen)
    except OSError as problem:
        print(f"fairlead tune: {problem.filename}: {problem.strerror or problem}", file=sys.stderr)
        return 2
    except ValueError as problem:
        print(f"fairlead tune: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nfairlead tune: interrupted; nothing was judged yet", file=sys.stderr)
        return 1
    print(tune_text.RENDER[chosen.output](shown))
    return 0 if shown.used.keeps else 1
