"""Pods become the targets that the jobs of docs/monitoring.md select from."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from fairlead.engines.catalogue import ENGINES
from fairlead.fleet.desired_state import EngineKind
from tests.monitoring import scrape_targets
from tests.objects.specs import LEAST, template, wanted

ROUTER: Final[dict[str, Any]] = {
    "metadata": {"namespace": "demo", "name": "chat-router-1", "labels": {"fairlead.dev/role": "router"}},
    "spec": {"containers": [{"name": "router", "ports": [{"name": "metrics", "containerPort": 9090}]}]},
    "status": {"phase": "Running", "podIP": "10.0.0.1"},
}


def test_each_named_port_of_a_pod_is_a_target_with_what_discovery_says_of_it() -> None:
    (target,) = scrape_targets.targets(ROUTER)
    assert target["targets"] == ["10.0.0.1:9090"]
    assert target["labels"] == {
        "__meta_kubernetes_namespace": "demo",
        "__meta_kubernetes_pod_name": "chat-router-1",
        "__meta_kubernetes_pod_label_fairlead_dev_role": "router",
        "__meta_kubernetes_pod_container_name": "router",
        "__meta_kubernetes_pod_container_port_name": "metrics",
    }


def test_a_job_can_select_pods_by_an_annotation() -> None:
    noted = ROUTER["metadata"] | {"annotations": {"fairlead.dev/engine-options": "backend: pytorch\n"}}
    (target,) = scrape_targets.targets(ROUTER | {"metadata": noted})
    assert target["labels"]["__meta_kubernetes_pod_annotationpresent_fairlead_dev_engine_options"] == "true"


def test_a_pod_without_an_address_is_no_target() -> None:
    assert list(scrape_targets.targets(ROUTER | {"status": {"phase": "Pending"}})) == []


def test_a_job_of_one_namespace_has_no_pods_of_others(tmp_path: Path) -> None:
    scrape_targets.write(tmp_path, [ROUTER])
    counts = {path.stem: len(json.loads(path.read_text())) for path in tmp_path.iterdir()}
    assert counts == {"fairlead": 0, "fairlead-routers": 1, "fairlead-engines": 1}


def page_of(kind: EngineKind) -> str:
    """The page at which the page's job of engines scrapes a pod of this kind."""
    found = wanted(LEAST)
    made = template(replace(found, revision=replace(found.revision, engine=replace(found.revision.engine, kind=kind))))
    head = made["metadata"] | {"namespace": "demo", "name": "chat-1"}
    (target,) = scrape_targets.targets({"metadata": head, "spec": made["spec"], "status": ROUTER["status"]})
    (job,) = [one for one in scrape_targets.documented()["scrape_configs"] if one["job_name"] == "fairlead-engines"]
    rules = [rule for rule in job["relabel_configs"] if rule.get("target_label") == "__metrics_path__"]
    chosen = [one["replacement"] for one in rules if target["labels"].get(one["source_labels"][0]) == one["regex"]]
    return str((chosen or ["/metrics"])[0])


def test_each_kind_of_engine_is_scraped_where_its_metrics_are() -> None:
    assert {kind: page_of(kind) for kind in ENGINES} == {kind: one.api.metrics_path for kind, one in ENGINES.items()}


def test_the_page_says_how_to_let_prometheus_in() -> None:
    assert [words[1] for words in scrape_targets.rights()] == ["clusterrole", "clusterrolebinding"]
