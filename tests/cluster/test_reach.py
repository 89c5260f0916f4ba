"""Logs, exec and port-forward: what a person with kubectl expects of any cluster."""

import subprocess
import urllib.request

from devcluster.door import Existing
from tests.cluster.stories import Stage, eventually, pod, service
from tests.cluster.test_network import SERVER
from tests.cluster.worlds import kubectl_of


def test_logs_are_what_the_process_wrote(stage: Stage, our_image: str) -> None:
    stage.apply(pod("talker", our_image, "print('hello from the pod'); import time; time.sleep(600)"))
    assert eventually(lambda: stage.kubectl("logs", "talker"), "it spoke") == "hello from the pod\n"


def test_exec_runs_in_the_pod_as_its_own_user(stage: Stage, our_image: str) -> None:
    stage.apply(pod("host", our_image, "import time; time.sleep(600)"))
    eventually(lambda: stage.phases("app=host") == {"Running": 1}, "it runs")
    who = stage.kubectl("exec", "host", "--", "python3", "-c", "import os; print(os.getuid(), os.environ['HOSTNAME'])")
    assert who == "65532 host\n"


def test_port_forward_leads_into_the_pod(stage: Stage, our_image: str) -> None:
    stage.apply(pod("web", our_image, SERVER), service("web", 8000))
    eventually(lambda: stage.phases("app=web") == {"Running": 1}, "it runs")
    outside = Existing(stage.door.kubeconfig, kubectl_of(stage.door))
    try:
        address = outside.expose(stage.namespace, "web", 80)
        ask = urllib.request.Request(f"http://{address}")
        assert eventually(lambda: _read(ask), "it answers") == b"web"
    finally:
        outside.close()


def test_the_same_door_opens_to_a_cluster_that_was_there_before(stage: Stage) -> None:
    outside = Existing(stage.door.kubeconfig, kubectl_of(stage.door))
    assert stage.namespace in outside.kubectl("get", "namespaces", "-o", "name")
    outside.close()


def _read(ask: urllib.request.Request) -> bytes:
    try:
        with urllib.request.urlopen(ask, timeout=5) as answer:
            return bytes(answer.read())
    except (OSError, subprocess.SubprocessError):
        return b""
