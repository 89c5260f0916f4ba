"""The hunt's claims: an observer of pods and pages agrees with every condition, and random sequences find nothing."""

import json
from typing import Any, Final

from house.tree import ROOT
from prove import programs
from prove.claims import Claim, Figure

FAULTS: Final = 200
SMALL: Final = 5000
NODE: Final = 150
"""They hold some 300 faults together: two or three each, edits apart."""
KEPT: Final = ROOT / ".build" / "campaign-node.json"
"""One run on real nodes takes half an hour and serves both claims, as long as the tree is the same."""


def the_observer_agrees() -> Figure:
    """Sequences on real nodes until so many faults happened; each condition is judged whenever nothing moves."""
    found = _on_nodes()
    lies = [one for one in found.get("failures", ()) if str(one["oracle"]).startswith("lie")]
    faults = int(found.get("faults", 0))
    return Figure(
        holds=bool(found) and faults >= FAULTS and not lies,
        text=f"{faults} faults in {found.get('sequences', 0)} sequences on real nodes, status judged "
        f"{found.get('judged', 0):,} times at rest; lies: {len(lies)}{_named(lies)}; seed {found.get('seed')}, "
        f"{found.get('seconds', 0):.0f} s",
    )


def nothing_is_found() -> Figure:
    """The small cluster by the thousand, real nodes by the hundred."""
    small = _campaign("--world", "small", "--sequences", str(SMALL))
    node = _on_nodes()
    enough = (small.get("sequences", 0), node.get("sequences", 0)) == (SMALL, NODE)
    worst = [*small.get("failures", ()), *node.get("failures", ())]
    return Figure(holds=enough and not worst, text=f"{_told(small)}; {_told(node)}{_named(worst)}")


def _on_nodes() -> dict[str, Any]:
    tree = programs.run("git", "rev-parse", "HEAD:").output.strip()
    changed = programs.run("git", "status", "--porcelain", "--", ":!docs").output.strip()
    if KEPT.exists() and not changed:
        kept = json.loads(KEPT.read_text())
        if kept["tree"] == tree:
            return dict(kept["found"])
    found = _campaign("--world", "node", "--sequences", str(NODE))
    if found and not changed:
        KEPT.parent.mkdir(exist_ok=True)
        KEPT.write_text(json.dumps({"tree": tree, "found": found}))
    return found


def _campaign(*words: str) -> dict[str, Any]:
    """What it says on its last line; nothing where it broke off."""
    ran = programs.module("campaign", *words, "-o", "json")
    lines = [line for line in ran.output.splitlines() if line.startswith("{")]
    return dict(json.loads(lines[-1])) if lines else {}


def _told(found: dict[str, Any]) -> str:
    if not found:
        return "a campaign broke off"
    asked = f", {found['requests']:,} requests" if found["requests"] else ""
    return (
        f"{found['world']}: {found['sequences']:,} sequences, {found['moves']:,} moves{asked}, {found['violations']} "
        f"violations in {found['seconds'] / 60:.0f} min (seed {found['seed']})"
    )


def _named(failures: list[dict[str, Any]]) -> str:
    return "".join(f"; {one['oracle']}: {one['times']} times" for one in failures)


CLAIMS: Final = (
    Claim(
        item="trial.2",
        title="Over 200 random faults on real nodes an observer that knows only pods, nodes and routers' pages agrees "
        "with every condition: 0 lies",
        prove=the_observer_agrees,
        slow=True,
    ),
    Claim(
        item="trial.3",
        title="5,000 random sequences of edits and faults on the small cluster and 150 on real nodes under streams "
        "violate nothing: no lost request, no lie, the end as from a fresh apply, strangers' GPUs untouched, nothing "
        "left behind",
        prove=nothing_is_found,
        slow=True,
    ),
)
