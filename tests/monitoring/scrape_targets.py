"""Pods as Prometheus' Kubernetes discovery describes them, for a build without it, such as Debian's.

The scrape jobs are those of docs/monitoring.md, with target files in place of the discovery.
"""

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from house.tree import ROOT

PAGE: Final = ROOT / "docs/monitoring.md"
DISCOVERY: Final = "kubernetes_sd_configs"
META: Final = "__meta_kubernetes_"
_SHOWN: Final = re.compile(r"^```yaml\n(rule_files: .*?)^```", re.MULTILINE | re.DOTALL)
_LET_IN: Final = re.compile(r"these commands give it access.*?```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
_NO_LETTER: Final = re.compile(r"[^a-zA-Z0-9_]")

Manifest = Mapping[str, Any]


def documented() -> dict[str, Any]:
    """The configuration on the page."""
    (shown,) = _SHOWN.findall(PAGE.read_text(encoding="utf-8"))
    return dict(yaml.safe_load(shown))


def rights() -> list[list[str]]:
    """The arguments of the page's `kubectl` commands that give Prometheus its rights."""
    (shown,) = _LET_IN.findall(PAGE.read_text(encoding="utf-8"))
    return [shlex.split(line)[1:] for line in shown.replace("\\\n", "").splitlines() if line.startswith("kubectl ")]


def configuration(folder: Path, every_s: float) -> dict[str, Any]:
    """The same for this folder of targets, with this interval for scrapes and evaluations."""
    every = f"{every_s:g}s"
    jobs = [
        {name: value for name, value in job.items() if name != DISCOVERY}
        | {"file_sd_configs": [{"files": [str(folder / file_of(job))], "refresh_interval": "5s"}]}
        for job in documented()["scrape_configs"]
    ]
    speed = {"scrape_interval": every, "scrape_timeout": every, "evaluation_interval": every}
    return {"global": speed, "rule_files": [str(folder / "rules.yaml")], "scrape_configs": jobs}


def file_of(job: Manifest) -> str:
    """The target file of a job."""
    return f"{job['job_name']}.json"


def write(folder: Path, pods: Sequence[Manifest]) -> None:
    """Write the targets of every job; a reader never sees a partial file."""
    for job in documented()["scrape_configs"]:
        places = {name for one in job[DISCOVERY] for name in one.get("namespaces", {}).get("names", ())}
        chosen = [one for one in pods if not places or one["metadata"]["namespace"] in places]
        whole = folder / f"{file_of(job)}.new"
        whole.write_text(json.dumps([each for pod in chosen for each in targets(pod)]), encoding="utf-8")
        whole.rename(folder / file_of(job))


def targets(pod: Manifest) -> Iterator[dict[str, Any]]:
    """One target for each named port of a pod, once it has an address; none for a pod that has ended."""
    status, metadata = pod.get("status", {}), pod["metadata"]
    if not status.get("podIP") or status.get("phase") in {"Succeeded", "Failed"}:
        return
    labels = {f"{META}namespace": metadata["namespace"], f"{META}pod_name": metadata["name"]}
    labels |= {f"{META}pod_label_{_NO_LETTER.sub('_', name)}": text for name, text in metadata["labels"].items()}
    noted = metadata.get("annotations") or {}
    labels |= {f"{META}pod_annotationpresent_{_NO_LETTER.sub('_', name)}": "true" for name in noted}
    for container in pod["spec"]["containers"]:
        for port in container.get("ports", ()):
            named = {f"{META}pod_container_name": container["name"]}
            named |= {f"{META}pod_container_port_name": port.get("name", "")}
            yield {"targets": [f"{status['podIP']}:{port['containerPort']}"], "labels": labels | named}
