"""Every alert has a test in which it fires and is quiet before or after, and an entry in the runbooks."""

import re
from typing import Any, Final

import pytest
import yaml

from house.tree import ROOT
from monitoring import alerts
from monitoring.rules import Alert

STORIES: Final = ROOT / "tests/monitoring/alerts.test.yaml"
RUNBOOKS: Final = ROOT / "docs/runbooks.md"
PARTS: Final = ("**What it means.**", "**What to look at.**", "**What to do.**")
FIRING: Final = re.compile(r'^ALERTS\{alertname=~?"(\w+)(?:\.\*)?", alertstate="firing"\}$')


def evaluations() -> list[tuple[str, dict[str, Any]]]:
    """Each evaluation of an alert: by its name or its name's prefix."""
    stories = yaml.safe_load(STORIES.read_text())["tests"]
    found = [(FIRING.match(one["expr"]), one) for story in stories for one in story["promql_expr_test"]]
    return [(match[1], one) for match, one in found if match]


@pytest.mark.parametrize("alert", alerts.alerts(), ids=lambda one: one.name)
def test_every_alert_is_seen_to_fire_and_seen_to_be_quiet(alert: Alert) -> None:
    samples = [one["exp_samples"] for name, one in evaluations() if alert.name.startswith(name)]
    fired = [labels for each in samples for labels in each if f'alertname="{alert.name}"' in labels["labels"]]
    assert fired
    assert all(f'severity="{alert.severity}"' in one["labels"] for one in fired)
    assert [] in samples


def test_every_alert_has_an_entry_in_the_runbooks_and_no_entry_is_without_an_alert() -> None:
    parts = re.split(r"^### ", RUNBOOKS.read_text(), flags=re.MULTILINE)[1:]
    entries = {part.partition("\n")[0]: part for part in parts}
    assert list(entries) == [one.name for one in alerts.alerts()]
    for name, text in entries.items():
        assert [text.count(part) for part in PARTS] == [1, 1, 1], name
        assert "```sh" in text, name


def test_the_link_of_an_alert_is_the_anchor_of_its_heading() -> None:
    """A heading's anchor is its text in lower case, blanks as dashes: these have none."""
    for one in alerts.alerts():
        assert one.document()["annotations"]["runbook_url"].endswith(f"/docs/runbooks#{one.name.lower()}")
        assert re.fullmatch(r"Fairlead[A-Z][A-Za-z]+", one.name)
