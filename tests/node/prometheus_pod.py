"""A real Prometheus in a test's cluster: Debian's program in a pod, with the jobs of docs/monitoring.md.

It scrapes as a user's would: from a namespace that NetworkPolicies admit, with a token of its own.
"""

import json
import math
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Self

import yaml

from devcluster.door import Door, DoorClosed
from house import prometheus_server
from tests import api_reader
from tests.monitoring import scrape_targets
from tests.node.operator_stage import MONITORING
from tests.waiting import eventually

NAME: Final = "prometheus"
PORT: Final = 9090
PROGRAM: Final = "/prometheus"
FOLDER: Final = Path("/etc/prometheus")
FOUND_EACH_S: Final = 1.0


class Refused(Exception):
    """Prometheus' error for a query."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One series of a result, without samples that are not numbers."""

    labels: Mapping[str, str]
    samples: tuple[tuple[float, float], ...]
    """Time and value."""


class PrometheusPod:
    """One Prometheus during the block; the cluster removes it when it ends."""

    def __init__(self, door: Door, image: str, folder: Path, rules: str, every_s: float) -> None:
        self._door = door
        self._image = image
        self._folder = folder
        self._over = threading.Event()
        self._discovery = threading.Thread(target=self._discover, name="discovery of pods", daemon=True)
        self.every_s = every_s
        settings = scrape_targets.configuration(FOLDER, every_s)
        (folder / "prometheus.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
        (folder / "rules.yaml").write_text(rules, encoding="utf-8")

    def __enter__(self) -> Self:
        self._door.kubectl("create", "namespace", MONITORING)
        self._door.kubectl("create", "serviceaccount", NAME, f"--namespace={MONITORING}")
        for words in scrape_targets.rights():
            self._door.kubectl(*words)
        self._door.kubectl("apply", "-f", "-", text=json.dumps(self._objects()))
        self._discovery.start()
        try:
            self.address = eventually(lambda: self._door.expose(MONITORING, NAME, PORT), "a door to Prometheus")
            eventually(lambda: self.query("vector(1)"), "Prometheus answers", 90.0)
        except BaseException:
            self._over.set()
            raise
        self.since = time.time()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._discovery.ident is not None:
            self._discovery.join()
        self._door.kubectl("delete", "namespace", MONITORING, "--wait=false")
        self._door.kubectl("delete", "clusterrole,clusterrolebinding", "prometheus-fairlead", "--wait=false")

    def query(self, expr: str) -> list[Line]:
        """The current result; empty while nothing answers, or it is still starting."""
        return self._answer("query", {"query": expr})

    def over_time(self, expr: str, step_s: float) -> list[Line]:
        """The result over time, from the first scrape until now."""
        when = {"start": f"{self.since:.3f}", "end": f"{time.time():.3f}", "step": f"{step_s:g}"}
        return self._answer("query_range", {"query": expr} | when)

    def unreached(self) -> list[str]:
        """The targets whose last scrape failed, and why; shown when a test misses an alert."""
        try:
            with urllib.request.urlopen(f"http://{self.address}/api/v1/targets?state=active", timeout=30) as answer:
                found = json.load(answer)["data"]["activeTargets"]
        except OSError as problem:
            return [f"Prometheus: {problem}"]
        bad = [f"{one['scrapeUrl']}: {one['lastError']}" for one in found if one["health"] != "up"]
        return [f"{len(found)} targets", *bad]

    def _answer(self, what: str, words: Mapping[str, str]) -> list[Line]:
        body = urllib.parse.urlencode(words).encode()
        try:
            with urllib.request.urlopen(f"http://{self.address}/api/v1/{what}", body, timeout=30) as answer:  # ours
                found = json.load(answer)["data"]["result"]
        except urllib.error.HTTPError as problem:
            if problem.code == HTTPStatus.SERVICE_UNAVAILABLE:
                return []
            raise Refused(f"{words['query']}: {problem.read().decode()}") from problem
        except OSError:
            return []
        return [_line(one) for one in found]

    def _discover(self) -> None:
        reader = api_reader.reader(self._door.kubeconfig)
        while not self._over.wait(FOUND_EACH_S):
            try:
                scrape_targets.write(self._folder, reader.objects("pods", ""))
            except DoorClosed:
                continue

    def _objects(self) -> dict[str, Any]:
        service = {"selector": {"app": NAME}, "ports": [{"port": PORT}]}
        return {
            "apiVersion": "v1",
            "kind": "List",
            "items": [
                {"apiVersion": "v1", "kind": "Service", "metadata": {"name": NAME, "namespace": MONITORING}}
                | {"spec": service},
                self._pod(),
            ],
        }

    def _pod(self) -> dict[str, Any]:
        """As root, since the folder belongs to the test run."""
        places = {"program": (str(prometheus_server.found()), PROGRAM), "settings": (str(self._folder), str(FOLDER))}
        words = [PROGRAM, f"--config.file={FOLDER}/prometheus.yml", "--storage.tsdb.path=/tsdb", "--log.level=warn"]
        container = {
            "name": NAME,
            "image": self._image,
            "imagePullPolicy": "IfNotPresent",
            "command": words,
            "securityContext": {"runAsUser": 0},
            "volumeMounts": [
                *({"name": name, "mountPath": inside, "readOnly": True} for name, (_, inside) in places.items()),
                {"name": "tsdb", "mountPath": "/tsdb"},
            ],
        }
        volumes: list[dict[str, Any]] = [
            {"name": name, "hostPath": {"path": outside}} for name, (outside, _) in places.items()
        ]
        spec = {
            "serviceAccountName": NAME,
            "terminationGracePeriodSeconds": 2,
            "containers": [container],
            "volumes": [*volumes, {"name": "tsdb", "emptyDir": {}}],
        }
        metadata = {"name": NAME, "namespace": MONITORING, "labels": {"app": NAME}}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def _line(one: Mapping[str, Any]) -> Line:
    samples = one.get("values") or [one["value"]]
    numbers = ((float(when), float(value)) for when, value in samples)
    return Line(labels=one["metric"], samples=tuple(each for each in numbers if not math.isnan(each[1])))
