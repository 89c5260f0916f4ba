"""The page matches the packaged sets, and its plots are readable drawings."""

import math
from xml.etree import ElementTree as ET

from fitting.set_file import as_json
from house import scatter, step_times_page
from house.scatter import Panel
from house.tree import ROOT
from tests.simulator.timing import published_rows


def test_the_page_shows_the_coefficients_and_errors_of_the_packaged_sets() -> None:
    page = (ROOT / step_times_page.PAGE).read_text(encoding="utf-8")
    sets = published_rows.packaged()
    assert f"{sets.runs:,} of them different" in page
    assert f"{sets.wrong.token:.1%}" in page
    weights = sets.physics.behaviours["vllm"].efficiency.weights
    assert f"| `weights` | {weights:.3f} |" in page, "run `python -m house.step_times_page`"


def test_the_packaged_sets_are_written_as_the_code_writes_them() -> None:
    path = ROOT / "operator" / "fairlead" / "simulator" / "data" / "step_times.json"
    assert path.read_text(encoding="utf-8") == as_json(published_rows.packaged())


def test_every_plot_on_the_page_is_there_and_is_a_drawing() -> None:
    page = (ROOT / step_times_page.PAGE).read_text(encoding="utf-8")
    for name in step_times_page.PLOTS.values():
        assert name.rpartition("/")[2] in page
        root = ET.fromstring((ROOT / name).read_text(encoding="utf-8"))  # noqa: S314  # our own file
        assert root.tag.endswith("svg")


def test_a_point_where_prediction_equals_measurement_lies_on_the_diagonal() -> None:
    drawn = scatter.drawing([Panel("one", {"all": [(10.0, 10.0), (10.01, 10.01)], "none": []})], "ms")
    left, bottom = scatter.MARGIN, scatter.MARGIN + scatter.SIDE
    assert f"M{left} {bottom}h0" in drawn
    assert drawn.count("h0") == 1


def test_a_prediction_beyond_the_panel_is_drawn_on_its_edge() -> None:
    drawn = scatter.drawing([Panel("one", {"all": [(2.0, 1e6), (5.0, 1e-6)]})], "ms")
    across = [round(math.log10(value) * scatter.SIDE) + scatter.MARGIN for value in (2.0, 5.0)]
    assert f"M{across[0]} {scatter.MARGIN}h0" in drawn
    assert f"M{across[1]} {scatter.MARGIN + scatter.SIDE}h0" in drawn
