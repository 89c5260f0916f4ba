"""A service with two routers and what these logged, in a pretend cluster."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from fairlead.cluster.kinds import AUTOSCALING_POLICY, INFERENCE_DEPLOYMENT, POD
from fairlead.objects import labels
from fairlead.objects.labels import ChildRole
from tests.cli.candidate_files import CANDIDATES
from tests.cli.pretend_cluster import LONG_AGO, PretendCluster, running

BEGAN = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)


def line(number: int, **more: object) -> str:
    """A stream with an L40S's timing, every half second."""
    moment = (BEGAN + timedelta(seconds=number / 2)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    usual: dict[str, object] = {"time": moment, "request_id": f"r{number}", "status": 200, "stream": True}
    return json.dumps(usual | {"prompt_tokens": 800, "output_tokens": 100, "ttft_ms": 100.0, "tpot_ms": 20.0} | more)


def log(*lines: str) -> bytes:
    """As a container writes it: process output before its requests."""
    return "\n".join(("INFO listening on 8080", *lines, "")).encode()


def objects() -> dict[str, dict[str, Any]]:
    found = {one["metadata"]["name"]: one for one in yaml.safe_load_all(CANDIDATES)}
    for one in found.values():
        one["metadata"] |= {"namespace": "team", "resourceVersion": "7", "uid": "u"}
    return found


def router(
    cluster: PretendCluster, name: str, content: bytes, gateway: str | None = None, started: str = LONG_AGO
) -> None:
    owner, of = (labels.DEPLOYMENT, "scaled") if gateway is None else (labels.GATEWAY, gateway)
    about = {"name": name, "namespace": "team", "labels": labels.child(of, ChildRole.ROUTER, owner)}
    runs = {"name": "router", "state": {"running": {"startedAt": started}}}
    status = {"containerStatuses": [{"name": "istio-proxy", "state": {}}, runs]}
    cluster.put(POD, {"apiVersion": "v1", "kind": "Pod", "metadata": about, "status": status})
    cluster.logs[name] = content
    cluster.log_begins[name] = started


@contextmanager
def served(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PretendCluster]:
    """One deployment with a policy, whose two routers saw half of the requests each."""
    with running(folder) as (cluster, kubeconfig):
        monkeypatch.setenv("KUBECONFIG", kubeconfig)
        monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
        cluster.put(INFERENCE_DEPLOYMENT, objects()["scaled"] | {"status": {"observedGeneration": 1}})
        cluster.put(AUTOSCALING_POLICY, objects()["chat"])
        router(cluster, "scaled-router-a", log(*(line(number) for number in range(0, 600, 2))))
        router(cluster, "scaled-router-b", log(*(line(number) for number in range(1, 600, 2))))
        yield cluster
