"""The autoscaler's metrics: as of the last decisions, on a page that stays small."""

import re
from collections import Counter
from dataclasses import replace
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from fairlead.telemetry.autoscaler_metrics import (
    FAMILIES,
    MAX_SHOWN,
    AutoscalerMetrics,
    DecisionMetrics,
    ScrapeTotals,
)
from house import autoscaler_metrics_page
from house.tree import ROOT
from monitoring import files

PREFIX: Final = "fairlead_autoscaler"


def decided(name: str = "chat", **changed: int) -> DecisionMetrics:
    figures: dict[str, int] = {"recommended": 3, "wanted": 2, "asleep": 1, "doubts": 0} | changed
    return DecisionMetrics(
        namespace="team",
        name=name,
        active=True,
        age_seconds=None if changed else 0.5,
        phases={"ready": 2, "starting": 1},
        candidates={"tokens": 3},
        figures={"need.replicas": 2.4},
        reason="TokenDemand",
        price_per_hour=None if changed else 1.25,
        newest_ready_at=None if changed else 1_764_000_000.5,
        objectives={"ttftP95": 0.35, "tpotP95": 2.0},
        **figures,
    )


def values(page: bytes) -> dict[str, float]:
    """Every sample by its name and labels."""
    return {
        f"{one.name} {' '.join(value for _, value in sorted(one.labels.items()))}".strip(): one.value
        for family in text_string_to_metric_families(page.decode())
        for one in family.samples
    }


def test_figures_of_a_deployment_are_shown_by_name() -> None:
    found = values(AutoscalerMetrics().page([decided()], ScrapeTotals(scrapes=7, failures={"Stale": 2}, members=3)))
    assert found[f"{PREFIX}_recommended_replicas chat team"] == 3
    assert found[f"{PREFIX}_desired_replicas chat team"] == 2
    assert found[f"{PREFIX}_pods_without_metrics chat team"] == 0
    assert found[f"{PREFIX}_pods chat team ready"] == 2
    assert found[f"{PREFIX}_needed_replicas chat team tokens"] == 3
    assert found[f"{PREFIX}_figure need.replicas chat team"] == 2.4
    assert found[f"{PREFIX}_sample_age_seconds chat team"] == 0.5
    assert found[f"{PREFIX}_reason chat team TokenDemand"] == 1
    assert found[f"{PREFIX}_replica_price_per_hour chat team"] == 1.25
    assert found[f"{PREFIX}_newest_ready_timestamp_seconds chat team"] == 1_764_000_000.5
    assert found[f"{PREFIX}_scrape_failures_total Stale"] == 2
    assert found[f"{PREFIX}_members"] == 3


def test_an_objective_names_the_bucket_that_holds_it_as_prometheus_writes_bounds() -> None:
    found = values(AutoscalerMetrics().page([decided()], ScrapeTotals()))
    shown = {name: value for name, value in found.items() if name.startswith(f"{PREFIX}_objective")}
    assert shown == {
        f"{PREFIX}_objective_seconds 0.4 chat team ttftP95": 0.35,
        f"{PREFIX}_objective_seconds +Inf chat team tpotP95": 2.0,
    }


def test_unknown_values_are_absent() -> None:
    found = values(AutoscalerMetrics().page([decided(doubts=2)], ScrapeTotals()))
    assert f"{PREFIX}_sample_age_seconds chat team" not in found
    assert f"{PREFIX}_replica_price_per_hour chat team" not in found
    assert f"{PREFIX}_newest_ready_timestamp_seconds chat team" not in found


def test_a_reason_that_no_longer_holds_leaves_the_page() -> None:
    metrics = AutoscalerMetrics()
    metrics.page([decided()], ScrapeTotals())
    found = values(metrics.page([replace(decided(), reason="OverBudget")], ScrapeTotals()))
    assert [name for name in found if name.startswith(f"{PREFIX}_reason")] == [f"{PREFIX}_reason chat team OverBudget"]


def test_a_deployment_that_is_only_advised_says_so() -> None:
    page = AutoscalerMetrics().page([decided(), replace(decided("other"), active=False)], ScrapeTotals())
    found = values(page)
    assert (found[f"{PREFIX}_active chat team"], found[f"{PREFIX}_active other team"]) == (1, 0)


def test_decisions_are_counted_by_reason_and_direction_and_timed() -> None:
    metrics = AutoscalerMetrics()
    metrics.decided("Steady", 0, 0.0004)
    metrics.decided("TokenDemand", 2, 0.004)
    metrics.decided("Steady", -1, 5.0)
    metrics.failed()
    metrics.wrote("done")
    metrics.went_round(0.1, 0.2)
    found = values(metrics.page([], ScrapeTotals()))
    assert found[f"{PREFIX}_decisions_total Steady"] == 2
    assert found[f"{PREFIX}_changes_total up"] == found[f"{PREFIX}_changes_total down"] == 1
    assert found[f"{PREFIX}_decision_seconds_bucket 0.0005"] == 1
    assert found[f"{PREFIX}_decision_seconds_bucket +Inf"] == found[f"{PREFIX}_decision_seconds_count"] == 3
    assert found[f"{PREFIX}_failed_decisions_total"] == 1
    assert found[f"{PREFIX}_writes_total done"] == 1
    assert found[f"{PREFIX}_round_lag_seconds"] == 0.1


def test_what_alerts_read_is_shown_for_every_deployment_and_the_largest_families_for_the_first() -> None:
    many = [decided(f"model-{number:04d}") for number in range(MAX_SHOWN + 50)]
    found = values(AutoscalerMetrics().page(many, ScrapeTotals()))
    assert found[f"{PREFIX}_deployments"] == MAX_SHOWN + 50
    shown = Counter(name.partition(" ")[0] for name in found if name.endswith("team") or " team " in name)
    few = {f"{PREFIX}_needed_replicas", f"{PREFIX}_figure"}
    assert {name: shown[name] for name in few} == dict.fromkeys(few, MAX_SHOWN)
    assert {name for name, times in shown.items() if times < MAX_SHOWN + 50} == few


def test_no_rule_reads_what_is_shown_for_some_deployments() -> None:
    rules = files.rules()
    assert "fairlead_autoscaler_objective_seconds" in rules
    assert not {f"{PREFIX}_needed_replicas", f"{PREFIX}_figure"} & set(re.findall(r"\w+", rules))


def test_every_family_is_documented_and_the_page_is_current() -> None:
    written = (ROOT / autoscaler_metrics_page.PAGE).read_text(encoding="utf-8")
    assert written == autoscaler_metrics_page.page()
    assert all(f"`{one.name}`" in written for one in FAMILIES)
