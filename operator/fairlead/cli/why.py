"""`fairlead why [KIND/NAME]`: what is wrong right now, the first cause first, what to do, and the command for it."""

import argparse
import sys
from typing import TYPE_CHECKING, Final

from fairlead.cli import options, terminal_colours

if TYPE_CHECKING:
    from fairlead.cli.cluster_client import ClusterClient, SeveralHomes
    from fairlead.review.diagnosis import Diagnosis

WRONG: Final = 3
"""The exit code if something is wrong, for scripts and pipelines."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "target",
        nargs="?",
        metavar="[KIND/]NAME",
        help="such as chat, infd/chat, infg/company or asp/interactive; default: everything that is not well",
    )
    parser.add_argument("-n", "--namespace", type=options.namespace, help="its namespace; default: the kubeconfig's")
    options.add_context(parser)
    parser.add_argument("-A", "--all-namespaces", action="store_true", help="objects of all namespaces")
    parser.add_argument(
        "--operator-namespace", type=options.namespace, metavar="NAME", help=options.OPERATOR_NAMESPACE_HELP
    )
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="how to print it")


def run(chosen: argparse.Namespace) -> int:
    """Return 0 if nothing is wrong, 3 if something is, 1 without access or without objects, 2 for invalid arguments."""
    import asyncio

    from fairlead.cli.cluster_client import ClusterUnavailable
    from fairlead.cli.explanation import TargetNameError

    try:
        return asyncio.run(_shown(chosen))
    except TargetNameError as problem:
        print(f"fairlead why: {problem}", file=sys.stderr)
        return 2
    except ClusterUnavailable as problem:
        print(f"fairlead why: {problem}", file=sys.stderr)
        return 1


async def _shown(chosen: argparse.Namespace) -> int:
    import time

    from fairlead.cli import cluster_client, context_commands, why_text
    from fairlead.cluster import package_data
    from fairlead.review import diagnosis, remedies

    kinds, name = _target(chosen.target)
    async with cluster_client.open_cluster(None, chosen.operator_namespace, context=chosen.context) as client:
        namespace = None if chosen.all_namespaces else chosen.namespace or client.home
        documents = [one for kind in kinds for one in await client.objects(kind, namespace)]
        wanted = [one for one in documents if name in ("", one["metadata"]["name"])]
        if not wanted:
            raise cluster_client.ClusterUnavailable(why_text.nothing_there(name, namespace, documents))
        entries = remedies.read(package_data.remedies())
        home = await client.operator_home()
        place = home if isinstance(home, str) else client.trusted_namespace
        found = diagnosis.first([diagnosis.diagnose(one, entries, place) for one in wanted])
        operator = await _operator(client, home, wanted[0], time.time())
    _print(chosen, context_commands.of_diagnoses(found, chosen.context), operator, home)
    return 0 if all(one.is_well for one in found) and operator is None else WRONG


async def _operator(
    client: "ClusterClient", home: "str | SeveralHomes", document: dict[str, object], now: float
) -> str | None:
    """Why no operator keeps statuses up to date; None if one does, or if it cannot be determined."""
    words = await client.currency_in(home, document, now)
    return words.partition("; ")[0] if words.startswith("No operator") else None


def _print(
    chosen: argparse.Namespace, found: "list[Diagnosis]", operator: str | None, home: "str | SeveralHomes"
) -> None:
    import shutil
    import time

    from fairlead.cli import why_text

    if chosen.output == "json":
        print(why_text.as_json(found, operator))
        return
    terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if terminal else 120
    colour = terminal_colours.wanted(sys.stdout)
    shown = why_text.WhyText(
        now=time.time(),
        width=width,
        colour=colour,
        context=chosen.context,
        operator_namespace=home if isinstance(home, str) else None,
    )
    print("\n".join(shown.lines(found, operator, every=chosen.target is not None)))


def _target(target: str | None) -> tuple[tuple[str, ...], str]:
    """The plurals of the kinds to check, and the name; an empty name means all."""
    from fairlead.api.kinds import KINDS
    from fairlead.cli.explanation import TargetNameError

    everything = tuple(one.plural for one in KINDS)
    if target is None:
        return everything, ""
    kind, slash, name = target.rpartition("/")
    if not slash and name:
        return everything, name
    found = [one.plural for one in KINDS if one.is_called(kind)]
    if not found or not name:
        shorts = ", ".join(f"{one.short}/NAME" for one in KINDS)
        raise TargetNameError(f"{target or repr(target)}: write one of {shorts}, or NAME alone")
    return tuple(found), name
