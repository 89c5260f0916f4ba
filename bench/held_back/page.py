"""docs/reference/held-back.md from the figures of one run, which are saved beside it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from bench.held_back import verdict
from bench.held_back.contest import COLD_S
from bench.held_back.verdict import Row
from house.tree import ROOT

PAGE: Final = ROOT / "docs" / "reference" / "held-back.md"
KEPT: Final = PAGE.with_suffix(".json")
HEAD: Final = """# Tuned on one part, judged on another

If you tune an autoscaler on last week's traffic, how will it do next week? Here Fairlead's policy and the autoscalers
that others ship are tuned on one part of a recorded trace and judged on a part that tuning did not see.
`python -m bench.held_back --write` makes this page; the same commit gives the same figures.

**{verdict}**

- **Tuned**: Fairlead by a search of its policy's fields, as `fairlead tune` does it; each of the others by its one
  knob, at its default and at every setting that Fairlead's own comparison tries. One rule chooses for all: the cheapest
  of those that meet the objectives for 96 % of the requests there, or else the one that meets them for most. Fairlead's
  search plays more settings than the others have; the table says how many.
- **Judged**: the share of requests kept within both objectives, also in the worst ten minutes, and GPU hours from the
  moment a replica is wanted. All start with the fixed fleet that the tuning part needs, see metrics that are a second
  old, wait {cold:.0f} s for a new replica, may have 40 replicas, and are served by Fairlead's router.
- **Front**: none of the other tuned autoscalers keeps as much for as little. One that keeps little for little money is
  on it too, so a win is to be on the front and to meet the objectives for 95 % of the requests.
- **Regret**: cost above the least that any fleet that meets the objectives can pay
  ([how it is calculated](../backtesting.md#regret-the-cost-above-the-lower-bound)).
- Everything is simulated, not run ([how accurately](step-times.md)). The parts of Azure and of Mooncake are halves of
  an hour and of seventeen minutes: every autoscaler can learn little from them.
- What we had seen beforehand: Fairlead's arithmetic was first tried on the judged halves of Azure and Mooncake, before
  its constants were set ([more](autoscaler-comparison.md#how-to-read-it)), and that comparison's reported parts were
  played again while its rules for bursts and for growing fleets were written. Nothing was changed after the runs of
  this page.
"""
COLUMNS: Final = ("", "tuned to", "plays", "kept when tuned", "kept", "worst 10 min", "GPU hours", "regret", "front")


def write(shown: Mapping[str, Any]) -> None:
    """Write the page and its figures."""
    KEPT.write_text(json.dumps(shown, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(text(shown), encoding="utf-8")


def kept() -> dict[str, Any]:
    """The figures of the committed page."""
    return dict(json.loads(KEPT.read_text(encoding="utf-8")))


def text(shown: Mapping[str, Any]) -> str:
    """The whole page."""
    contests = shown["contests"]
    lines = [HEAD.format(verdict=summary(shown), cold=COLD_S)]
    lines += [line for one in contests for line in _contest(one)]
    lines += [f"Not played: {one['name']}, {one['because']}.\n" for one in shown["left_out"]]
    return "\n".join(lines)


def summary(shown: Mapping[str, Any]) -> str:
    """The result in one sentence."""
    contests = shown["contests"]
    fronts = [one["name"] for one in contests if verdict.on_front(verdict.tuned(one)[0], one)]
    won = [one["name"] for one in contests if verdict.wins(one)]
    return (
        f"Fairlead, tuned, is on the front of {len(fronts)} of {len(contests)} traces ({_listed(fronts)}), and on "
        f"{len(won)} of them it keeps the objectives, too ({_listed(won)})."
    )


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "none"


def _contest(one: Mapping[str, Any]) -> Iterator[str]:
    yield f"## {one['name']}\n"
    yield f"{one['words']}. Tuned on {one['tuned_on']:,} requests, judged on {one['requests']:,}.\n"
    yield f"| {' | '.join(COLUMNS)} |"
    yield f"|{'---|' * len(COLUMNS)}"
    yield from (_row(row, one) for row in one["rows"])
    yield f"\nNo fleet that keeps the objectives pays less than {one['least']:.2f} GPU hours.\n"
    lost = [f"- {row['name']}, {loss.value}: {verdict.why(one, row)}." for loss, row in verdict.losses(one)]
    yield "\n".join(("Where Fairlead, tuned, loses:\n", *lost)) if lost else "Fairlead, tuned, loses to none of them."
    yield ""


def _row(row: Row, one: Mapping[str, Any]) -> str:
    held = row["held"]
    regret = f"{held['gpu_hours'] / one['least'] - 1:+.0%}" if verdict.keeps(row) else "-"
    front = "yes" if verdict.on_front(row, one) else "no"
    figures = f"{row['tuned']['kept']:.1%} | {held['kept']:.1%} | {held['worst']:.1%} | {held['gpu_hours']:.2f}"
    return f"| {row['name']} | {row['setting']} | {row['plays'] or '-'} | {figures} | {regret} | {front} |"
