"""Prometheus reads routers with a token that the chart makes for it."""

from pathlib import Path

import pytest

from house import chart_manifests
from tests.apiserver.packaged import nested


@pytest.mark.trial(16)
def test_the_monitor_of_routers_sends_a_token_that_may_get_metrics_and_nothing_else(helm: Path) -> None:
    objects = chart_manifests.template(helm, nested({"serving.podMonitor.enabled": True}))
    found = {(one["kind"], one["metadata"]["name"]): one for one in objects}
    (routers,) = found["PodMonitor", "fairlead-routers"]["spec"]["podMetricsEndpoints"]
    assert routers["authorization"] == {"credentials": {"name": "fairlead-scraper", "key": "token"}}
    (engines,) = found["PodMonitor", "fairlead-engines"]["spec"]["podMetricsEndpoints"]
    assert "authorization" not in engines
    assert found["ClusterRole", "fairlead-scraper"]["rules"] == [{"nonResourceURLs": ["/metrics"], "verbs": ["get"]}]
    (subject,) = found["ClusterRoleBinding", "fairlead-scraper"]["subjects"]
    assert (subject["kind"], subject["name"]) == ("ServiceAccount", "fairlead-scraper")
    token = found["Secret", "fairlead-scraper"]
    assert token["type"] == "kubernetes.io/service-account-token"
    assert token["metadata"]["annotations"] == {"kubernetes.io/service-account.name": "fairlead-scraper"}
    assert "data" not in token
