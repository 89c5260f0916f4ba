"""Skips lanes without a node that passed on exactly the same files, here or in another clone.

An API server is built from a source whose hash is in one of our files. Tests on a node always run, since they depend on
the machine's kernel.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Final

from house import lane_folders, pure, reach
from house.lane import Lane
from house.pure import Held

FOLDER: Final = ".build/lanes"
RUN_BY_NAME: Final = {lane_folders.COMPILED: lane_folders.RUN_COMPILED}
"""Folders of tests that a test starts without importing them."""


def facts(root: Path, lane: Lane, examples: int) -> Held:
    """All that its tests could notice: they start our programs, and the house's tests read documents too."""
    started = (folder for one in lane.folders for folder in RUN_BY_NAME.get(one, ()))
    key = reach.key(root, (*pure.PROGRAMS, *lane.folders, *started), prose=True)
    return Held(key=key, examples=examples)


def holds(root: Path, lane: Lane, now: Held) -> bool:
    """Whether it passed on these files."""
    before = pure.read(_place(root, lane)).get(lane.name)
    return before is not None and before.covers(now)


def remember(root: Path, lane: Lane, now: Held) -> None:
    """Record that it passed on the files as they were at its start."""
    place = _place(root, lane)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps({lane.name: asdict(now)}), encoding="utf-8")


def _place(root: Path, lane: Lane) -> Path:
    """One file per lane, so that concurrent runs lose nothing."""
    return root / FOLDER / f"{lane.name}.json"
