"""`python -m campaign.page`: docs/campaign.md, whose list of findings is that of the kept stories."""

import json
import sys
from typing import Final

from campaign import story
from campaign.moves import DEEDS
from house.tree import ROOT

STORIES: Final = ROOT / "tests" / "campaign" / "stories"
RUNS: Final = ROOT / "campaign" / "runs.json"
"""The longest runs, copied from the last line that each printed with `-o json`, and what became of violations."""
PAGE: Final = ROOT / "docs" / "campaign.md"
HEAD: Final = """# The campaign

Written by `python -m campaign.page`; changes here are lost.

Testing by hand finds only what an afternoon is long enough for. The campaign needs no hands: it draws random sequences
of edits and faults, runs many of them in parallel on a real cluster, and an observer checks what the status says.

```sh
make campaign                                  # 300 sequences on the small cluster, a fresh seed, which is printed
make campaign WORLD=node SEQUENCES=30          # on real nodes, with clients that stream
make campaign SEED=7 SEQUENCES=5000            # the same sequences again
python -m campaign --stories tests/campaign/stories/*.json    # kept stories only
```

It ends with a table, and with exit code 0 if nothing was found. A few fixed sequences are part of `make test`.

| world | what is real | what is simulated |
|---|---|---|
| `small` | API server, controllers, scheduler, the operator's process | nodes and pods (kwok), pages they serve |
| `node` | Kubernetes, routers, the operator by Helm, the official client | GPUs, and what engines compute |

## What happens

| move | actions |
|---|---|
"""
MIDDLE: Final = """
Moves of the API server and of the operator affect all sequences on a cluster at once, so they come only now and then.
The next move follows at once, after a second, or once nothing changes any more and the status was checked. At the end,
faults are undone and the spec is corrected.

## What must hold

- **No lie.** `campaign/observer` counts raw pods, nodes and Deployments, reads the routers' pages, and works out what
  each condition and count must say. It shares no code with the controller. A difference is a lie once nothing has
  changed for 20 s (75 s where only routers can know).
- **No bad sentence.** A message names no pod that does not exist, counts no more than there are, and is grammatical.
- **No lost request.** A request fails only if its engine or router was killed, or nothing was serving; a stream never
  ends early without an error.
- **The end is that of a fresh apply**: every child is the same except for names, times and facts of the past; at rest
  nothing is written.
- **Nothing else is touched**: a pod that is not Fairlead's keeps its GPU, no pod is left without an owner, and nothing
  is left after a deletion.

A sequence that fails is run again on its own and shortened, move by move, as long as it still fails. The result is
printed as JSON and as a test; it is kept in `tests/campaign/stories`, where `make test` runs it again.

## What it found

"""


def page() -> str:
    """The whole page."""
    rows = [f"| {kind.__name__.lower()} | {', '.join(one.value for one in deeds)} |" for kind, deeds in DEEDS.items()]
    return HEAD + "\n".join(rows) + "\n" + MIDDLE + "\n".join([*_found(), "", "## What was run", "", *_runs()]) + "\n"


def _runs() -> list[str]:
    lines = ["| day | world | sequences | moves | judged at rest | violations | seed | minutes |", "|" + "---|" * 8]
    for run in json.loads(RUNS.read_text(encoding="utf-8")):
        violations = f"{run['violations']}{run['became']}"
        figures = (f"{run[name]:,}" if run[name] else "not counted" for name in ("sequences", "moves", "judged"))
        cells = (run["day"], run["world"], *figures, violations, str(run["seed"]), f"{run['seconds'] / 60:.0f}")
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _found() -> list[str]:
    lines = ["| story | what was wrong | what happens in it |", "|---|---|---|"]
    for path in sorted(STORIES.glob("*.json")):
        kept = json.loads(path.read_text(encoding="utf-8"))
        lines.append(f"| {path.stem} | {kept['found']} | {'; '.join(story.from_json(kept).lines)} |")
    return lines


def main() -> int:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
