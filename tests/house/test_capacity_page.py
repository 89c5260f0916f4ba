"""The capacity page: bounds are the CRDs' own, figures those of the evidence."""

from house import capacity_page
from house.tree import ROOT


def without_figures(text: str) -> list[str]:
    """A proof that is recorded anew changes a figure; `python -m house.generated` updates the page."""
    return [line.rpartition(" | ")[0] if "](evidence.md#" in line else line for line in text.splitlines()]


def test_the_page_is_as_the_definitions_and_routers_say() -> None:
    kept = (ROOT / capacity_page.PAGE).read_text(encoding="utf-8")
    dates = [line.partition(", 20")[0] for line in without_figures(kept)]
    assert dates == [line.partition(", 20")[0] for line in without_figures(capacity_page.text())]


def test_lists_within_lists_and_maps_have_their_bounds() -> None:
    inner = {"maxItems": 4, "items": {"type": "string"}}
    schema = {"properties": {"a": {"maxItems": 2, "items": {"properties": {"b": inner}}}, "c": {"maxProperties": 3}}}
    assert list(capacity_page.entries(schema, "spec")) == [("spec.a", 2), ("spec.a[].b", 4), ("spec.c", 3)]


def test_every_figure_names_its_claim() -> None:
    rows = [line for line in capacity_page.measured() if "](evidence.md#" in line]
    assert len(rows) == len(capacity_page.MEASURED)
    assert all("| yes |" in row or "| **no** |" in row for row in rows)
