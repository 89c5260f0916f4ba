"""`fairlead evaluator`: what the pods of an Evaluation run; the operator makes them."""

import argparse
import sys


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    tasks = parser.add_subparsers(dest="task", metavar="TASK", required=True)
    read = tasks.add_parser("read", help="print the items of a file or of a hub, packed, for the operator")
    read.add_argument("--file", metavar="PATH", help="a mounted file")
    read.add_argument("--hub", metavar="URL", help="a hub; its token is read from HF_TOKEN")
    read.add_argument("--repository", default="", metavar="NAME", help="of the hub: datasets/organisation/name")
    read.add_argument("--revision", default="main", metavar="NAME", help="of the repository (main)")
    read.add_argument("--path", default="", metavar="PATH", help="of the file in the repository")


def run(chosen: argparse.Namespace) -> int:
    """0 for success; 1 where the file cannot be read or handed over, with a sentence."""
    from fairlead.cli import evaluator_tasks
    from fairlead.evaluating.handed_lines import NotHandedOver
    from fairlead.evaluator.item_download import ItemsUnread

    try:
        evaluator_tasks.TASKS[chosen.task](chosen)
    except (ItemsUnread, NotHandedOver) as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0
