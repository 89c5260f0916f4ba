"""Long campaigns, run in parts: parts that the same operator has passed are not run again."""

import hashlib
import json
import secrets
import sys
from collections.abc import Iterable
from typing import Any, Final

from house.tree import ROOT
from prove import programs

PART: Final = {"small": 500, "node": 150}
"""Sequences per saved part: an interrupted part is lost."""
FOLDER: Final = ROOT / ".build"
JUDGED: Final = ("operator", "campaign")
"""Changes of anything else affect neither the sequences nor the verdicts."""
OF_ONE_WORLD: Final = {
    "small": frozenset({"campaign/small.py", "campaign/small_kubelet.py", "campaign/small_nodes.py"}),
    "node": frozenset({"campaign/node.py", "campaign/breaking.py"}),
}
"""Files of one environment: the other one runs without them."""
SUMS: Final = ("sequences", "moves", "faults", "judged", "requests", "violations", "seconds")


def added_up(world: str, sequences: int) -> dict[str, Any]:
    """Run sequences of one seed and add them up; fewer if a part finds something, empty if one breaks off."""
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
    """Run one part and parse its last line; empty if it broke off."""
    print(f"{world}: sequences {first} to {first + sequences - 1} of seed {seed}", file=sys.stderr, flush=True)
    words = ("--world", world, "--seed", str(seed), "--first", str(first), "--sequences", str(sequences))
    lines = [line for line in programs.module("campaign", *words, "-o", "json").output.splitlines() if line[:1] == "{"]
    return dict(json.loads(lines[-1])) if lines else {}


def _tree(world: str) -> str:
    """A digest of operator and campaign for this environment; empty if they have uncommitted changes."""
    if programs.run("git", "status", "--porcelain", "--", *JUDGED).output.strip():
        return ""
    foreign = frozenset().union(*(files for name, files in OF_ONE_WORLD.items() if name != world))
    own = [f"{content}\t{path}" for content, path in programs.files(*JUDGED) if path not in foreign]
    return hashlib.sha256("\n".join(own).encode()).hexdigest()


def _sum(parts: Iterable[dict[str, Any]], name: str) -> int:
    return int(sum(part.get(name, 0) for part in parts))


def _found(parts: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for part in parts for one in part.get("failures", ())]
