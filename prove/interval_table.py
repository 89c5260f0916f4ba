"""The section of docs/reference/fit.md about low and high: how they were calibrated, and how reliable they are."""

from collections.abc import Iterator
from typing import Final

from fairlead.sizing import measured_error
from fitting import kv_intervals, kv_left_out

_HEAD: Final = """\
## Low and high

They are calibrated as one span, in bytes of cache on the fullest GPU, since nobody prints the error of a single term:

`low, high = likely -/+ (what the question explains + {share} x (activations + graphs + framework + 1 GiB))`

What the question explains is the span of weights of which the catalogue has no configuration: what an NVFP4 checkpoint
left in 16 bits, an undescribed image tower. The share is the conformal quantile of {groups} groups of starts, where a
group is a release, a card and a parallelism and has one vote: {coverage:.0f} of 100 groups, the next one counted among
them, lie within. `python -m fitting.kv_intervals` computes it from the tables below and writes it for the product.

Each row here leaves out all starts that share something, learns the share and the framework's GiB again from the
rest, and judges the ones left out. Rows 115 and 117 are learnt from with the cache that their pages show (see Misses)
and judged as published. Two things were chosen with all rows in view and are not learnt again: which terms the share is
of, with the 1 GiB, and 95 of 100, since 90 left a release that nobody measured with three of four inside.

| left out at once | groups | inside low to high | median error of likely | of groups' medians | high over low, median |
|---|---|---|---|---|---|
"""

_TAIL: Final = """
A configuration is taken only if *low* suffices (*fits*), and refused only if *high* does not (*no*); in between it is
*tight*: admitted with a warning, never planned. Plans, routers and the autoscaler count with *likely*.

"""


def section() -> Iterator[str]:
    """Yield the section, line by line."""
    starts = kv_intervals.all_starts()
    groups = len({start.group for start in starts})
    yield _HEAD.format(share=measured_error.SHARE, groups=groups, coverage=kv_intervals.COVERAGE * 100)
    for name, key in kv_left_out.GROUPS.items():
        found = kv_left_out.figures(kv_left_out.left_out(starts, key))
        yield (
            f"| {name} | {found.groups} | {found.inside} of {found.starts}, {found.coverage:.1%} "
            f"| {found.median_error:.2%} | {found.group_error:.2%} | {found.median_ratio:.2f} |\n"
        )
    yield _TAIL
