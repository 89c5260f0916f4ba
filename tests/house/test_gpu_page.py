"""The page of real engines: as generated from its files, and plain about what was not measured."""

from dataclasses import replace

from fairlead.simulator.sweep.measurements import SweepWork
from house import gpu_page
from house.tree import ROOT
from tests.simulator.sweep import swept
from tests.simulator.timing import published_rows

TIMES = published_rows.times(published_rows.question())


def test_the_page_is_what_the_kept_sweeps_make_it() -> None:
    sweeps = gpu_page.kept()
    advice = "run `python -m house.gpu_page`"
    for name, text in {gpu_page.PAGE: gpu_page.page(sweeps), **gpu_page.plots(sweeps)}.items():
        assert (ROOT / name).read_text(encoding="utf-8") == text, advice


def test_without_a_gpu_it_says_so() -> None:
    nothing = gpu_page.page({})
    assert "**GPUs: not measured.**" in nothing
    assert "No sweep of a real engine is kept yet: not measured." in nothing
    on_cpu = replace(swept.record(TIMES), deployment=replace(swept.DEPLOYMENT, product="CPU"))
    assert "**GPUs: not measured.**" in gpu_page.page({"cpu": on_cpu})


def test_a_sweep_of_a_gpu_is_shown_with_its_errors() -> None:
    text = gpu_page.page({"h200": swept.record(TIMES)})
    assert "not measured.**" not in text
    assert "| asGiven | empty | 61.5 | 20.0 | 11.5 | 20.0 | 4.0 | 5.0 | 1.0 | 0.75 GiB | 160,000 tokens |" in text
    assert "![Predicted over measured](sweep-h200.svg)" in text
    (plot,) = gpu_page.plots({"h200": swept.record(TIMES)}).values()
    assert plot.count("stroke-opacity") == len(SweepWork)
