"""`fairlead tune`: search a policy's fields on one part of a trace, and evaluate the result on the rest."""

import argparse
import sys

from fairlead.cli import options


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = (
        "FILE: one InferenceDeployment that scales and its AutoscalingPolicy, or --from what runs; TRACE, best of a "
        "day or more, is what `fairlead simulate` reads. The search sees its first part alone; the rest judges."
    )
    options.add_traffic(parser)
    parser.add_argument("--train", default="0.5", metavar="SHARE", help="of the trace's time, for the search (0.5)")
    options.add_search_on_traffic(parser)
    parser.add_argument(
        "--longest-gap", metavar="DURATION", help="cut longer times without a request to this, such as 10m"
    )
    parser.add_argument("--speed-up", default="1", metavar="X", help="simulate the arrivals X times as fast (1)")
    parser.add_argument("--jobs", type=int, metavar="N", help="processes at a time (as many as CPUs)")


def run(chosen: argparse.Namespace) -> int:
    """Return 0 if the chosen policy keeps the objectives on the part held back, 1 if not, 2 for invalid arguments."""
    from fairlead.cli import playing_errors, traffic_source, tune_inputs, tune_text

    def tuned() -> int:
        with traffic_source.opened(chosen) as source:
            shown = tune_inputs.tuned(chosen, source)
        print(tune_text.RENDER[chosen.output](shown))
        return 0 if shown.used.keeps else 1

    try:
        return playing_errors.reported("tune", tuned)
    except KeyboardInterrupt:
        print("\nfairlead tune: interrupted; nothing was evaluated yet", file=sys.stderr)
        return 1
