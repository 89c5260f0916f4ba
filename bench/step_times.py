"""How wrong step times are on published runs: the table, the packaged sets, and a failure when errors grow.

`python -m bench.step_times` prints and compares with `bench/step_times_budget.json`; `--write` also writes the sets;
`--packaged` evaluates the packaged sets on whatever measurements FAIRLEAD_TRACES holds.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fairlead.cluster import package_data
from fairlead.simulator.timing import fitted_sets
from fairlead.simulator.timing.physics import Physics
from fitting import benchmark_runs, coefficient_fit, holdouts, set_builder, set_file, silicon_rows
from fitting.benchmark_runs import BenchmarkRuns
from fitting.columns import BenchmarkRun, RunColumns
from fitting.holdouts import ErrorFigures, HoldoutKind, RunPredictions
from house.tree import ROOT
from prove.claimed.api import TRACES, traces

MEASURED: Final = "aiconfigurator-silicon.csv.gz"
THREADS: Final = "OPENBLAS_NUM_THREADS"
SOURCE: Final = silicon_rows.SOURCE
HEAD: Final = "{:<44} {:>5}  {:>11} {:>6} {:>6}  {:>11} {:>6} {:>6}".format(
    *("", "rows"), *("TPOT median", "p90", "bias"), *("TTFT median", "p90", "bias")
)
BUDGET: Final = ROOT / "bench" / "step_times_budget.json"
SETS: Final = ROOT / "operator" / "fairlead" / "simulator" / "data" / fitted_sets.FILE
KINDS_OF_CUTS: Final = (HoldoutKind.FITTED, HoldoutKind.MODEL_OUT, HoldoutKind.SYSTEM_OUT)


@dataclass(frozen=True, slots=True)
class Judged:
    """Predictions of every run in every way."""

    sample: BenchmarkRuns
    columns: RunColumns
    found: Mapping[HoldoutKind, RunPredictions]
    physics: Physics
    """The fit over all runs."""

    @property
    def coefficients(self) -> int:
        """How many numbers the fit of the physics chose."""
        shared = sum(not one.by_engine for one in coefficient_fit.COEFFICIENTS.values())
        return shared + (len(coefficient_fit.COEFFICIENTS) - shared) * len(self.columns.engines)

    def errors(
        self, kind: HoldoutKind, keep: Callable[[BenchmarkRun], bool] = lambda _: True
    ) -> tuple[ErrorFigures, ErrorFigures]:
        """Errors of first tokens and of tokens, over all listed rows whose run is kept."""
        rows = [place for place in self.sample.listed if keep(self.sample.runs[place])]
        return holdouts.errors(self.columns, self.found[kind], rows)


CUTS: Final[Mapping[str, Callable[[BenchmarkRun], str]]] = {
    "engine": lambda run: f"{run.measured.row.backend} {run.measured.row.mode}",
    "GPU": lambda run: run.writers.accelerator.product,
    "model": lambda run: run.writers.shape.name,
    "layout": lambda run: run.measured.found,
    "drafting": lambda run: run.measured.drafting,
}
"""The columns that the table is cut by."""


def judge(path: Path, kinds: Sequence[HoldoutKind] = tuple(HoldoutKind)) -> Judged:
    """Read the runs and predict them."""
    sample = benchmark_runs.read(package_data.read_text(path), package_data.load_catalogue())
    columns = RunColumns(sample.runs)
    found = {kind: holdouts.predictions(columns, kind) for kind in kinds}
    return Judged(sample, columns, found, coefficient_fit.fit_all(columns))


def measured() -> Path | None:
    """The file of published runs, if present."""
    path = traces() / MEASURED
    return path if path.exists() else None


def table(judged: Judged) -> list[str]:
    """Lines for people: all rows by kind, then cuts of the kinds that matter."""
    lines = [HEAD]
    lines += [_line(kind, *judged.errors(kind)) for kind in judged.found]
    for kind in KINDS_OF_CUTS:
        for name, cut in CUTS.items():
            lines.append(f"{kind}, by {name}")
            lines += [_line(f"  {part}", *errors) for part, errors in cut_errors(judged, kind, cut).items()]
    lines += [f"not predicted: {reason}" for reason in judged.sample.left_out]
    return lines


def cut_errors(
    judged: Judged, kind: HoldoutKind, cut: Callable[[BenchmarkRun], str]
) -> dict[str, tuple[ErrorFigures, ErrorFigures]]:
    """Errors by part, in the parts' order."""
    found = {}
    for part in sorted({str(cut(run)) for run in judged.sample.runs}):

        def keep(run: BenchmarkRun, part: str = part) -> bool:
            return str(cut(run)) == part

        found[part] = judged.errors(kind, keep)
    return found


def packaged(judged: Judged) -> list[str]:
    """Lines on the packaged sets as they are, by model: for new measurements, the errors that users had before them."""
    sets = fitted_sets.read(SETS.read_text(encoding="utf-8"))
    found = set_builder.predictions(judged.columns, sets)
    models: dict[str, list[int]] = {}
    for place in judged.sample.listed:
        models.setdefault(judged.sample.runs[place].writers.shape.name, []).append(place)
    errors = {name: holdouts.errors(judged.columns, found, rows) for name, rows in sorted(models.items())}
    every = holdouts.errors(judged.columns, found, judged.sample.listed)
    return [HEAD, _line("packaged sets", *every), *(_line(f"  {name}", *one) for name, one in errors.items())]


def grown(judged: Judged, budget: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Errors above the budget."""
    problems = []
    for kind in HoldoutKind:
        first, token = judged.errors(kind)
        for name, error in (("token", token), ("first_token", first)):
            most = budget[kind][name]
            if error.median > most:
                problems.append(f"{kind}: median error of {name} {error.median:.2%}, the budget is {most:.2%}")
    return problems


def _line(name: str, first: ErrorFigures, token: ErrorFigures) -> str:
    figures = "  ".join(f"{one.median:>11.1%} {one.tenth:>6.0%} {one.bias:>+6.0%}" for one in (token, first))
    return f"{name:<44} {token.rows:>5}  {figures}"


def figures(judged: Judged) -> str:
    """One line of JSON for programs: medians by kind, and how many rows there were."""
    medians = {}
    for kind in judged.found:
        first, token = judged.errors(kind)
        medians[kind.value] = {"token": token.median, "first_token": first.median}
    rows = len(judged.sample.listed)
    return json.dumps({"rows": rows, "left_out": len(judged.sample.left_out), "medians": medians})


def in_one_thread(module: str = "bench.step_times") -> None:
    """Restart without BLAS's threads: they busy-wait for each other, 145 s where one alone takes 27.

    Measured on two cores with other work on them; the setting is read when numpy is loaded, so it cannot come later.
    """
    if THREADS not in os.environ:
        os.environ[THREADS] = "1"
        os.execv(sys.executable, [sys.executable, "-m", module, *sys.argv[1:]])  # noqa: S606  # itself


def main() -> int:
    """Print, and write where requested."""
    parser = argparse.ArgumentParser(prog="python -m bench.step_times", description=__doc__)
    parser.add_argument("--write", action="store_true", help="also write the packaged sets")
    parser.add_argument("--figures", action="store_true", help="print one line of JSON instead of the table")
    parser.add_argument("--packaged", action="store_true", help="only judge the packaged sets, without any fit")
    wanted = parser.parse_args()
    in_one_thread()
    path = measured()
    if path is None:
        print(f"bench: {traces() / MEASURED} is not there; name the folder in {TRACES}", file=sys.stderr)
        return 2
    if wanted.packaged:
        print("\n".join(packaged(judge(path, ()))))
        return 0
    started = time.monotonic()
    judged = judge(path)
    print(figures(judged) if wanted.figures else "\n".join(table(judged)))
    if wanted.write:
        SETS.write_text(
            set_file.as_json(set_builder.build_sets(judged.columns, judged.found, judged.sample.listed)),
            encoding="utf-8",
        )
        print(f"wrote {SETS.relative_to(ROOT)}")
    spent = time.monotonic() - started
    print(f"{len(judged.sample.runs)} measurements in {spent:.0f} s", file=sys.stderr)
    problems = grown(judged, json.loads(BUDGET.read_text(encoding="utf-8")))
    print("\n".join(problems), file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
