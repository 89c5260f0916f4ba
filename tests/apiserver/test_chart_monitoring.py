"""What the chart makes for Grafana and the Prometheus operator, and only where it is asked for."""

from pathlib import Path

import yaml

from house import chart_manifests
from monitoring import files
from tests.apiserver.packaged import nested


def test_nothing_of_it_is_installed_by_default(helm: Path) -> None:
    kinds = {one["kind"] for one in chart_manifests.template(helm)}
    assert not {"PrometheusRule", "PodMonitor", "ConfigMap"} & kinds


def test_dashboards_and_rules_come_whole_where_they_are_asked_for(helm: Path) -> None:
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


def test_the_namespace_of_a_deployment_is_kept_where_the_operator_is_scraped(helm: Path) -> None:
    objects = chart_manifests.template(helm, nested({"metrics.podMonitor.enabled": True}))
    (monitor,) = [one for one in objects if one["kind"] == "PodMonitor"]
    assert [one["honorLabels"] for one in monitor["spec"]["podMetricsEndpoints"]] == [True]
