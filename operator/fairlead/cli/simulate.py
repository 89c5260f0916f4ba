"""`fairlead simulate`: play deployments on recorded traffic before applying them."""

import argparse
import sys
from typing import TYPE_CHECKING

from fairlead.cli import options

if TYPE_CHECKING:
    from fairlead.cli.report_publication import ReportPlace
    from fairlead.cli.traffic_source import TrafficSource

AGAINST = ("hpa", "keda", "knative", "aibrix", "wva", "static")
"""As in `backtest.comparison_rows`, which is not imported here so that help appears at once."""

EPILOG = (
    "Each deployment of the files is a candidate; give their policies too. TRACE, .gz too: access lines, "
    "seconds,prompt_tokens,output_tokens as CSV, Azure's, ServeGen's or Mooncake's. With --from what runs is the first."
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = EPILOG
    options.add_traffic(parser)
    parser.add_argument("--since", metavar="DURATION", help="leave out what came before this, such as 30m")
    parser.add_argument("--until", metavar="DURATION", help="and what came later after the first request, such as 2h")
    parser.add_argument(
        "--longest-gap", metavar="DURATION", help="cut longer times without a request to this, such as 10m"
    )
    parser.add_argument("--speed-up", default="1", metavar="X", help="simulate the arrivals X times as fast (1)")
    parser.add_argument(
        "--ttft-p95", metavar="DURATION", help="judge by this first token, not by the policy's objective"
    )
    parser.add_argument("--tpot-p95", metavar="DURATION", help="and by this time between two tokens")
    parser.add_argument(
        "--cold-start",
        metavar="DURATION",
        help="of a new replica, or median and p95, such as 110s..250s; default: coldStart.assume of the policy",
    )
    parser.add_argument("--start", type=int, metavar="N", help="replicas ready at first (as recorded, or fewest)")
    parser.add_argument(
        "--against",
        action="append",
        default=[],
        choices=AGAINST,
        help="simulate each candidate that scales also as another project would scale it; may be repeated",
    )
    parser.add_argument(
        "--what-if",
        action="append",
        default=[],
        metavar="LEVER=VALUE",
        help="simulate each candidate also with this changed (prefixCaching=off, gpu=NVIDIA-L4); may be repeated",
    )
    parser.add_argument(
        "--queue",
        action="store_true",
        help="simulate the routers' queue too: more accurate where requests wait, takes twice the time; with --from it "
        "always is",
    )
    parser.add_argument("--budget", metavar="USD", help="what a candidate may cost an hour on average, such as 4.50")
    parser.add_argument("--seed", type=int, default=0, help="random seed (0)")
    parser.add_argument(
        "--seeds", type=int, default=1, metavar="N", help="simulate with this many seeds, show intervals (1)"
    )
    parser.add_argument("--sample", type=int, metavar="N", help="simulate N stretches of the trace, show intervals")
    parser.add_argument("--jobs", type=int, metavar="N", help="processes at a time (as many as CPUs)")
    parser.add_argument("--step-times", metavar="FILE", help="file that `fairlead calibrate --out` wrote")
    parser.add_argument("--config-json", action="append", default=[], metavar="MODEL=FILE", help=options.CONFIG_HELP)
    parser.add_argument("--products", metavar="FILE", help=options.PRODUCTS_HELP)
    parser.add_argument("--decisions", action="store_true", help="print every change of the number of replicas")
    parser.add_argument("--html", metavar="FILE", help="also write a report to attach to a change request")
    parser.add_argument(
        "--publish",
        metavar="NAME",
        help="also write it into this ConfigMap of the cluster, where the console shows it; -n names the namespace",
    )
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="how to print it")


def run(chosen: argparse.Namespace) -> int:
    """Return 0 if a candidate keeps its objectives and the budget, 1 if none does, 2 for invalid input.

    Invalid are wrong arguments, an unreadable trace, or a report that could not be written.
    """
    from fairlead.cli import playing_errors, report_publication, traffic_source

    def compared() -> int:
        place = None
        if chosen.publish is not None:
            place = report_publication.place(chosen.publish, chosen.namespace, context=chosen.context)
        with traffic_source.opened(chosen) as source:
            return _compared(chosen, source, place)

    return playing_errors.reported("simulate", compared)


def _compared(chosen: argparse.Namespace, source: "TrafficSource", place: "ReportPlace | None") -> int:
    from fairlead.cli import recorded_latency, simulate_inputs, simulate_report, simulate_runs, simulate_text

    inputs = simulate_inputs.read(chosen, source)
    for one in inputs.unplayable:
        print(f"fairlead simulate: {one.name}: {one.reason}: {one.because}", file=sys.stderr)
    if inputs.unplayable:
        return 2
    outcome = simulate_runs.played(inputs.comparison, inputs.jobs, bounded=not inputs.comparison.whole.at_once)
    missing = outcome.missing(inputs.comparison)
    if outcome.interrupted:
        names = "; ".join(missing)
        print(f"\nfairlead simulate: interrupted; not simulated, or not as often: {names}", file=sys.stderr)
    rows = tuple(outcome.rows(inputs.comparison))
    words = inputs.words
    if source.recording is not None and source.recording.lines and rows:
        running = next((one for one in rows if one.name == inputs.comparison.rows[0].name), None)
        sampled = chosen.sample is not None
        error = recorded_latency.words(source.recording.lines, source.trace, sampled=sampled, played=running)
        words += f"\n{error}"
    shown = simulate_text.Shown(traffic=words, rows=rows, decisions=chosen.decisions)
    print(simulate_text.RENDER[chosen.output](shown))
    if chosen.html is not None or place is not None:
        reported = simulate_report.of(chosen, inputs, shown, tuple(missing))
        if not simulate_report.write(reported, chosen.html, place):
            return 2
    return 0 if any(one.passes and not one.compared for one in rows) and not missing else 1
