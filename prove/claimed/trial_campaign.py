"""The campaign's claims: an observer of pods and pages confirms every condition, and random sequences find nothing."""

from typing import Any, Final

from prove.claims import Claim, Figure
from prove.kept_campaigns import added_up

FAULTS: Final = 200
SMALL: Final = 5000
NODE: Final = 150
"""Together they have some 300 faults: two or three each, not counting edits; one run of half an hour serves both
claims."""


def the_observer_agrees() -> Figure:
    """Sequences on real nodes until enough faults happened; each condition is checked whenever nothing changes."""
    found = added_up("node", NODE)
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
    small, node = added_up("small", SMALL), added_up("node", NODE)
    enough = (small.get("sequences", 0), node.get("sequences", 0)) == (SMALL, NODE)
    worst = [*small.get("failures", ()), *node.get("failures", ())]
    return Figure(holds=enough and not worst, text=f"{_words(small)}; {_words(node)}{_named(worst)}")


def _words(found: dict[str, Any]) -> str:
    if not found:
        return "a campaign broke off"
    text = f", {found['requests']:,} requests" if found["requests"] else ""
    return (
        f"{found['world']}: {found['sequences']:,} sequences, {found['moves']:,} moves{text}, {found['violations']} "
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
