"""`fairlead simulate FILE… --traffic TRACE`: play deployments on recorded traffic before they are applied."""

import argparse
import sys

from fairlead.cli import options

EPILOG = (
    "Each deployment of the files is a candidate; give the policies that they name too. TRACE, .gz too: the routers' "
    "access lines, a CSV with seconds,prompt_tokens,output_tokens, Azure's CSV, or Mooncake's JSON lines."
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.epilog = EPILOG
    parser.add_argument("files", nargs="+", metavar="FILE", help="YAML files, or folders of them")
    parser.add_argument("--traffic", required=True, metavar="TRACE", help="recorded requests")
    parser.add_argument("--since", metavar="DURATION", help="leave out what came before (30m)")
    parser.add_argument(
        "--until", metavar="DURATION", help="and what came later than this after the first request (2h)"
    )
    parser.add_argument("--speed-up", default="1", metavar="X", help="play the arrivals X times as fast (1)")
    parser.add_argument(
        "--ttft-p95", metavar="DURATION", help="judge by this first token, not by the policy's objective"
    )
    parser.add_argument("--tpot-p95", metavar="DURATION", help="and by this time between two tokens")
    parser.add_argument(
        "--cold-start", metavar="DURATION", help="of a new replica; default: coldStart.assume of the policy"
    )
    parser.add_argument("--start", type=int, metavar="N", help="replicas that are ready at first (the fewest allowed)")
    parser.add_argument("--seed", type=int, default=0, help="of all chance (0)")
    parser.add_argument("--step-times", metavar="FILE", help="file that `fairlead calibrate --out` wrote")
    parser.add_argument("--config-json", action="append", default=[], metavar="MODEL=FILE", help=options.CONFIG_HELP)
    parser.add_argument("--products", metavar="FILE", help=options.PRODUCTS_HELP)
    parser.add_argument("--decisions", action="store_true", help="print every change of the number of replicas")
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="how to print it")


def run(chosen: argparse.Namespace) -> int:
    """0 when a candidate keeps its objectives, 1 when none does, 2 for wrong arguments or an unreadable trace."""
    from fairlead.backtest.candidate import Unplayable
    from fairlead.backtest.play import PlayedCandidate
    from fairlead.cli import simulate_inputs, simulate_text

    try:
        inputs = simulate_inputs.read(chosen)
    except (OSError, ValueError) as problem:
        print(f"fairlead simulate: {problem}", file=sys.stderr)
        return 2
    candidates = [one for one in inputs.candidates if not isinstance(one, Unplayable)]
    for one in inputs.candidates:
        if isinstance(one, Unplayable):
            print(f"fairlead simulate: {one.name}: {one.reason}: {one.because}", file=sys.stderr)
    if len(candidates) < len(inputs.candidates):
        return 2
    played: list[PlayedCandidate] = []
    try:
        played.extend(inputs.played(one) for one in candidates)
    except KeyboardInterrupt:
        names = ", ".join(one.name for one in candidates[len(played) :])
        print(f"\nfairlead simulate: interrupted; not played: {names}", file=sys.stderr)
    shown = simulate_text.Shown(traffic=inputs.words, played=tuple(played), decisions=chosen.decisions)
    print(simulate_text.RENDER[chosen.output](shown))
    return 0 if any(one.keeps for one in played) and len(played) == len(candidates) else 1
