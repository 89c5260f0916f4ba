"""`fairlead autoscaler`: the scaling loop in processes of its own; also hosts the loop for `fairlead operator`."""

import argparse
import os
from typing import TYPE_CHECKING, Any, Final

from fairlead.cli import options

if TYPE_CHECKING:
    from fairlead.autoscaler.samples.source_registry import SourceFactories
    from fairlead.autoscaler.service import AutoscalerService
    from fairlead.autoscaler.settings import LoopSettings
    from fairlead.review.context import ReviewContext

LOG_LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR")


def _loop_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the scaling loop, whichever command runs it."""
    parser.add_argument(
        "--decisions", metavar="PATH", help="keep whole records of decisions in this folder or file, rotated"
    )
    parser.add_argument(
        "--decide-seconds", type=_seconds, default=1.0, metavar="S", help="between two scrapes and two decisions"
    )


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that `fairlead operator` needs too; the chart sets all of them."""
    home = os.environ.get("POD_NAMESPACE", "default")
    parser.add_argument("--namespaces", default="", metavar="A,B", help="serve only these (default: all)")
    parser.add_argument("--lease-namespace", default=home, help="where its Lease is, and the webhook's Secret")
    parser.add_argument(
        "--deployment",
        default="",
        metavar="NAME",
        help="runs this process: its Lease and the webhook's Secret are deleted with it",
    )
    parser.add_argument("--identity", default=os.environ.get("POD_NAME", ""), help="name by which it holds the Lease")
    parser.add_argument(
        "--lease-seconds",
        type=_lease_seconds,
        default=15.0,
        metavar="S",
        help="how long to wait for a holder that does not renew, 1 to 600; default 15",
    )
    parser.add_argument("--nodes-grow", action="store_true", help="a cluster autoscaler adds nodes for pending pods")
    parser.add_argument("--products", metavar="FILE", help=options.PRODUCTS_HELP)
    parser.add_argument("--host", default="0.0.0.0", help="where health, metrics and webhook listen")  # noqa: S104 - in a pod
    parser.add_argument("--health-port", type=options.port, default=8081, help="of probes; default 8081")
    parser.add_argument("--metrics-port", type=options.port, default=9090, help="of /metrics; default 9090")
    parser.add_argument("--log-format", choices=("json", "text"), default="json", help="of log lines; default json")
    parser.add_argument(
        "--log-level", type=str.upper, choices=LOG_LEVELS, default="INFO", help="the least that is logged; default INFO"
    )
    _loop_arguments(parser)


def process_settings(chosen: argparse.Namespace, role: str) -> dict[str, Any]:
    """Convert these arguments into the fields of `ProcessSettings`, and set up logging."""
    import secrets

    from fairlead.telemetry import log_lines

    log_lines.setup(log_lines.LogFormat(chosen.log_format), chosen.log_level)
    same = ("lease_namespace", "deployment", "lease_seconds", "host", "health_port", "metrics_port")
    return {name: getattr(chosen, name) for name in same} | {
        "namespaces": tuple(filter(None, chosen.namespaces.split(","))),
        "identity": f"{chosen.identity or role}-{secrets.token_hex(3)}",
    }


def run(chosen: argparse.Namespace) -> int:
    """Run until a signal stops it."""
    import asyncio
    import sys

    from fairlead.autoscaler import process, scaling_subjects
    from fairlead.autoscaler.ledger import LedgerPlaceError
    from fairlead.autoscaler.settings import AutoscalerSettings
    from fairlead.cli import offline_data
    from fairlead.cluster.credentials import NoCredentials

    try:
        understanding = scaling_subjects.of(offline_data.offline_knowledge(products=chosen.products))
        settings = AutoscalerSettings(loop=_loop(chosen), **process_settings(chosen, "autoscaler"))
        return asyncio.run(process.run(settings, understanding, _makers(settings.loop)))
    except (NoCredentials, offline_data.ProductsError, LedgerPlaceError) as problem:
        print(f"fairlead autoscaler: {problem}", file=sys.stderr)
        return 2


def hosted_loop(chosen: argparse.Namespace, instance: str, knowledge: "ReviewContext") -> "AutoscalerService":
    """Build the loop that runs beside the controller."""
    from fairlead.autoscaler import scaling_subjects
    from fairlead.autoscaler.service import AutoscalerService

    settings = _loop(chosen)
    return AutoscalerService(settings, scaling_subjects.of(knowledge), _makers(settings), instance)


def _loop(chosen: argparse.Namespace) -> "LoopSettings":
    from pathlib import Path

    from fairlead import __version__
    from fairlead.autoscaler.settings import LoopSettings

    return LoopSettings(
        every_seconds=chosen.decide_seconds,
        nodes_grow=chosen.nodes_grow,
        decisions=Path(chosen.decisions) if chosen.decisions else None,
        version=__version__,
    )


def _makers(settings: "LoopSettings") -> "SourceFactories":
    from fairlead.autoscaler.samples.prometheus import PrometheusSampleSource
    from fairlead.autoscaler.samples.prometheus_api import PrometheusServer
    from fairlead.autoscaler.samples.query_turns import QueryTurns
    from fairlead.autoscaler.samples.sample_source import SampleSource
    from fairlead.autoscaler.samples.scraper import Scraper
    from fairlead.autoscaler.samples.source_registry import SourceFactories

    def direct() -> SampleSource:
        return Scraper(settings.every_seconds)

    turns = QueryTurns()

    def prometheus(server: PrometheusServer) -> SampleSource:
        return PrometheusSampleSource(server, turns)

    return SourceFactories(direct=direct, prometheus=prometheus)


def _seconds(text: str) -> float:
    return _number_of_seconds(text, 0.1, 60, "since users notice a longer delay")


def _lease_seconds(text: str) -> float:
    return _number_of_seconds(text, 1, 600, "since nothing is reconciled until another process may take over")


def _number_of_seconds(text: str, least: float, most: float, why: str) -> float:
    found = float(text)
    if not least <= found <= most:
        raise argparse.ArgumentTypeError(f"{text}: between {least:g} and {most:g} seconds, {why}")
    return found
