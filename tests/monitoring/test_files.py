"""The files in the tree match the code, in both places, and a missing or unknown one is reported."""

from pathlib import Path

import pytest
import yaml

from monitoring import __main__ as command
from monitoring import alerts, files


def test_what_lies_in_the_tree_is_what_the_code_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--drift"]) == 0, capsys.readouterr().out


def test_the_chart_carries_the_same_files() -> None:
    texts = files.rendered()
    ours = {path.removeprefix(f"{files.FOLDER}/"): text for path, text in texts.items() if path.startswith("dashb")}
    theirs = {path.removeprefix(f"{files.IN_CHART}/"): text for path, text in texts.items() if path.startswith("chart")}
    assert ours == theirs
    assert len(ours) == 6


def test_files_are_written_and_strange_ones_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "ROOT", tmp_path)
    removed = tmp_path / files.FOLDER / "old.json"
    removed.parent.mkdir()
    removed.write_text("{}")
    assert command.main(["--drift"]) == 1
    assert f"dashboards/old.json: differs from its code: {command.ADVICE}" in capsys.readouterr().out
    assert command.main([]) == 0
    assert command.main(["--drift"]) == 0
    assert not removed.exists()


def test_a_wrong_word_gets_the_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--check"]) == 2
    assert "usage: python -m monitoring [--drift]" in capsys.readouterr().err


def test_a_config_map_holds_any_dashboard_with_room_to_spare() -> None:
    assert max(len(text.encode()) for text in files.rendered().values()) < 2**20 / 4


def test_rule_groups_have_unique_names_and_alerts_have_all_that_an_on_call_engineer_needs() -> None:
    groups = yaml.safe_load(files.rules())["groups"]
    assert len({one["name"] for one in groups}) == len(groups)
    rules = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    assert [one["alert"] for one in rules] == [one.name for one in alerts.alerts()]
    for one in rules:
        assert one["labels"]["severity"] in {"critical", "warning"}
        assert set(one["annotations"]) == {"summary", "description", "runbook_url"}
