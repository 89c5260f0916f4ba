"""docs/reference/step-times.md and its plots: the errors of step times on every published run, by one command.

`python -m house.step_times_page` measures and writes; a test compares the page with the packaged sets.
"""

import sys
from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from bench import step_times
from bench.step_times import CUTS, Judged
from fitting import repeatability, set_file
from fitting.holdouts import ErrorFigures, HoldoutKind
from house import scatter
from house.scatter import Panel
from house.tree import ROOT
from prove.claimed.api import traces

PAGE: Final = "docs/reference/step-times.md"
PLOTS: Final[Mapping[str, str]] = {
    "token": "docs/reference/step-times-tpot.svg",
    "first_token": "docs/reference/step-times-ttft.svg",
}
TITLES: Final[Mapping[HoldoutKind, str]] = {
    HoldoutKind.FITTED: "model, GPU and parallelism fitted, this load not",
    HoldoutKind.PLANNED: "the same, as a plan knows it: nothing of the engine's version, the day, the lengths",
    HoldoutKind.MODEL_OUT: "the whole model left out",
    HoldoutKind.SYSTEM_OUT: "the whole GPU left out",
    HoldoutKind.ROOFLINE: "roofline alone, no fit",
    HoldoutKind.IN_SAMPLE: "in sample: the row itself was fitted",
}

DRAWN: Final = (HoldoutKind.FITTED, HoldoutKind.MODEL_OUT, HoldoutKind.SYSTEM_OUT, HoldoutKind.ROOFLINE)

_HEAD: Final = """\
# How accurate step times are

Written by `python -m house.step_times_page`; changes here are lost. `python -m bench.step_times` computes the same
figures, as a check that fails when they grow.

`simulator.timing` predicts how long an engine's step takes from what it must read, compute and move, with a few
coefficients of the hardware and the engine. Below, it is compared with {rows:,} published runs at fixed concurrency
({source}, Apache-2.0), {runs:,} of them different
measurements, since listings repeat each other. No row is left out{left_out}.

| what the coefficients had seen | rows | TPOT median | 9 of 10 within | bias | TTFT median | 9 of 10 within | bias |
|---|---|---|---|---|---|---|---|
"""

_TEXT: Final = """

Errors are absolute, |predicted / measured - 1|; bias is the median of the signed error.
Repeats of one configuration, on several days or with several versions, differ from the median of the others by
{token:.1%} (TPOT) and {first:.1%} (TTFT) at the median of {repeats} measurements, and by {token_tenth:.0%} and \
{first_tenth:.0%} for one in ten:
no model that knows only the configuration can do better there.

![Seconds between tokens](step-times-tpot.svg)

![Seconds to the first token](step-times-ttft.svg)

## How to read it

- **Where fitted.** Five folds: all rows of a load (model, GPU, engine, lengths, concurrency) are in one fold, so a
  repeat of a row on another day, or in another listing, never helps to predict it.
- **As a plan knows it.** The same folds, without the corrections for versions, days and lengths: this is the accuracy
  of a plan for a measured model on a measured GPU, and the error that the packaged sets state.
- **Left out.** Every checkpoint of the architecture (DeepSeek R1, V3 and V3.1 are one), or every run on the GPU, was
  missing when all coefficients were fitted. Corrections of groups do not carry over, so only physics is left.
- **Roofline.** The data sheet's rates times assumed shares. This is the accuracy of an uncalibrated plan. The shares
  were set before we looked at these runs; 10 µs for each expert, latent or recurrent layer were added afterwards.
- **Choices.** Which coefficients there are, how runs are grouped and how strongly factors are shrunk was decided with
  all rows in view; the value of no coefficient was.
- **TTFT** at fixed concurrency includes waiting behind other clients' prompts, which start together and stay partly in
  step; the closed form models that by a single share for each engine. A simulation of the same load does not need it.
- **Closed form.** Rows are compared without simulating them; `tests/simulator/timing/test_closed_loop.py` checks that
  TPOT is within 4 % of what the simulated scheduler shows with the same step times.

## What is fitted

{coefficients} coefficients of the hardware and of {engines} engines: the share of bandwidth reached by weights,
experts and cache; the share of arithmetic by matrices and by attention; and the extra seconds of a step, a layer, a
sum over GPUs and an exchange between experts. On top, for each group of runs (model, GPU, engine, precision) and within
it for each parallelism, there are five factors, shrunk towards 1 where little was measured; within these, more for
lengths and for the engine's version and day, which the packaged sets leave out.

Chosen by looking at all rows, held-out ones too: which coefficients there are, the levels of groups, how strongly they
are shrunk, and how descriptions are completed. The value of no coefficient was.

| coefficient | {names} |
|---|{rule}|
"""

_LIMITS: Final = """
## What the rows do not say

- **Lengths.** InferenceX draws them evenly from 80 to 100 % of the nominal ones, so means are 0.9 of `isl` and `osl`
  in its listings.
- **Layout.** Two listings multiply tensor and expert parallelism that split the same GPUs; that is undone. Runs with
  separate workers mostly do not say how many there were: the number is taken from the listing of the same measurement
  that has it, else from the most similar run, else it is one of each kind ("layout" below). Measured times serve only
  to recognize that two rows are one measurement.
- **Drafting.** No column says whether speculative decoding was on. The dump of the run database leaves such runs out,
  so a DeepSeek-R1 row that is not in it, of a day that is or of 2026, is taken to be drafted (2 tokens a step). We made
  that rule after seeing that such rows are faster than the others.
- **Not explained.** Llama-3.1-8B-Instruct-FP8 on H200 (21 rows) shows first tokens sooner than its prompts could all
  be read, so most were probably cached; DeepSeek-R1-NVFP4 under Dynamo (6 rows) takes 85 to 92 ms a token at any batch.
  They are included in the figures.
"""


def page(judged: Judged) -> str:
    """Build the whole page."""
    repeats = repeatability.repeat_errors(judged.columns)
    head = _HEAD.format(
        rows=len(judged.sample.listed) + len(judged.sample.left_out),
        runs=len(judged.sample.runs),
        source=step_times.SOURCE,
        left_out="" if not judged.sample.left_out else f" but {len(judged.sample.left_out)}, named at the end",
    )
    rows = [_row(answer, *judged.errors(kind)) for kind, answer in TITLES.items()]
    text = _TEXT.format(
        token=repeats.token.median,
        first=repeats.first.median,
        token_tenth=repeats.token.tenth,
        first_tenth=repeats.first.tenth,
        repeats=repeats.token.rows,
        **_coefficient_words(judged),
    )
    lines = [head + "\n".join(rows) + text + "\n".join(_coefficients(judged)), _LIMITS, *_cuts(judged)]
    lines += [f"- {reason}" for reason in judged.sample.left_out]
    return "\n".join(lines).rstrip() + "\n"


def plots(judged: Judged) -> dict[str, str]:
    """Draw each plot, by path."""
    return {
        PLOTS["token"]: scatter.drawing([_panel(judged, kind, first=False) for kind in DRAWN], "ms a token"),
        PLOTS["first_token"]: scatter.drawing([_panel(judged, kind, first=True) for kind in DRAWN], "ms to the first"),
    }


def _panel(judged: Judged, kind: HoldoutKind, *, first: bool) -> Panel:
    found, columns = judged.found[kind], judged.columns
    predicted, measured = (found.first, columns.first) if first else (found.token, columns.token)
    points: dict[str, list[tuple[float, float]]] = {"prompts and replies together": [], "separate workers": []}
    together, apart = points.values()
    for run, one, other in zip(columns.runs, np.exp(measured) * 1e3, np.exp(predicted) * 1e3, strict=True):
        (together if run.measured.row.mode == "agg" else apart).append((float(one), float(other)))
    return Panel(TITLES[kind], points)


def _row(name: str, first: ErrorFigures, token: ErrorFigures) -> str:
    figures = " | ".join(f"{one.median:.1%} | {one.tenth:.0%} | {one.bias:+.0%}" for one in (token, first))
    return f"| {name} | {token.rows:,} | {figures} |"


def _coefficient_words(judged: Judged) -> dict[str, object]:
    engines = list(judged.physics.behaviours)
    return {
        "coefficients": judged.coefficients,
        "engines": len(engines),
        "names": " | ".join(engines),
        "rule": "---|" * (len(engines) - 1) + "---",
    }


def _coefficients(judged: Judged) -> Iterator[str]:
    engines = set_file.physics_entry(judged.physics)["engines"].values()
    for part in ("efficiency", "front"):
        for name in next(iter(engines))[part]:
            values = " | ".join(_figure(name, one[part][name]) for one in engines)
            yield f"| `{name}` | {values} |"
    yield f"| tokens kept by a drafted step | {' | '.join(f'{judged.physics.gain:.2f}' for _ in engines)} |"


def _figure(name: str, value: float) -> str:
    if not name.endswith("_s"):
        return f"{value:.3f}"
    return f"{value * 1e3:.2f} ms" if value >= 1e-3 else f"{value * 1e6:.1f} µs"


def _cuts(judged: Judged) -> Iterator[str]:
    for kind in step_times.KINDS_OF_CUTS:
        yield f"## By part: {TITLES[kind]}\n"
        for name, cut in CUTS.items():
            yield f"| {name} | rows | TPOT median | 9 of 10 within | bias | TTFT median | 9 of 10 within | bias |"
            yield "|---|---|---|---|---|---|---|---|"
            for part, errors in step_times.cut_errors(judged, kind, cut).items():
                yield _row(part, *errors)
            yield ""


def main() -> int:
    """Measure and write."""
    step_times.in_one_thread("house.step_times_page")
    path = step_times.measured()
    if path is None:
        print(f"{traces() / step_times.MEASURED} is not there: the page stays as it is", file=sys.stderr)
        return 2
    judged = step_times.judge(path)
    for name, text in {PAGE: page(judged), **plots(judged)}.items():
        (ROOT / name).write_text(text, encoding="utf-8")
        print(f"wrote {name}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
