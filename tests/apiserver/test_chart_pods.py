"""The chart's pods while they end."""

from pathlib import Path
from typing import Any

from house import chart_manifests
from house.chart_manifests import Manifest


def containers(helm: Path, values: dict[str, Any]) -> dict[str, Manifest]:
    """The container of each Deployment, by its name."""
    found = [one for one in chart_manifests.template(helm, values) if one["kind"] == "Deployment"]
    return {one["name"]: one for each in found for one in each["spec"]["template"]["spec"]["containers"]}


def test_an_operator_that_ends_answers_reviews_until_no_api_server_sends_it_one(helm: Path) -> None:
    """With webhook.failurePolicy=Fail, a pod that stopped at once had writes refused in each upgrade and drain."""
    operator = containers(helm, {})["operator"]
    (deployment,) = [one for one in chart_manifests.template(helm) if one["kind"] == "Deployment"]
    wait = operator["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert wait == 5
    grace = deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert grace - wait > 20, "Kopf may take 20 s to end"
    assert "lifecycle" not in containers(helm, {"webhook": {"enabled": False}})["operator"]
