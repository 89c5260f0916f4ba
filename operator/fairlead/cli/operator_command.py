"""`fairlead operator`: the controller with its webhook and the autoscaler's loop; `fairlead controller`: without it."""

import argparse
from typing import TYPE_CHECKING

from fairlead.cli import autoscaler_command, options

if TYPE_CHECKING:
    from fairlead.controller.settings import OperatorSettings
    from fairlead.fleet.desired_state import EngineKind
    from fairlead.sizing.catalogue import Catalogue


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments; the chart sets all of them."""
    image = "fairlead"
    autoscaler_command.arguments(parser)
    parser.add_argument("--webhook", choices=("on", "off"), default="on", help="whether admission is served")
    parser.add_argument("--webhook-secret", default="fairlead-webhook", help="holds the webhook's certificates")
    parser.add_argument("--webhook-service", default="fairlead-webhook", help="how the API server reaches it")
    parser.add_argument(
        "--webhook-configuration",
        default="fairlead",
        help="the webhook configuration that must trust this webhook; empty: cert-manager does that",
    )
    parser.add_argument("--router-image", default=image, help="what routers run")
    parser.add_argument(
        "--image-pull-policy",
        choices=("Always", "IfNotPresent", "Never"),
        default="IfNotPresent",
        help="when a node pulls the image of routers and evaluations; default IfNotPresent",
    )
    parser.add_argument(
        "--image-pull-secret",
        action="append",
        default=[],
        metavar="NAME",
        help="a Secret with registry credentials for routers and evaluations, which must be in their namespace",
    )
    parser.add_argument("--engine-image", default=image, help="what simulated engines run")
    parser.add_argument(
        "--cpu-image",
        action="append",
        default=[],
        metavar="KIND=IMAGE",
        type=cpu_image,
        help="what engines of this kind run with product CPU, its version in the tag: vLLM=registry/vllm-cpu:0.32.0",
    )
    parser.add_argument(
        "--monitoring-namespace", default="", metavar="NAME", help="its pods may read metrics of routers and engines"
    )
    parser.add_argument(
        "--assigned-users",
        action="store_true",
        help="pods of routers, engines and evaluations name no user and no group: the cluster assigns them, as "
        "OpenShift does",
    )
    parser.add_argument(
        "--gateway-api", action="store_true", help="create the HTTPRoutes that specs ask for; it needs the right to"
    )
    parser.add_argument("--webhook-port", type=options.port, default=9443, help="default 9443")
    parser.add_argument(
        "--console-port",
        type=options.port,
        default=0,
        metavar="PORT",
        help="serve the console there; default 0: nowhere",
    )
    parser.add_argument(
        "--autoscaler", choices=("on", "off"), default="on", help="whether the leader also decides replicas"
    )


def cpu_image(written: str) -> "tuple[EngineKind, str]":
    """Parse an engine kind and the image of its CPU build."""
    from fairlead.fleet.desired_state import ON_CPU, EngineKind

    kind, equals, image = written.partition("=")
    if kind in ON_CPU and equals and image:
        return EngineKind(kind), image
    raise argparse.ArgumentTypeError(f"{written}: write KIND=IMAGE with one of {', '.join(sorted(ON_CPU))}")


def controller_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the same arguments, by default without an autoscaler, since it runs in a process of its own."""
    arguments(parser)
    parser.set_defaults(autoscaler="off")


def run(chosen: argparse.Namespace) -> int:
    """Run until a signal stops it; return 3 when another process has become the leader."""
    import asyncio
    import sys

    from fairlead.autoscaler.ledger import LedgerPlaceError
    from fairlead.cli import offline_data
    from fairlead.cluster.credentials import NoCredentials
    from fairlead.cluster.lease import OtherRelease
    from fairlead.controller import process

    try:
        knowledge = offline_data.offline_knowledge(products=chosen.products)
        settings = operator_settings(chosen, knowledge.catalogue)
        embedded = None
        if chosen.autoscaler == "on":
            embedded = autoscaler_command.hosted_loop(chosen, settings.identity, knowledge)
        return asyncio.run(process.run(settings, embedded))
    except (NoCredentials, OtherRelease, offline_data.ProductsError, LedgerPlaceError) as problem:
        print(f"fairlead {chosen.command}: {problem}", file=sys.stderr)
        return 2


def operator_settings(chosen: argparse.Namespace, catalogue: "Catalogue") -> "OperatorSettings":
    """Convert these arguments into the settings of the process, and set up logging."""
    from fairlead.controller.settings import OperatorSettings, WebhookSettings

    return OperatorSettings(
        **autoscaler_command.process_settings(chosen, "operator"),
        router_image=chosen.router_image,
        image_pull_policy=chosen.image_pull_policy,
        image_pull_secrets=tuple(chosen.image_pull_secret),
        engine_image=chosen.engine_image,
        cpu_images=tuple(chosen.cpu_image),
        monitoring_namespace=chosen.monitoring_namespace,
        assigned_users=chosen.assigned_users,
        nodes_grow=chosen.nodes_grow,
        gateway_api=chosen.gateway_api,
        webhook=WebhookSettings(
            enabled=chosen.webhook == "on",
            secret=chosen.webhook_secret,
            service=chosen.webhook_service,
            configuration=chosen.webhook_configuration,
            port=chosen.webhook_port,
        ),
        console_port=chosen.console_port,
        catalogue=catalogue,
    )
