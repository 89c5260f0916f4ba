"""The three paths through the code are recorded again, and the architecture page shows what was counted."""

import pytest

from house.tree import ROOT
from prove import architecture_page, ways
from prove.carried import Way


@pytest.fixture(name="gone", scope="module")
def gone_ways() -> dict[str, Way]:
    return ways.all_ways()


def test_a_request_goes_through_the_router_and_a_sample_through_the_autoscaler(gone: dict[str, Way]) -> None:
    assert "fairlead.router" in {module.rpartition(".")[0] for module in gone["request"].files}
    assert ways.RECOMMENDED in gone["sample"].frames
    assert "fairlead.engines.vllm.arguments" in gone["field"].files


def test_a_sample_takes_no_more_forms_than_the_page_promises(gone: dict[str, Way]) -> None:
    assert 0 < len(architecture_page.forms(gone["sample"])) <= architecture_page.MAX_OF_A_SAMPLE


def test_the_page_names_every_room_and_shows_the_figures_of_each_way(gone: dict[str, Way]) -> None:
    page = architecture_page.page(gone)
    rooms = sorted(one.parent.name for one in (ROOT / "operator" / "fairlead").glob("*/__init__.py"))
    assert [room for room in rooms if f"](../operator/fairlead/{room})" not in page] == []
    for name, way in gone.items():
        row = architecture_page.row(name, way)
        assert row.endswith(f"| {len(way.frames)} | {len(way.files)} | {len(architecture_page.forms(way))} |")
        assert row in page.splitlines()


def test_the_page_in_the_docs_has_the_same_rooms(gone: dict[str, Way]) -> None:
    def rooms(page: str) -> list[str]:
        return [line for line in page.splitlines() if "](../operator/fairlead/" in line]

    kept = architecture_page.PAGE.read_text(encoding="utf-8")
    assert rooms(kept) == rooms(architecture_page.page(gone)), "python -m prove.architecture_page"
