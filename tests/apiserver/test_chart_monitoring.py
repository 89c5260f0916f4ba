"""What the chart creates for Grafana and the Prometheus operator, only where enabled."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from fairlead.engines import catalogue
from fairlead.fleet.desired_state import EngineKind
from house import chart_manifests
from monitoring import files
from tests.apiserver.chart_notes import notes
from tests.apiserver.packaged import SERVING_SCRAPED, nested
from tests.monitoring import scrape_targets


def test_nothing_of_it_is_installed_by_default(helm: Path) -> None:
    kinds = {one["kind"] for one in chart_manifests.template(helm)}
    assert not {"PrometheusRule", "PodMonitor", "ConfigMap"} & kinds


def test_dashboards_and_rules_are_complete_where_enabled(helm: Path) -> None:
    objects = chart_manifests.template(helm, nested({"dashboards.enabled": True, "alerts.enabled": True}))
    texts = {name: text for one in objects if one["kind"] == "ConfigMap" for name, text in one["data"].items()}
    wanted = files.rendered()
    assert texts == {f"fairlead-{one.name}.json": wanted[f"{files.FOLDER}/{one.name}.json"] for one in files.BOARDS}
    (rule,) = [one for one in objects if one["kind"] == "PrometheusRule"]
    assert rule["spec"] == yaml.safe_load(wanted[files.RULES])
    labels = [one["metadata"]["labels"] for one in objects if one["metadata"]["name"].startswith("fairlead-dashboard-")]
    assert [one["grafana_dashboard"] for one in labels] == ["1"] * len(files.BOARDS)


def test_the_sidecar_finds_dashboards_by_your_labels_and_folder(helm: Path) -> None:
    values = nested({
        "dashboards.enabled": True,
        "dashboards.labels": {"grafana": "main"},
        "dashboards.annotations": {"grafana_folder": "Serving"},
    })  # fmt: skip
    shown = [one["metadata"] for one in chart_manifests.template(helm, values) if one["kind"] == "ConfigMap"]
    assert [one["labels"]["grafana"] for one in shown] == ["main"] * len(files.BOARDS)
    assert [one["annotations"] for one in shown] == [{"grafana_folder": "Serving"}] * len(files.BOARDS)


def test_alerts_about_an_operator_that_nothing_scrapes_come_with_a_warning(helm: Path) -> None:
    """`FairleadNoLeader` would fire all the time; nothing is refused, since a scrape job of your own may exist."""
    warning = "WARNING: alerts are installed, but no PodMonitor"
    assert warning in notes(helm, {"alerts.enabled": True})
    assert warning not in notes(helm, {"alerts.enabled": True, "metrics.podMonitor.enabled": True})
    assert warning not in notes(helm, {})


def test_scrapes_that_network_policies_may_refuse_come_with_a_warning(helm: Path) -> None:
    """They work where the cluster enforces none, or a policy of one's own lets Prometheus in: no upgrade may fail."""
    warning = "WARNING: serving.monitoringNamespace is empty"
    assert warning in notes(helm, {"serving.podMonitor.enabled": True})
    assert warning not in notes(helm, SERVING_SCRAPED)
    assert warning not in notes(helm, {})


def test_alerts_about_requests_that_nothing_scrapes_come_with_a_warning(helm: Path) -> None:
    """They would never fire; nothing is refused here either."""
    warning = "WARNING: alerts are installed, and no PodMonitor lets Prometheus scrape routers"
    assert warning in notes(helm, {"alerts.enabled": True, "metrics.podMonitor.enabled": True})
    assert warning not in notes(helm, {"alerts.enabled": True} | SERVING_SCRAPED)
    assert warning not in notes(helm, {})


@pytest.mark.parametrize("path", ["metrics.podMonitor", "serving.podMonitor"])
@pytest.mark.parametrize(
    ("interval", "warned"),
    [
        ("30s", False),
        ("120s", False),
        ("121s", True),
        ("2m", False),
        ("3m", True),
        ("120000ms", False),
        ("300000ms", True),
    ],
)
def test_scrapes_too_seldom_for_the_alerts_come_with_a_warning(
    helm: Path, path: str, interval: str, warned: bool
) -> None:
    """Of five minutes with one sample, or none, no rate is known."""
    values = {"alerts.enabled": True, f"{path}.enabled": True, f"{path}.interval": interval}
    assert (f"WARNING: {path}.interval is {interval}" in notes(helm, values)) is warned
    assert "interval is" not in notes(helm, values | {"alerts.enabled": False})


def test_the_namespace_of_a_deployment_is_kept_where_the_operator_is_scraped(helm: Path) -> None:
    objects = chart_manifests.template(helm, nested({"metrics.podMonitor.enabled": True}))
    (monitor,) = [one for one in objects if one["kind"] == "PodMonitor"]
    assert [one["honorLabels"] for one in monitor["spec"]["podMetricsEndpoints"]] == [True]


def test_the_token_of_the_monitor_of_routers_exists_where_you_provide_the_roles(helm: Path) -> None:
    objects = chart_manifests.template(helm, nested(SERVING_SCRAPED | {"rbac.create": False}))
    named = [one["kind"] for one in objects if one["metadata"]["name"] == "fairlead-scraper"]
    assert sorted(named) == ["Secret", "ServiceAccount"]


@pytest.mark.parametrize(
    ("values", "selector"),
    [
        ({}, {"any": True}),
        ({"watchNamespaces": ["models"]}, {"matchNames": ["models"]}),
        ({"serving.podMonitor.namespaces": ["chat", "code"]}, {"matchNames": ["chat", "code"]}),
        (
            {"watchNamespaces": ["chat", "code"], "serving.podMonitor.namespaces": ["chat"]},
            {"matchNames": ["chat"]},
        ),
    ],
    ids=["all", "the served ones", "yours", "yours of the served ones"],
)
def test_the_token_goes_to_pods_of_the_namespaces_that_you_name(
    helm: Path, values: dict[str, Any], selector: dict[str, Any]
) -> None:
    """Labels of a router can be on any pod, and Prometheus sends the token to each."""
    objects = chart_manifests.template(helm, nested(values | SERVING_SCRAPED))
    found = {one["metadata"]["name"]: one["spec"] for one in objects if one["kind"] == "PodMonitor"}
    assert {name: spec["namespaceSelector"] for name, spec in found.items()} == {
        "fairlead-routers": selector,
        "fairlead-engines": selector,
    }


def test_a_gateways_routers_are_named_alike_by_the_chart_and_by_the_page(helm: Path) -> None:
    objects = chart_manifests.template(helm, nested(SERVING_SCRAPED))
    monitors = {one["metadata"]["name"]: one for one in objects if one["kind"] == "PodMonitor"}
    (endpoint,) = monitors["fairlead-routers"]["spec"]["podMetricsEndpoints"]
    (chart,) = endpoint["relabelings"]
    (page,) = [
        rule
        for job in scrape_targets.documented()["scrape_configs"]
        for rule in job["relabel_configs"]
        if "gateway" in rule["source_labels"][0]
    ]
    assert (chart["sourceLabels"], chart["targetLabel"]) == (page["source_labels"], page["target_label"])
    assert (chart["regex"], chart["replacement"]) == (page["regex"], page["replacement"])


def test_tensorrt_llm_is_scraped_where_its_metrics_are_by_the_chart_and_by_the_page(helm: Path) -> None:
    objects = chart_manifests.template(helm, nested(SERVING_SCRAPED))
    monitors = {one["metadata"]["name"]: one for one in objects if one["kind"] == "PodMonitor"}
    (endpoint,) = monitors["fairlead-engines"]["spec"]["podMetricsEndpoints"]
    (chart,) = endpoint["relabelings"]
    (page,) = [
        rule
        for job in scrape_targets.documented()["scrape_configs"]
        for rule in job["relabel_configs"]
        if rule.get("target_label") == "__metrics_path__"
    ]
    assert (chart["sourceLabels"], chart["targetLabel"]) == (page["source_labels"], page["target_label"])
    assert (chart["regex"], chart["replacement"]) == (page["regex"], page["replacement"])
    assert page["replacement"] == catalogue.api(EngineKind.TENSORRT_LLM).metrics_path
