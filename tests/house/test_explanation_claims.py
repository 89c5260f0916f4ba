"""The claims about explaining the autoscaler: the demo has its time, and an outdated page is named."""

from pathlib import Path

import pytest

from prove import noted
from prove.claimed import autoscaler_pages
from prove.noted import Noting
from prove.programs import Ended


def test_a_demo_that_takes_too_long_fails_its_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    for seconds, holds in ((180.0, True), (241.0, False)):
        ended = Ended(command="pytest", code=0, seconds=seconds, output="1 passed in 2.00s\n")
        monkeypatch.setattr(noted, "pytest", lambda *_, ended=ended: Noting(ended=ended, numbers={}))
        assert autoscaler_pages.the_demo_shows_it().holds is holds


def test_an_image_that_differs_or_is_on_one_side_only_is_named(tmp_path: Path) -> None:
    made, kept = tmp_path / "made", tmp_path / "kept"
    for folder, names in ((made, ("same", "other", "new")), (kept, ("same", "other", "old"))):
        folder.mkdir()
        for name in names:
            text = f"{name} {folder.name}" if name == "other" else name
            (folder / f"autoscaler-knob-{name}.svg").write_text(text, encoding="utf-8")
    (kept / "figures.md").write_text("not about fields", encoding="utf-8")

    named = [f"autoscaler-knob-{name}.svg" for name in ("new", "old", "other")]
    assert autoscaler_pages.compared(made, kept) == (4, named)
