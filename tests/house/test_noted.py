"""Figures of tests, read from pytest's report, and the claims that depend on them."""

from pathlib import Path

import pytest

from prove import noted
from prove.claimed import controller
from prove.noted import Noting
from prove.programs import Ended

REPORT = """<testsuites><testsuite><testcase name="a"><properties>
<property name="requests" value="40"/><property name="overhead_seconds" value="2.5"/>
<property name="node" value="one"/></properties></testcase>
<testcase name="b"><properties><property name="requests" value="2"/></properties></testcase></testsuite></testsuites>"""


def ran(*, code: int = 0, **numbers: float) -> Noting:
    """A run that ended so."""
    ended = Ended(command="pytest", code=code, seconds=2.0, output="3 passed in 2.00s\n")
    return Noting(ended=ended, numbers={name: (number,) for name, number in numbers.items()})


def test_numbers_are_read_and_text_is_skipped() -> None:
    assert noted.numbers(REPORT) == {"requests": (40.0, 2.0), "overhead_seconds": (2.5,)}


def test_a_run_that_wrote_no_report_noted_nothing() -> None:
    assert noted.numbers("<none/>") == {}


def test_a_real_run_is_read(tmp_path: Path) -> None:
    story = tmp_path / "test_story.py"
    story.write_text("def test_it(record_property):\n    record_property('requests', 7)\n", encoding="utf-8")

    found = noted.pytest("-p", "no:cacheprovider", str(story))

    assert (found.well, found.total("requests"), found.most("cut")) == (True, 7, None)
    assert (found.least("requests"), found.least("cut")) == (7, None)


def test_nothing_dropped_needs_requests_and_no_flaw(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = ran(requests=1200, streams=800, failed=0, cut=0)
    cases = ((whole, True), (ran(requests=1200, cut=1), False), (ran(requests=0), False), (ran(code=1), False))
    for given, holds in cases:
        monkeypatch.setattr(noted, "pytest", lambda *_, given=given: given)
        assert controller.nothing_is_dropped().holds is holds
    monkeypatch.setattr(noted, "pytest", lambda *_: whole)
    figures = "1,200 requests, 800 of them streams: 0 failed, 0 cut; 3 passed, 0 failed, 0 skipped"
    assert controller.nothing_is_dropped().text == figures


def test_figures_over_their_bars_do_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    for seconds, holds in ((2.9, True), (3.1, False)):
        monkeypatch.setattr(noted, "pytest", lambda *_, s=seconds: ran(overhead_seconds=s, total_seconds=7.0))
        assert controller.one_apply_serves().holds is holds
    for seconds, holds in ((12.0, True), (31.0, False)):
        given = ran(requests=9, failed=0, cut=0, seconds_to_condition=seconds)
        monkeypatch.setattr(noted, "pytest", lambda *_, given=given: given)
        assert controller.bad_revisions_do_no_harm().holds is holds


def test_what_was_not_measured_is_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(noted, "pytest", lambda *_: ran(requests=9))
    assert not controller.one_apply_serves().holds
    assert "named at most not measured" in controller.bad_revisions_do_no_harm().text
