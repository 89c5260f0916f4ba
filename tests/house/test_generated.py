"""One command regenerates all generated files, and a page is only replaced by a complete one."""

from pathlib import Path

import pytest

from house import generated
from house.generated import ALL, Generated
from house.tree import ROOT


def test_a_page_holds_what_its_module_prints(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    written = generated.write(Generated(module="this", into=str(page)))
    assert written.trouble == ""
    assert page.read_text(encoding="utf-8").startswith("The Zen of Python")


def test_a_page_whose_module_fails_stays_as_it_was_and_the_error_is_reported(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("whole", encoding="utf-8")
    written = generated.write(Generated(module="prove.no_such_table", into=str(page)))
    assert "No module named prove.no_such_table" in written.trouble
    assert page.read_text(encoding="utf-8") == "whole"


def test_what_is_named_is_written_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    assert generated.main(["campaign.page"]) == 0
    shown = capsys.readouterr().out
    assert shown.split()[:2] == ["✓", "campaign.page"]
    assert len(shown.splitlines()) == 1


def test_an_unknown_name_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert generated.main(["poems"]) == 2
    assert "no module is named poems: prove.field_table, " in capsys.readouterr().err


def test_a_failure_is_reported_and_ends_the_command_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generated, "ALL", (Generated(module="prove.no_such_table"),))
    assert generated.main([]) == 1
    captured = capsys.readouterr()
    assert captured.out.startswith("✗ prove.no_such_table")
    assert "--- prove.no_such_table ---" in captured.err


def test_every_page_that_says_it_is_rendered_by_a_module_is_among_them() -> None:
    """A page of measurements is written by its benchmark, and not here."""
    rendered = {one.into for one in ALL if one.into}
    shown = {
        str(page.relative_to(ROOT))
        for page in (ROOT / "docs").rglob("*.md")
        if f"> {page.relative_to(ROOT)}`" in page.read_text(encoding="utf-8")
    }
    assert shown == rendered
