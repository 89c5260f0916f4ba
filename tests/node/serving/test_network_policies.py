"""Who reaches engines and pages where NetworkPolicies are enforced, as this cluster's nftables do."""

import pytest

from fairlead.engines.vllm.http_api import API
from fairlead.objects import ports
from tests.node.operator_stage import NAMESPACE, Deployed
from tests.node.stories import Stage, pod
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("operated")

IDLE = "import time; time.sleep(600)"
CONNECT = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=1.5).close()
    print("open")
except TimeoutError:
    print("closed")
"""


@pytest.mark.trial(16)
def test_unrelated_pods_reach_only_the_client_port(stage: Stage, our_image: str) -> None:
    """In the deployment's own namespace, with the labels of a router of another deployment: still a stranger."""
    stranger = pod("stranger", our_image, IDLE)
    stranger["metadata"]["labels"] |= {"fairlead.dev/deployment": "other", "fairlead.dev/role": "router"}
    stage.apply(stranger)
    chat = Deployed(stage, replicas=1, router={"replicas": 1})
    (engine,) = chat.serves().engines
    (router,) = stage.objects("pods", "fairlead.dev/role=router,fairlead.dev/deployment=chat")
    addresses = {one["metadata"]["name"]: one["status"]["podIP"] for one in stage.objects("pods")}
    eventually(lambda: stage.phases("app=stranger") == {"Running": 1}, "the stranger runs")

    def reaches(source: str, target: str, port: int) -> str:
        return stage.kubectl("exec", source, "--", "python3", "-c", CONNECT, addresses[target], str(port)).strip()

    name = router["metadata"]["name"]
    values = ((name, ports.ROUTER), (name, ports.ROUTER_METRICS), (engine, API.port))
    assert [reaches("stranger", *door) for door in values] == ["open", "closed", "closed"]
    assert reaches(name, engine, API.port) == "open", "its own routers bring requests"
    assert reaches(name, name, ports.ROUTER_METRICS) == "open"
    operator = operator_pod(stage)
    words = (f"--namespace={NAMESPACE}", "exec", operator, "--", "python3", "-c", CONNECT, addresses[engine])
    assert stage.door.kubectl(*words, str(API.port)).strip() == "open", "the operator scrapes engines"


def operator_pod(stage: Stage) -> str:
    """One pod of the operator."""
    selector = "-l=app.kubernetes.io/name=fairlead"
    return stage.door.kubectl(f"--namespace={NAMESPACE}", "get", "pods", selector, "-o", "name").split()[0]
