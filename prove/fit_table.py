"""docs/reference/fit.md: the memory estimate against every measured start, with each miss explained.

Pure: text in, text out. `python -m prove.fit_table` writes the page; a test detects when it is stale.
"""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fairlead.fleet.fit import Estimate
from fairlead.sizing import memory
from fairlead.sizing.catalogue import Catalogue
from fairlead.sizing.sizing_input import GIB
from fitting import kv_starts
from prove import interval_table

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "docs" / "reference" / "fit.md"

MISS: Final = 0.15
WHY: Final[Mapping[str, str]] = {
    "115": "The figure belongs to a 16-bit cache: 377,456 tokens are exactly 491 pages where a request of 262,144 "
    "takes 341, and 341 = 335 blocks of 784 tokens + 6 states is the 16-bit layout; FP8 blocks have 1,568 tokens. "
    "Sized with a 16-bit cache the estimate is within 5 %.",
    "117": "As 115: 445,875 tokens are exactly 580 pages at 341 a request, a 16-bit cache. "
    "Sized so, the estimate is within 5 %.",
    "127": "76,458 tokens are exactly 112 pages at 48 a request, the same 112 pages that row 123 has without the image "
    "tower; this row was apparently started without it too. The estimate loads it.",
    "129": "Which image setting and how many draft tokens were used is not published. The estimate takes one "
    "token and loads the image tower, its profile run included; row 123 shows what leaving it out gives back.",
    "135": "A text diffusion model: it loads 14.6 GiB where the Gemma 4 body in FP8 takes 12.9 GiB. The catalogue has "
    "the body's shape only.",
}


@dataclass(frozen=True, slots=True)
class Judged:
    """One measured start with its prediction."""

    row: Mapping[str, str]
    predicted: Estimate
    measured: float
    unit: str

    @property
    def error(self) -> float:
        """Relative error of the likely value, with its sign."""
        return self.predicted.likely / self.measured - 1

    @property
    def inside(self) -> bool:
        """Whether the measured value is between low and high."""
        return self.predicted.low <= self.measured <= self.predicted.high

    @property
    def ratio(self) -> float:
        """High over low; a low of zero counts as one."""
        return self.predicted.high / max(self.predicted.low, 1.0)


@dataclass(frozen=True, slots=True)
class Bars:
    """The four figures with limits for the estimator."""

    median_error: float
    within: float
    inside: float
    median_ratio: float


def judge(row: Mapping[str, str], context: Catalogue) -> Judged:
    """Compare in GiB if the engine's tokens are derived and the row has GiB; in tokens otherwise."""
    inputs = kv_starts.question(row, context)
    breakdown = memory.memory(inputs)
    derived = inputs.shape.window is not None or inputs.shape.recurrent is not None
    if derived and row["avail_kv_gib"]:
        return Judged(row, breakdown.kv.times(1 / GIB), float(row["avail_kv_gib"]), "GiB")
    start, cache = kv_starts.MeasuredStart(row, inputs), breakdown.kv
    tokens = Estimate(*(kv_starts.printed(start, available) for available in (cache.low, cache.likely, cache.high)))
    return Judged(row, tokens, float(row["kv_tokens"]), "tokens")


def bars(points: Sequence[Judged]) -> Bars:
    """Compute the figures over all points, misses included."""
    errors = [abs(point.error) for point in points]
    return Bars(
        median_error=statistics.median(errors),
        within=sum(error <= MISS for error in errors) / len(points),
        inside=sum(point.inside for point in points) / len(points),
        median_ratio=statistics.median(point.ratio for point in points),
    )


def missed(point: Judged) -> bool:
    """Whether the error is large, or the value outside low and high."""
    return abs(point.error) > MISS or not point.inside


_HEAD: Final = """\
# How accurate the fit estimate is

`sizing` computes the memory that a model takes from its shape and the engine's own memory model: weights by matrix
group, the peak of the profile run, graphs, what the driver and the libraries take, and the engine's pages for the
cache. Below, it is compared with {count} published start-up logs (`tests/data/kv-capacity.csv`, sources in its first
columns).

| figure | wanted | found |
|---|---|---|
| median error of the likely value | 5 % or less | {median:.2f} % |
| within 15 % | 90 % or more | {within:.1f} % |
| measured inside low to high | 95 % or more | {inside:.1f} % |
| high over low, median | 1.40 or less | {ratio:.2f} |

## What is counted

`cache = seen x utilisation - weights - draft - adapters - activations - graphs - framework`, on the fullest GPU.

| term | what it is |
|---|---|
| seen | what the driver leaves of the GPU: 0.455 GiB less, 0.4 % on the largest; or the measured total |
| utilisation | 0.9, and 0.92 from release 0.20 on |
| weights | every matrix group by its format, with scales; rope's table; latent attention's second up-projection |
| activations | a layer's widest moment, the sampled batch or the image tower, whichever is largest |
| of these, the sampled batch | 14.4 bytes a logit (38 before 0.17, which sorted); hidden states; expert work space |
| graphs | 0.25 GiB and 0.36 MiB for each layer and captured size; before 0.20 not taken from the budget |
| framework | 0.13 GiB, 0.25 from 0.18 on; behind a switch 2.07 GiB, 1.3 before 0.15; 0.25 more over PCIe |
| cache | the engine's pages: groups of layers, states and their padding as the release lays them out |

{intervals}## How to read the figures

The figures that no data sheet gives (bytes that the sampler takes for a logit, the allocator's fixed work space, what
NCCL takes behind an NVLink switch, the driver's own share) were read off rows of this same table, mostly vLLM 0.19 on
H100, each once for all rows, and each with its physical reason beside it in the code.
So expect a low error there, but rather the {other:.1f} % (median of the {others} rows on other GPUs) elsewhere.

Models with windows, chunks or recurrent states are compared in GiB if the log has that figure. Up to 0.20.0 vLLM
printed the blocks of one group as their tokens, which is less than the cache holds; plans, routers and the autoscaler
count whole requests instead, as later releases print them.
The page is made by `python -m prove.fit_table`; a test fails when it is stale.

"""

_COLUMNS: Final = """\
| row | model | GPU | tp x pp | release | low | likely | high | measured | unit | error | inside |
|---|---|---|---|---|---|---|---|---|---|---|---|
"""

_APART: Final = """
## Starts found afterwards

From `tests/data/other-starts.csv`, looked up after the arithmetic was finished. A and B are starts that failed, and
`sizing` calls neither of them *fits*. Two figures were read off these starts: the padding of MXFP4 experts, from the
weights that row B loaded, and the framework behind a switch before 0.15, from C, L and M. L and M are from images with
FlashInfer, which samples without sorting: a log does not say which sampler ran, so the estimate assumes the sort.

"""


def render(points: Sequence[Judged], afterwards: Sequence[Judged] = ()) -> str:
    """Render the whole page."""
    found = bars(points)
    others = [point for point in points if "H100" not in point.row["gpu"]]
    head = _HEAD.format(
        count=len(points),
        median=found.median_error * 100,
        within=found.within * 100,
        inside=found.inside * 100,
        ratio=found.median_ratio,
        other=bars(others).median_error * 100,
        others=len(others),
        intervals="".join(interval_table.section()),
    )
    found_later = _APART + _table(afterwards) if afterwards else ""
    return head + _table(points) + found_later + "\n".join(_misses(points))


def _table(points: Sequence[Judged]) -> str:
    return _COLUMNS + "\n".join(map(_line, points)) + "\n"


def _line(point: Judged) -> str:
    row, estimate = point.row, point.predicted
    figures = (_figure(value, point.unit) for value in (estimate.low, estimate.likely, estimate.high, point.measured))
    card = row["gpu"].removeprefix("NVIDIA-").removeprefix("GeForce-")
    engine = (f"{row['tp']} x {row['pp']}", row["vllm_version"].partition(" ")[0])
    last = (point.unit, f"{point.error * 100:+.1f} %", "yes" if point.inside else "no")
    return f"| {' | '.join((row['id'], row['model'], card, *engine, *figures, *last))} |"


def _figure(value: float, unit: str) -> str:
    return f"{value:.2f}" if unit == "GiB" else f"{value:,.0f}"


def _misses(points: Sequence[Judged]) -> Iterator[str]:
    yield "\n## Misses\n\nMore than 15 % off, or outside low to high. None is left out of the figures above.\n"
    for point in points:
        if missed(point):
            yield f"- **{point.row['id']}** ({point.error * 100:+.1f} %). {WHY.get(point.row['id'], 'Not explained.')}"
    yield ""


def written() -> str:
    """Render the page from the files of this tree."""
    context = kv_starts.catalogue_here()
    points, afterwards = (
        [judge(row, context) for row in kv_starts.rows(path.read_text("utf-8"))]
        for path in (kv_starts.MEASURED, kv_starts.OTHERS)
    )
    return render(points, afterwards)


if __name__ == "__main__":
    PAGE.write_text(written(), "utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")
