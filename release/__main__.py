"""`python -m release version VERSION` prepares a release; `python -m release artifacts` builds one."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from devcluster import progress
from devcluster.cache import Cache
from house.tree import ROOT
from release import artifacts, proposal
from release.artifacts import Artifacts
from release.tree import ReleaseRefused, SourceTree

FOLDER: Final = "dist"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 if it is done, 1 if it was refused or a program failed."""
    parser = argparse.ArgumentParser(prog="python -m release", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("version", help="write version, changelog and generated files").add_argument("version")
    commands.add_parser("artifacts", help=f"build image, chart and bill of materials into {FOLDER}/")
    chosen = parser.parse_args(argv)
    tree = SourceTree(ROOT)
    try:
        if chosen.command == "version":
            version = proposal.propose(tree, chosen.version)
            proposal.generate(tree)
            print(proposal.next_steps(version))
        else:
            print(_table(artifacts.make(tree, Cache.chosen(), ROOT / FOLDER)))
    except (ReleaseRefused, progress.StepFailed) as problem:
        print(f"release: {problem}", file=sys.stderr)
        return 1
    return 0


def _table(made: Artifacts) -> str:
    width = max(len(one.path.name) for one in made.files)
    rows = (f"  {one.path.name:<{width}}  {_size(one.path):>9}  sha256:{one.sha256}" for one in made.files)
    return "\n".join([f"\nIn {FOLDER}/:", *rows, f"\nThe image's digest, for `image.digest`: {made.image_digest}"])


def _size(path: Path) -> str:
    return f"{path.stat().st_size / 1e6:,.2f} MB"


if __name__ == "__main__":
    sys.exit(main())
