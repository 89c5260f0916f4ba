"""The pages about conditions and metrics match today's code, and leave nothing undescribed."""

from fairlead.fleet.conditions import ConditionReason, ConditionType
from house import status_pages
from house.tree import ROOT


def test_the_committed_pages_are_those_that_the_code_generates() -> None:
    for path, text in status_pages.pages().items():
        assert (ROOT / path).read_text(encoding="utf-8") == text, "run `python -m house.status_pages`"


def test_every_condition_and_reason_has_a_description() -> None:
    words = status_pages.meanings()
    silent = [one for kind in (ConditionType, ConditionReason) for one in kind if not words[(kind.__name__, one.name)]]
    assert silent == []
