"""Two releases in one cluster: docs/install.md lets a further one have another name and no definitions."""

import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from house import chart_manifests
from tests.apiserver.packaged import nested

EVERYTHING: Final[dict[str, Any]] = {
    "rbac.gatewayAPI": True,
    "console.enabled": True,
    "flowSchema.enabled": True,
    "autoscaler.separate": True,
    "serving.podMonitor.enabled": True,
    "serving.monitoringNamespace": "monitoring",
}


def cluster_wide(helm: Path, release: str, values: dict[str, Any]) -> set[tuple[str, str]]:
    """Kind and name of all objects of a release that stand in no namespace."""
    words = [str(helm), "template", release, str(chart_manifests.CHART), "-n", f"of-{release}", "-f", "-"]
    text = yaml.safe_dump(nested(EVERYTHING | values))
    done = subprocess.run(words, input=text, capture_output=True, text=True, check=True)
    objects = [one for one in yaml.safe_load_all(done.stdout) if one]
    return {(one["kind"], one["metadata"]["name"]) for one in objects if "namespace" not in one["metadata"]}


@pytest.mark.parametrize("values", [{}, {"watchNamespaces": ["team-b"]}])
def test_a_further_release_under_another_name_shares_only_the_definitions(helm: Path, values: dict[str, Any]) -> None:
    shared = cluster_wide(helm, "fairlead", {}) & cluster_wide(helm, "team-b", values)
    assert {kind for kind, _ in shared} == {"CustomResourceDefinition"}
    assert len(shared) == 5


def test_without_definitions_it_shares_nothing(helm: Path) -> None:
    further = cluster_wide(helm, "team-b", {"crds.install": False})
    assert "ValidatingWebhookConfiguration" in {kind for kind, _ in further}
    assert not cluster_wide(helm, "fairlead", {}) & further


def test_under_the_same_name_in_another_namespace_both_would_have_the_same_rights_and_webhook(helm: Path) -> None:
    shared = cluster_wide(helm, "fairlead", {}) & cluster_wide(helm, "fairlead", {"crds.install": False})
    assert {"ClusterRole", "ClusterRoleBinding", "ValidatingWebhookConfiguration"} <= {kind for kind, _ in shared}
