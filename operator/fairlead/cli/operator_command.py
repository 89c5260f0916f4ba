"""`fairlead operator`: the controller with its webhook and the autoscaler's loop; `fairlead controller`: without it."""

import argparse
import os

from fairlead.cli import autoscaler_command


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes; the chart sets all of it."""
    home = os.environ.get("POD_NAMESPACE", "default")
    image = "fairlead"
    parser.add_argument("--namespaces", default="", metavar="A,B", help="serve only these (default: all)")
    parser.add_argument("--lease-namespace", default=home, help="where the Lease and the webhook's Secret are")
    parser.add_argument(
        "--deployment", default="", metavar="NAME", help="runs this process: Lease and Secret are removed with it"
    )
    parser.add_argument("--identity", default=os.environ.get("POD_NAME", ""), help="who holds the Lease")
    parser.add_argument("--lease-seconds", type=float, default=15.0, help="how long a silent leader is waited for")
    parser.add_argument("--webhook", choices=("on", "off"), default="on", help="whether admission is served")
    parser.add_argument("--webhook-secret", default="fairlead-webhook", help="holds the webhook's certificates")
    parser.add_argument("--webhook-service", default="fairlead-webhook", help="how the API server reaches it")
    parser.add_argument(
        "--webhook-configuration", default="fairlead", help="what is to trust us; empty: cert-manager sees to it"
    )
    parser.add_argument("--router-image", default=image, help="what routers run")
    parser.add_argument("--engine-image", default=image, help="what simulated engines run")
    parser.add_argument(
        "--monitoring-namespace", default="", metavar="NAME", help="its pods may read metrics of routers and engines"
    )
    parser.add_argument("--nodes-grow", action="store_true", help="ask for pods no node can hold yet: nodes will come")
    parser.add_argument("--host", default="0.0.0.0", help="where health, metrics and webhook listen")  # noqa: S104 - as a pod is reached
    parser.add_argument("--health-port", type=int, default=8081)
    parser.add_argument("--metrics-port", type=int, default=9090)
    parser.add_argument("--webhook-port", type=int, default=9443)
    parser.add_argument(
        "--autoscaler", choices=("on", "off"), default="on", help="whether the leader decides replicas too"
    )
    autoscaler_command.loop_arguments(parser)
    parser.add_argument("--log-format", choices=("json", "text"), default="json")
    parser.add_argument("--log-level", default="INFO")


def controller_arguments(parser: argparse.ArgumentParser) -> None:
    """The same, without an autoscaler by default, since it runs in a process of its own."""
    arguments(parser)
    parser.set_defaults(autoscaler="off")


def run(chosen: argparse.Namespace) -> int:
    """Run until a signal stops it; 3 when another process has become the leader."""
    import asyncio
    import secrets
    import sys

    from fairlead.cluster.connection import NoCredentials
    from fairlead.controller import process
    from fairlead.controller.settings import OperatorSettings, WebhookSettings
    from fairlead.telemetry import log_lines

    log_lines.setup(log_lines.LogFormat(chosen.log_format), chosen.log_level.upper())
    settings = OperatorSettings(
        namespaces=tuple(filter(None, chosen.namespaces.split(","))),
        lease_namespace=chosen.lease_namespace,
        identity=f"{chosen.identity or 'operator'}-{secrets.token_hex(3)}",
        lease_seconds=chosen.lease_seconds,
        deployment=chosen.deployment,
        router_image=chosen.router_image,
        engine_image=chosen.engine_image,
        monitoring_namespace=chosen.monitoring_namespace,
        nodes_grow=chosen.nodes_grow,
        webhook=WebhookSettings(
            enabled=chosen.webhook == "on",
            secret=chosen.webhook_secret,
            service=chosen.webhook_service,
            configuration=chosen.webhook_configuration,
            port=chosen.webhook_port,
        ),
        host=chosen.host,
        health_port=chosen.health_port,
        metrics_port=chosen.metrics_port,
    )
    embedded = autoscaler_command.hosted_loop(chosen, settings.identity) if chosen.autoscaler == "on" else None
    try:
        return asyncio.run(process.run(settings, embedded))
    except NoCredentials as problem:
        print(f"fairlead operator: {problem}", file=sys.stderr)
        return 2
