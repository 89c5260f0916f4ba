"""`fairlead evaluator`: what runs in the pods of an Evaluation; the operator creates them."""

import argparse
import sys
from typing import TYPE_CHECKING

from fairlead.cli import exit_codes, file_errors, options

if TYPE_CHECKING:  # imported only inside the command, so that other commands start at once
    from fairlead.fleet.desired_state import EngineKind


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    tasks = parser.add_subparsers(dest="task", metavar="TASK", required=True)
    read = tasks.add_parser("read", help="print the items of a file or of a hub, packed, for the operator")
    copy = tasks.add_parser("copy", help="write the items for a runner, each with its id")
    for one in (read, copy):
        source = one.add_mutually_exclusive_group(required=True)
        source.add_argument("--file", type=options.file_name, metavar="PATH", help="a mounted file")
        source.add_argument("--hub", metavar="URL", help="a hub; its token is read from HF_TOKEN")
        one.add_argument("--repository", default="", metavar="NAME", help="of the hub: datasets/organisation/name")
        one.add_argument("--revision", default="main", metavar="NAME", help="of the repository (main)")
        one.add_argument("--path", default="", metavar="PATH", help="of the file in the repository")
    read.add_argument("--beside", action="store_true", help="print a digest of the files beside it too")
    copy.add_argument("--to", required=True, metavar="PATH", help="where they are written")
    copy.add_argument("--digest", default="", metavar="HEX", help="of the file that is expected")
    copy.add_argument("--limit", type=int, metavar="N", help="only so many, in the order of a run")
    relay = tasks.add_parser("relay", help="pass a runner's requests on to the pods of one revision")
    relay.add_argument("--addresses", required=True, metavar="FILE", help="where the pods' addresses are written")
    relay.add_argument("--kind", required=True, type=engine_kind, metavar="KIND", help="of the engines")
    relay.add_argument("--concurrency", type=int, default=4, metavar="N", help="requests at a time (4)")
    relay.add_argument("--port", type=options.port, default=8080, metavar="PORT", help="on the loopback (8080)")


def run(chosen: argparse.Namespace) -> int:
    """Return 0 for success; 1, with a message, if the file cannot be read or handed over."""
    from fairlead.cli import evaluator_tasks
    from fairlead.evaluating.handed_lines import NotHandedOver
    from fairlead.evaluator.item_download import ItemsUnread

    try:
        evaluator_tasks.TASKS[chosen.task](chosen)
    except (ItemsUnread, NotHandedOver) as problem:
        print(problem, file=sys.stderr)
        return 1
    except OSError as problem:
        if exit_codes.is_of_output(problem):
            raise  # no argument is to blame for it, and all commands end so with one code
        print(file_errors.sentence(problem), file=sys.stderr)
        return 1
    return 0


def engine_kind(text: str) -> "EngineKind":
    """Parse a kind of engine."""
    from fairlead.fleet.desired_state import EngineKind

    try:
        return EngineKind(text)
    except ValueError:
        kinds = ", ".join(EngineKind)
        raise argparse.ArgumentTypeError(f"{text[:40]!a}: no kind of engine; write one of {kinds}") from None
