"""Lanes without a node that held on the very same files: they are not run again, here or in a new clone.

An API server is built from a source whose hash is one of our files. A node's stories are told every time, since the
kernel under them is not.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Final

from house import pure, reach
from house.lane import Lane
from house.pure import Held

FOLDER: Final = ".build/lanes"


def facts(root: Path, lane: Lane, examples: int) -> Held:
    """All that its stories could notice: they start our programs, and those of the house read documents too."""
    key = reach.key(root, (*pure.PROGRAMS, *lane.folders), prose=True)
    return Held(key=key, examples=examples)


def holds(root: Path, lane: Lane, now: Held) -> bool:
    """Whether it passed on these files."""
    before = pure.read(_place(root, lane)).get(lane.name)
    return before is not None and before.covers(now)


def remember(root: Path, lane: Lane, now: Held) -> None:
    """It passed on the files as they were when it began."""
    place = _place(root, lane)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps({lane.name: asdict(now)}), encoding="utf-8")


def _place(root: Path, lane: Lane) -> Path:
    """A file each, so that two runs at once lose nothing."""
    return root / FOLDER / f"{lane.name}.json"
