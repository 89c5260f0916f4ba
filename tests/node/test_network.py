"""Services and names, from pods, across nodes, and from the host."""

import functools
import http.client
import urllib.request

import pytest

from tests.node.stories import Manifest, Stage, pod, service
from tests.node.test_probes import SERVER, endpoints
from tests.waiting import eventually

FETCH = """
import sys, urllib.request
print(urllib.request.urlopen(sys.argv[1], timeout=5).read().decode())
"""


def on_node(product: str, manifest: Manifest) -> Manifest:
    manifest["spec"]["nodeSelector"] = {"nvidia.com/gpu.product": product}
    return manifest


def fetch(stage: Stage, name: str, url: str) -> str:
    return stage.kubectl("exec", name, "--", "python3", "-c", FETCH, url).strip()


def read(url: str) -> bytes:
    """The answer of a URL; None while there is none."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  # an address of our own
            return bytes(answer.read())
    except (OSError, http.client.HTTPException):
        return b""


@pytest.fixture
def web(stage: Stage, our_image: str) -> Stage:
    """A server on one node, a client on the other, a Service between them."""
    stage.apply(
        on_node("NVIDIA-L4", pod("web", our_image, SERVER)),
        on_node("NVIDIA-A100-SXM4-80GB", pod("client", our_image, SERVER)),
        service("web", 8000),
    )
    eventually(lambda: endpoints(stage, "web") == [True], "the server serves")
    eventually(lambda: stage.phases("app=client") == {"Running": 1}, "the client runs")
    return stage


def test_a_service_answers_by_its_address_and_by_every_form_of_its_name(web: Stage) -> None:
    (found,) = [one for one in web.objects("services") if one["metadata"]["name"] == "web"]
    names = (
        "web",
        f"web.{web.namespace}",
        f"web.{web.namespace}.svc.cluster.local",
        found["spec"]["clusterIP"],
    )
    answers = {name: eventually(functools.partial(fetch, web, "client", f"http://{name}"), name) for name in names}
    assert answers == dict.fromkeys(names, "web")


def test_a_pod_reaches_itself_through_its_own_service(web: Stage) -> None:
    url = f"http://web.{web.namespace}"  # the short name is the pod's own, from /etc/hosts
    assert eventually(lambda: fetch(web, "web", url), "it answers itself") == "web"


def test_a_service_has_a_door_on_this_machine(web: Stage) -> None:
    address = web.door.expose(web.namespace, "web", 80)
    assert address.startswith("127.0.0.1:")
    assert eventually(lambda: read(f"http://{address}"), "it answers") == b"web"
    assert web.door.expose(web.namespace, "web", 80) == address, "asked again, the same door is answered"
