"""`fairlead simulate --publish`: a report in the cluster, which may replace only an earlier report."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fairlead.cluster.kinds import CONFIG_MAP
from fairlead.objects import published_report
from tests.cli.conftest import Run
from tests.cli.pretend_cluster import PretendCluster, not_current, running


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PretendCluster]:
    with running(tmp_path) as (cluster, kubeconfig):
        monkeypatch.setenv("KUBECONFIG", kubeconfig)
        monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
        yield cluster


def words(files: Path, *more: str) -> tuple[str, ...]:
    return ("simulate", str(files / "fleet"), "--traffic", str(files / "steady.csv"), "--until", "30s", *more)


def held(cluster: PretendCluster, namespace: str = "team", name: str = "friday") -> dict[str, Any]:
    return dict(cluster.objects.found((CONFIG_MAP.title, namespace, name)))


def config_map(name: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401  # fields of one
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "team"}} | more


def test_a_report_is_published_and_replaced_by_the_next_of_its_name(
    files: Path, run: Run, cluster: PretendCluster
) -> None:
    code, out, err = run(*words(files, "--publish", "friday", "--html", str(files / "report.html")))
    assert code == 0
    assert "fixed" in out
    assert "the report is ConfigMap friday in team; the console shows it under Back-tests" in err
    found = held(cluster)
    assert published_report.html(found) == (files / "report.html").read_text(encoding="utf-8")
    report = published_report.heading(found)
    assert "keeps its objectives for" in report.verdict
    assert report.played_at.endswith(" UTC")

    code, _, err = run(*words(files, "--publish", "friday", "--ttft-p95", "1ms"))
    assert (code, "is ConfigMap friday" in err) == (1, True)
    assert published_report.heading(held(cluster)).verdict.startswith("No candidate keeps its objectives")
    assert run(*words(files, "--publish", "friday", "-n", "other"))[0] == 0
    assert published_report.is_report(held(cluster, "other"))


def test_a_report_goes_into_the_cluster_of_the_named_context(files: Path, run: Run, cluster: PretendCluster) -> None:
    not_current(files / "kubeconfig")
    code, _, err = run(*words(files, "--publish", "friday", "--context", "here"))
    assert (code, "the report is ConfigMap friday in team" in err) == (0, True)
    assert published_report.is_report(held(cluster))
    code, out, err = run(*words(files, "--publish", "friday"))
    assert (code, out, "127.0.0.1:1" in err) == (2, "", True)


def test_a_config_map_that_is_no_report_stays_and_nothing_is_played_first(
    files: Path, run: Run, cluster: PretendCluster
) -> None:
    cluster.put(CONFIG_MAP, config_map("settings", data={"key": "value"}))
    code, out, err = run(*words(files, "--publish", "settings"))
    assert (code, out) == (2, "")
    assert "--publish settings: ConfigMap settings in team is not a report; choose another name" in err
    assert held(cluster, name="settings")["data"] == {"key": "value"}


def test_a_batch_that_comes_at_once_has_no_report_to_publish(files: Path, run: Run, cluster: PretendCluster) -> None:
    line = {"custom_id": "a", "method": "POST", "url": "/v1/completions", "body": {"model": "m", "prompt": "hello"}}
    (files / "batch.jsonl").write_text(json.dumps(line))
    batch = ("simulate", str(files / "fleet"), "--traffic", str(files / "batch.jsonl"), "--publish", "friday")
    code, out, err = run(*batch)
    assert (code, out) == (2, "")
    assert "--publish: all requests of batch.jsonl come at once" in err
    assert not cluster.objects.listed(CONFIG_MAP.title, None, "")
    assert run(*batch, "--window", "1h")[0] == 0
    assert published_report.is_report(held(cluster))


@pytest.mark.parametrize("name", ["Friday", "a_b", "-a", "", "../x", "a" * 254])
def test_a_name_that_no_object_can_have_is_refused_before_anything_is_read(files: Path, run: Run, name: str) -> None:
    code, out, err = run(*words(files, f"--publish={name}"))
    assert (code, out) == (2, "")
    assert "this cannot be an object's name; use small letters" in err


def test_without_a_cluster_or_a_right_it_says_so_first(
    files: Path, run: Run, cluster: PretendCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.forbidden.add(("get", CONFIG_MAP.title))
    code, out, err = run(*words(files, "--publish", "friday"))
    assert (code, out, "configmaps is forbidden" in err) == (2, "", True)
    monkeypatch.setenv("KUBECONFIG", str(files / "none"))
    code, out, err = run(*words(files, "--publish", "friday"))
    assert (code, out, "there is no such file" in err) == (2, "", True)


def test_what_was_played_is_shown_although_it_cannot_be_published(
    files: Path, run: Run, cluster: PretendCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.forbidden.add(("patch", CONFIG_MAP.title))
    code, out, err = run(*words(files, "--publish", "friday"))
    assert (code, "fixed" in out, "not published: " in err) == (2, True, True)
    monkeypatch.setattr(published_report, "LARGEST", 100)
    code, out, err = run(*words(files, "--publish", "friday"))
    assert (code, "fixed" in out) == (2, True)
    assert "kB packed, and an object holds 0 kB; simulate fewer candidates, or write it with --html" in err
