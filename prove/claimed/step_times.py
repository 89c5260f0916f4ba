"""The simulator's claims about step times: errors on fitted data, on held-out data, and without any fit."""

import json
from typing import Any, Final

from prove import programs
from prove.claims import Claim, Figure

WHERE_FITTED, LEFT_OUT = 0.08, 0.20
HELD_OUT: Final = ("fitted", "modelOut", "systemOut")


def fitted_and_left_out() -> Figure:
    """Five folds by load, then every model and every GPU left out completely: nothing was fitted on what judges it."""
    figures = _figures()
    medians = figures["medians"]
    fitted, model, system = (medians[kind]["token"] for kind in HELD_OUT)
    holds = fitted <= WHERE_FITTED and max(model, system) <= LEFT_OUT
    first = ", ".join(f"{medians[kind]['first_token']:.1%}" for kind in HELD_OUT)
    return Figure(
        holds=holds,
        text=f"{figures['rows']} rows, {figures['left_out']} not predicted; median error of TPOT {fitted:.1%} where "
        f"fitted (of loads the fit did not see; {medians['planned']['token']:.1%} without what a plan cannot know, "
        f"{medians['inSample']['token']:.1%} of those it saw), {model:.1%} "
        f"with the model left out, {system:.1%} with the GPU left out; of TTFT {first}",
    )


def roofline_alone() -> Figure:
    """Without the packaged sets: assumed shares of the data sheet's rates on every row."""
    figures = _figures()
    wrong = figures["medians"]["roofline"]
    ended = programs.pytest("tests/simulator/timing")
    return Figure(
        holds=not figures["left_out"] and ended.ok and ended.tests.all_passed,
        text=f"{figures['rows']} rows, {figures['left_out']} not predicted; median error of TPOT {wrong['token']:.1%}, "
        f"of TTFT {wrong['first_token']:.1%}, as docs/reference/step-times.md says: {ended.tests}",
    )


def _figures() -> dict[str, Any]:
    ended = programs.module("bench.step_times", "--figures")
    line = next((line for line in ended.output.splitlines() if line.startswith("{")), None)
    if line is None:
        raise RuntimeError(f"{ended.command} ended with {ended.code} and without its figures")
    found: dict[str, Any] = json.loads(line)
    return found


CLAIMS: Final = (
    Claim(
        item="engine.2",
        title="Step times against published silicon runs: median error of TPOT at most 8 % where model, GPU and "
        "parallelism were fitted, at most 20 % with the whole model or the whole GPU left out; TTFT beside it",
        prove=fitted_and_left_out,
    ),
    Claim(
        item="engine.3",
        title="Roofline alone, without any fit, predicts every one of those rows, and its median error is published",
        prove=roofline_alone,
    ),
)
