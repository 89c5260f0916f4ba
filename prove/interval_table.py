"""The section of docs/reference/fit.md about low and high: how they were calibrated, and how reliable they are."""

from collections.abc import Iterator
from typing import Final

from fairlead.sizing import measured_error
from fitting import kv_intervals, kv_left_out

_HEAD: Final = """\
## Low and high

They are calibrated as one span, in bytes of cache on the fullest GPU, since no log shows the error of a single term:

`low, high = likely -/+ (what the question explains + {share} x (activations + graphs + framework + 1 GiB))`

What the question explains is the span of weights for which the catalogue has no configuration: what an NVFP4 checkpoint
left in 16 bits, an undescribed image tower. The share is the conformal quantile of {groups} groups of starts, where a
group is a release, a card and a parallelism and has one vote: {coverage:.0f} of 100 groups, the next one counted among
them, lie within. `python -m fitting.kv_intervals` computes it from the tables below and writes it for the product.
On a GPU whose memory is the node's main memory, such as `NVIDIA-GB10`, the share is twice as large: no start below ran
on one. For such a GPU of your own, write `unifiedMemory: true` in the chart's value `products`.

Each row here leaves out all starts that have something in common, fits the share and the framework's GiB again to the
rest, and checks those left out. Rows 115 and 117 enter the fit with the cache that their pages show (see Misses) and
are checked as published. Two things were chosen with all rows in view and are not fitted again: the terms that the
share applies to, with the 1 GiB, and 95 of 100, since with 90 only three of four starts of an unmeasured release were
inside.

| left out at once | groups | inside low to high | median error of likely | of groups' medians | high over low, median |
|---|---|---|---|---|---|
"""

_TAIL: Final = """
A configuration *fits* only if *low* is enough, and is refused (*no*) only if *high* is not; in between it is *tight*:
admitted with a warning, never planned. Plans, routers and the autoscaler calculate with *likely*.

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
