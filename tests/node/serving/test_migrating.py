"""docs/migrating.md as written: from a plain Deployment of vLLM to an InferenceDeployment, and no client notices.

The page's own blocks are applied. Only what needs GPUs is replaced: our image and its simulated engine stand in for
vLLM's.
"""

import re
import shlex
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from fairlead.cli import main
from house.tree import ROOT
from tests.node.operator_stage import Deployed, Operator, answers, engine
from tests.node.serving.claims import Record, unharmed
from tests.node.stories import Manifest, Stage
from tests.node.streams import Traffic
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("operated")

PAGE: Final = ROOT / "docs/migrating.md"
_BLOCK: Final = re.compile(r"^( *)```(yaml|sh)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
GAUGES: Final = ("vllm:num_requests_running", "vllm:num_requests_waiting")
PAGE_OF_POD: Final = "/api/v1/namespaces/{}/pods/{}:8000/proxy/metrics"
OLD: Final = {"app": "old"}


def blocks() -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    """The old containers, the InferenceDeployment that replaces them, and the command that moves the clients."""
    found = [(kind, text) for _, kind, text in _BLOCK.findall(PAGE.read_text(encoding="utf-8"))]
    (_, old), (_, new) = found[:2]
    command = next(text for kind, text in found if kind == "sh" and "kubectl patch" in text)
    return yaml.safe_load(old), yaml.safe_load(new), shlex.split(command.replace("\\\n", ""))


def old_deployment(shown: dict[str, Any], image: str) -> Manifest:
    """The Deployment that serves today, by the page."""
    (container,) = shown["containers"]
    env = [{"name": one["name"], "value": str(one["value"])} for one in engine()["env"]]
    model, *flags = container["args"]
    stand_in = {
        "name": "vllm",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "args": ["engine", "--product=NVIDIA-L4", "--", "vllm", "serve", model.removeprefix("--model="), *flags],
        "env": [*container["env"], *env],
        "ports": [{"containerPort": 8000}],
        "readinessProbe": {"httpGet": {"path": "/health", "port": 8000}, "periodSeconds": 1},
        "resources": container["resources"],
    }
    spec = {"nodeSelector": shown["nodeSelector"], "containers": [stand_in]}
    template = {"metadata": {"labels": OLD}, "spec": spec}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "old"},
        "spec": {"replicas": 2, "selector": {"matchLabels": OLD}, "template": template},
    }


def service(name: str) -> Manifest:
    """The Service in front of a Deployment of vLLM."""
    spec = {"selector": OLD, "ports": [{"port": 80, "targetPort": 8000}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def without_old(words: list[str]) -> list[str]:
    """The page's patch, with the old selector's keys set to null as it says."""
    patch = yaml.safe_load(words[-1])
    patch["spec"]["selector"] |= dict.fromkeys(OLD)
    return [*words[1:-1], yaml.safe_dump(patch)]


def leads_to_routers(address: str) -> bool:
    """An engine shows its metrics to clients, a router does not; a node that learns of a change may reset one."""
    try:
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=10):  # our own door
            return False
    except urllib.error.HTTPError as problem:
        return problem.code == HTTPStatus.NOT_FOUND
    except OSError:
        return False


def in_flight(stage: Stage) -> float:
    """At the old pods, by the two gauges that the page names."""
    pods = [one["metadata"]["name"] for one in stage.objects("pods", "app=old")]
    pages = (stage.kubectl("get", "--raw", PAGE_OF_POD.format(stage.namespace, pod)) for pod in pods)
    lines = (line for page in pages for line in page.splitlines() if line.startswith(GAUGES))
    return sum(float(line.rpartition(" ")[2]) for line in lines)


def test_from_a_plain_deployment_by_the_page_and_no_client_notices(
    stage: Stage, operated: Operator, record_property: Record, tmp_path: Path
) -> None:
    """seeing.6: clients that keep their connections stay with the old pods until they are restarted."""
    old, new, command = blocks()
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "hugging-face"}, "stringData": {"token": "t"}}
    stage.apply(secret, old_deployment(old, operated.image), service("old-name"))
    address = eventually(lambda: stage.door.expose(stage.namespace, "old-name", 80), "a door to the old name")
    eventually(lambda: answers(address), "the old Deployment serves", 60.0)

    began = time.monotonic()
    with ExitStack() as clients:
        before = clients.enter_context(Traffic(address))
        spec = new["spec"] | {"engine": new["spec"]["engine"] | {one: engine()[one] for one in ("kind", "env")}}
        file = tmp_path / "chat.yaml"
        file.write_text(yaml.safe_dump(new | {"spec": spec}), encoding="utf-8")
        assert main.main(["validate", str(file)]) == 0
        chat = Deployed(stage, "chat", **spec)
        chat.serves()
        stage.kubectl(*without_old(command))
        eventually(lambda: leads_to_routers(address), "a new connection to the old name leads to a router")
        with Traffic(address) as after:
            clients.close()
            eventually(lambda: in_flight(stage) == 0, "no request is in flight at an old pod", 60.0)
            stage.kubectl("delete", "deployment", "old")
            after.goes_on(32)
    record_property("migration_seconds", round(time.monotonic() - began, 1))
    unharmed(before.report, record_property)
    unharmed(after.report, record_property)
    assert chat.observe().settled
