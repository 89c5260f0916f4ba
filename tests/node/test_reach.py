"""Logs, exec and port-forward: what a kubectl user expects of any cluster."""

from devcluster.door import Existing
from tests.node.stories import Stage, pod, service
from tests.node.test_network import read
from tests.node.test_probes import SERVER
from tests.waiting import eventually
from tests.worlds import kubectl_of


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
        assert eventually(lambda: read(f"http://{address}"), "it answers") == b"web"
    finally:
        outside.close()


def test_the_same_door_opens_to_a_cluster_that_was_there_before(stage: Stage) -> None:
    outside = Existing(stage.door.kubeconfig, kubectl_of(stage.door))
    assert stage.namespace in outside.kubectl("get", "namespaces", "-o", "name")
    outside.close()
