"""`python -m devcluster up | down | status | expose | leaks`: the commands behind `make cluster`."""

import argparse
import json
import os
import sys

from devcluster import owners, plan, status, teardown
from devcluster.cache import Cache
from devcluster.door import DoorClosed, Embedded
from devcluster.layout import Layout
from devcluster.progress import StepFailed
from devcluster.setup import machine, preflight, tools
from devcluster.up import CannotStart, prepare, up


def main(argv: list[str] | None = None) -> int:
    """Run one command; an error is one message on standard error."""
    chosen = _parser().parse_args(argv)
    try:
        return int(chosen.run(chosen, Cache.chosen()))
    except (CannotStart, StepFailed, ValueError, DoorClosed, OSError) as problem:
        print(f"devcluster: {problem}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="devcluster", description="A real Kubernetes on this machine.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, run, summary in (
        ("prepare", _prepare, "fetch, install and build what a cluster needs, and start nothing"),
        ("up", _up, "start a cluster, or answer the one that runs"),
        ("down", _down, "end it and look for anything it left"),
        ("status", _status, "which clusters run here, and how they are"),
        ("expose", _expose, "a door on 127.0.0.1 to a Service: NAMESPACE/SERVICE:PORT"),
        ("leaks", _leaks, "look for anything of a cluster that is down"),
    ):
        command = commands.add_parser(name, help=summary, description=summary)
        command.set_defaults(run=run)
        command.add_argument("--name", default="dev", help="the cluster's name (default: dev)")
        if name in {"up", "prepare"}:
            command.add_argument("--light", action="store_true", help="only etcd and an API server; no root needed")
        if name == "up":
            node_help = "a node and its GPUs, for instance gpu-1=NVIDIA-L4:4; may stand several times"
            command.add_argument("--node", action="append", default=[], metavar="NAME[=PRODUCT:COUNT]", help=node_help)
        if name == "status":
            command.add_argument("-o", "--output", choices=("text", "json"), default="text")
        if name == "expose":
            command.add_argument("service", metavar="NAMESPACE/SERVICE:PORT")
    return parser


def _prepare(chosen: argparse.Namespace, cache: Cache) -> int:
    """Prepare the cluster's programs first: one message reports all that they lack, and tools lack no more."""
    print(f"ready: {prepare(cache, light=chosen.light)}")
    wanted = tools.LIGHT if chosen.light else tuple(tools.PACKAGES)
    lacking = preflight.light(machine.survey(), tools.missing(cache, wanted))
    if lacking:
        raise CannotStart(preflight.message(lacking))
    print(f"ready: {tools.ensure(cache, wanted)}")
    return 0


def _up(chosen: argparse.Namespace, cache: Cache) -> int:
    if chosen.light and chosen.node:
        raise ValueError("--light has no nodes: leave out --node, or --light")
    nodes = () if chosen.light else tuple(chosen.node) or ("gpu-1=NVIDIA-L4:4",)
    layout = up(plan.make(chosen.name, nodes), cache, owners.inherited(os.environ))
    print(status.how_to_use(layout, Embedded(layout)))
    return 0


def _down(chosen: argparse.Namespace, cache: Cache) -> int:
    layout = Layout.of(cache, chosen.name)
    there = layout.root.exists()
    left = teardown.down(layout)
    if left:
        print(f"devcluster: {chosen.name} is down, but this is left:", *left, sep="\n  ", file=sys.stderr)
        return 1
    print(f"{chosen.name} is down" if there else f"{chosen.name} was not up", status.NOTHING_LEFT, sep="; ")
    return 0


def _status(chosen: argparse.Namespace, cache: Cache) -> int:
    found = status.read_all(cache)
    print(json.dumps(found) if chosen.output == "json" else status.as_text(found, sys.stdout.isatty()))
    return 0


def _expose(chosen: argparse.Namespace, cache: Cache) -> int:
    namespace, slash, rest = chosen.service.partition("/")
    service, colon, port = rest.partition(":")
    if not (slash and colon and port.isdigit()):
        raise ValueError(
            f"{chosen.service!r}: a Service is written NAMESPACE/SERVICE:PORT, for instance default/web:80"
        )
    print(Embedded(Layout.of(cache, chosen.name)).expose(namespace, service, int(port)))
    return 0


def _leaks(chosen: argparse.Namespace, cache: Cache) -> int:
    left = teardown.leaks(Layout.of(cache, chosen.name))
    print(*left or (status.NOTHING_LEFT,), sep="\n")
    return 1 if left else 0


if __name__ == "__main__":
    raise SystemExit(main())
