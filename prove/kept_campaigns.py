"""Campaigns too long for one sitting, told part by part: what the same operator went through is not told again."""

import hashlib
import json
import secrets
import sys
from collections.abc import Iterable
from typing import Any, Final

from house.tree import ROOT
from prove import programs

PART: Final = {"small": 500, "node": 150}
"""Sequences between two looks at the clock: a part that is interrupted is lost."""
FOLDER: Final = ROOT / ".build"
JUDGED: Final = ("operator", "campaign")
"""A change of anything else changes neither what is told nor what is judged."""
OF_ONE_WORLD: Final = {
    "small": frozenset({"campaign/small.py", "campaign/small_kubelet.py", "campaign/small_nodes.py"}),
    "node": frozenset({"campaign/node.py", "campaign/breaking.py"}),
}
"""Files that make one world: the other is told and judged without them."""
SUMS: Final = ("sequences", "moves", "faults", "judged", "requests", "violations", "seconds")


def added_up(world: str, sequences: int) -> dict[str, Any]:
    """So many sequences of one seed, added up; less where a part found something or broke off."""
    tree = _tree(world)
    path = FOLDER / f"campaign-{world}.json"
    kept = json.loads(path.read_text(encoding="utf-8")) if tree and path.is_file() else {}
    if kept.get("tree") != tree:
        kept = {"tree": tree, "seed": secrets.randbelow(1_000_000), "parts": []}
    while not _found(kept["parts"]) and (done := _sum(kept["parts"], "sequences")) < sequences:
        part = _part(world, kept["seed"], done, min(PART[world], sequences - done))
        if not part:
            return {}
        kept["parts"].append(part)
        if tree:
            FOLDER.mkdir(exist_ok=True)
            path.write_text(json.dumps(kept), encoding="utf-8")
    sums = {name: _sum(kept["parts"], name) for name in SUMS}
    return sums | {"world": world, "seed": kept["seed"], "failures": _found(kept["parts"])}


def _part(world: str, seed: int, first: int, sequences: int) -> dict[str, Any]:
    """What it says on its last line; nothing where it broke off."""
    print(f"{world}: sequences {first} to {first + sequences - 1} of seed {seed}", file=sys.stderr, flush=True)
    words = ("--world", world, "--seed", str(seed), "--first", str(first), "--sequences", str(sequences))
    lines = [line for line in programs.module("campaign", *words, "-o", "json").output.splitlines() if line[:1] == "{"]
    return dict(json.loads(lines[-1])) if lines else {}


def _tree(world: str) -> str:
    """Which operator and which campaign in this world, where nothing of them is changed."""
    if programs.run("git", "status", "--porcelain", "--", *JUDGED).output.strip():
        return ""
    foreign = frozenset().union(*(files for name, files in OF_ONE_WORLD.items() if name != world))
    own = [f"{content}\t{path}" for content, path in programs.files(*JUDGED) if path not in foreign]
    return hashlib.sha256("\n".join(own).encode()).hexdigest()


def _sum(parts: Iterable[dict[str, Any]], name: str) -> int:
    return int(sum(part.get(name, 0) for part in parts))


def _found(parts: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for part in parts for one in part.get("failures", ())]
