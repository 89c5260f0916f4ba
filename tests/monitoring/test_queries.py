"""Every query of a dashboard and every rule uses series, labels and values that our processes expose."""

import json
import re
from collections.abc import Iterator
from typing import Final

import pytest

from fairlead.router.observability import counters, metrics_exposition
from fairlead.telemetry import router_families
from house.tree import ROOT
from monitoring import alerts, files, recording
from monitoring.panels import Dashboard, PanelKind
from monitoring.queries import DEPLOYMENT
from monitoring.rules import Alert, RecordingRule
from tests.monitoring.exposed import exposed
from tests.monitoring.query_labels import NotExposed, QueryLabels

GRAFANA: Final = {"$__rate_interval": "5m", "$namespace": ".*", "$deployment": ".*"}
SHOWN: Final = re.compile(r"\{\{\s*(?:\$labels\.)?(?!end\b)(\w+)\s*\}\}")


def plain(query: str) -> str:
    """Without Grafana's variables."""
    for variable, value in GRAFANA.items():
        query = query.replace(variable, value)
    assert "$" not in re.sub(r'"\$1(\.0)?"', "", query), query
    return query


def panels() -> Iterator[tuple[str, str, str]]:
    """Location, query and legend of each."""
    for board in files.BOARDS:
        for row in board.rows:
            for panel in row.panels:
                for query in panel.queries:
                    yield f"{board.name}: {panel.title}", query.text, query.legend


@pytest.mark.parametrize("board", files.BOARDS, ids=lambda one: one.name)
def test_every_panel_shows_what_is_exposed_and_names_its_lines_by_labels_that_the_answer_has(board: Dashboard) -> None:
    for where, query, legend in panels():
        if where.startswith(f"{board.name}:"):
            labels = QueryLabels(exposed()).of(plain(query))
            assert set(SHOWN.findall(legend)) <= labels, f"{where}: {legend}"


@pytest.mark.parametrize("board", files.BOARDS, ids=lambda one: one.name)
def test_lines_that_may_be_many_have_a_legend_and_numbers_have_no_labels(board: Dashboard) -> None:
    for row in board.rows:
        for panel in row.panels:
            for query in panel.queries:
                labels = QueryLabels(exposed()).of(plain(query.text))
                if panel.kind is PanelKind.NUMBER:
                    assert labels == set(), panel.title
                if panel.kind is PanelKind.LINES:
                    assert labels <= {*SHOWN.findall(query.legend), "namespace"}, panel.title


def test_choices_on_top_of_a_dashboard_are_labels_of_what_they_are_read_from() -> None:
    for board in files.BOARDS:
        for one in board.variables:
            series, label = re.fullmatch(r"label_values\((.+), (\w+)\)", one.values).groups()  # type: ignore[union-attr]  # refused above
            assert label in QueryLabels(exposed()).of(plain(series)), f"{board.name}: {one.name}"


def test_every_recording_rule_reads_what_is_exposed_or_recorded_before_it() -> None:
    recorded = {name: one for name, one in exposed().items() if not name.startswith("fairlead:")}
    for group in recording.groups():
        for rule in group.rules:
            assert isinstance(rule, RecordingRule)
            labels = QueryLabels(recorded).of(rule.expr)
            recorded[rule.record] = exposed()[rule.record]
            assert recorded[rule.record].labels == labels | rule.labels.keys(), rule.record


@pytest.mark.parametrize("alert", alerts.alerts(), ids=lambda one: one.name)
def test_every_alert_reads_what_is_exposed_and_speaks_of_labels_that_it_has(alert: Alert) -> None:
    labels = QueryLabels(exposed()).of(alert.expr)
    words = set(SHOWN.findall(alert.summary + alert.description))
    assert words <= labels, f"{alert.name}: {words - labels}"


def test_nothing_that_can_grow_with_users_labels_what_is_recorded() -> None:
    bounded = {"namespace", DEPLOYMENT, "objective", "le"}
    for group in recording.groups():
        for rule in group.rules:
            assert isinstance(rule, RecordingRule)
            assert exposed()[rule.record].labels <= bounded


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("sum(fairlead_router_requests)", "no process exposes it"),
        ('sum(fairlead_router_requests_total{revision="a"})', "has no label revision"),
        ('fairlead_autoscaler_pods{phase="begun"}', "phase is never begun"),
        ("sum by (lane) (fairlead_router_requests_in_flight)", "has no label lane"),
        ("histogram_quantile(0.9, fairlead_router_queue_seconds_sum)", "needs the label le"),
        ("fairlead_operator_leader / on (lane) fairlead_operator_leader", "not on both sides: lane"),
        ("fairlead_operator_leader / fairlead_router_requests_total", "never match"),
        ('label_replace(fairlead_operator_leader, "a", "$1", "b", "(.+)")', "has no label b"),
    ],
)
def test_a_query_for_what_is_not_there_would_be_noticed(query: str, words: str) -> None:
    with pytest.raises(NotExposed, match=words):
        QueryLabels(exposed()).of(query)


def test_dashboards_have_names_that_stay_and_panels_that_do_not_overlap() -> None:
    models = [json.loads(files.rendered()[f"dashboards/{one.name}.json"]) for one in files.BOARDS]
    assert sorted(one["uid"] for one in models) == [
        "fairlead-autoscaler",
        "fairlead-fleet",
        "fairlead-operator",
        "fairlead-router",
        "fairlead-service",
    ]
    for one in models:
        assert len({panel["id"] for panel in one["panels"]}) == len(one["panels"])
        taken = [cell for panel in one["panels"] for cell in _cells(panel["gridPos"])]
        assert len(taken) == len(set(taken)), one["uid"]
        assert all(x < 24 for x, _ in taken)
        assert {"datasource", "namespace"} <= {variable["name"] for variable in one["templating"]["list"]}


def _cells(at: dict[str, int]) -> Iterator[tuple[int, int]]:
    for x in range(at["x"], at["x"] + at["w"]):
        yield from ((x, y) for y in range(at["y"], at["y"] + at["h"]))


def test_the_page_says_how_many_series_a_router_can_have() -> None:
    page = (ROOT / "docs/monitoring.md").read_text(encoding="utf-8")
    of_one = dict.fromkeys((router_families.SERIES, ("tenant", "model")), 0)
    for family in router_families.FAMILIES:
        if family.labels in of_one:
            of_one[family.labels] += len(family.bounds) + 3 if family.bounds else 1
    classes = len(metrics_exposition.CLASSES) - 1
    tenant = sum(len(one.labels) == 3 and one.labels[:2] == ("tenant", "model") for one in router_families.FAMILIES)
    each, spender = of_one[router_families.SERIES], of_one["tenant", "model"] + tenant * (classes + 1)
    assert f"{each} for each combination of model, revision, band, lane and target" in page
    assert f"at most {counters.MAX_SERIES}; {spender} for each of at most {counters.MAX_SPENDERS:,}" in page
