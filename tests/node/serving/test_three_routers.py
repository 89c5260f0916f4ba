"""Three routers in front of a fleet under load: planned changes cost no answer, a kill only what the router held.

Clients see what a kill costs. A process is killed with SIGKILL from outside its pod, as the kernel does when memory
runs out.
"""

import sys
import time
from typing import Final

import pytest

from devcluster.door import Embedded
from tests.node.operator_stage import Deployed, Pages
from tests.node.serving.claims import Record, unharmed
from tests.node.serving.test_leaving import routers
from tests.node.serving.test_router import replaced
from tests.node.stories import Stage
from tests.node.streams import StreamResult, Traffic, report
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("operated")

ROUTERS: Final = 3
CLIENTS: Final = 16
SEVERAL: Final = 3
"""Of this many requests, not all are unstreamed, and not all lack a first token."""
RECOVERED_S: Final = 10.0
"""After a router was killed: the kubelet reports it, and kube-proxy stops sending clients there."""
ERROR_EVENT: Final = "APIError"
"""The official client's type for an error event within a stream; for a connection that ends it is another."""
KILL: Final = """
import os, signal, sys
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        with open(f"/proc/{pid}/environ", "rb") as variables, open(f"/proc/{pid}/cmdline", "rb") as line:
            if f"HOSTNAME={sys.argv[1]}".encode() in variables.read().split(b"\\0") and b"fairlead" in line.read():
                os.kill(int(pid), signal.SIGKILL)
                print(pid)
    except OSError:
        pass
"""


def test_router_rollout_pod_deletion_and_engine_scaling_lose_no_reply(stage: Stage, record_property: Record) -> None:
    """router.14: the routers' rollout, one of them deleted, engines up and down."""
    chat = three_routers(stage, replicas=2)
    with Traffic(chat.address(), clients=CLIENTS) as traffic:
        replaced(stage, chat)
        traffic.goes_on()
        stage.kubectl("delete", "pod", staying_routers(stage)[0], "--wait=false")
        traffic.goes_on()
        for replicas in (4, 2):
            chat.scale(replicas)
            chat.serves()
            traffic.goes_on()

    unharmed(traffic.report, record_property)


def test_a_killed_engine_costs_what_it_held_and_each_stream_ends_with_an_error_event(
    cluster: Embedded, stage: Stage, record_property: Record
) -> None:
    """router.14: a request without a byte yet is answered by another engine."""
    chat = three_routers(stage, replicas=3)
    with Traffic(chat.address(), clients=CLIENTS) as traffic:
        traffic.goes_on()
        pages = chat.pages()
        killed(cluster, eventually(lambda: busy(pages), "an engine with several answers of one router"))
        traffic.goes_on(4 * CLIENTS)

    found = traffic.report
    record_property("requests", found.requests)
    record_property("failed_beyond_a_killed_engine", len(found.failed))
    silently = [one for one in found.cut if f": {ERROR_EVENT}: " not in one]
    record_property("ended_with_an_error_event", len(found.cut) - len(silently))
    record_property("ended_silently", len(silently))
    assert (found.failed, silently) == ((), [])
    assert 0 < len(found.cut) <= CLIENTS


def test_a_killed_router_costs_what_it_held_and_the_others_go_on(
    cluster: Embedded, stage: Stage, record_property: Record
) -> None:
    """router.14: connections end with their process, and the kernel refuses new ones until the Service leads elsewhere.

    Clients of other routers notice nothing.
    """
    chat = three_routers(stage, replicas=2)
    with Traffic(chat.address(), clients=CLIENTS) as traffic:
        traffic.goes_on()
        at = time.monotonic()
        killed(cluster, staying_routers(stage)[0])
        traffic.goes_on(4 * CLIENTS)
        eventually(lambda: time.monotonic() > at + RECOVERED_S, "the Service leads elsewhere", 2 * RECOVERED_S)
        traffic.goes_on(2 * CLIENTS)

    lost = [one for one in traffic.results if one.flaw]
    record_property("requests", len(traffic.results))
    record_property("lost_with_a_router", len(lost))
    record_property("seconds_with_losses", max((one.ended - at for one in lost), default=0.0))
    later = [one for one in traffic.results if one.ended > at + RECOVERED_S]
    record_property("failed_later", sum(1 for one in later if one.flaw))
    assert len(later) >= 2 * CLIENTS
    assert report(later).failed == report(later).cut == ()
    assert [one.flaw for one in lost if not is_of_a_connection(one)] == []


def three_routers(stage: Stage, replicas: int) -> Deployed:
    chat = Deployed(stage, replicas=replicas, router={"replicas": ROUTERS})
    chat.serves()
    eventually(lambda: len(routers(stage)) == ROUTERS, "three routers")
    stage.kubectl("rollout", "status", f"deployment/{chat.name}-router", "--timeout=80s")
    return chat


def staying_routers(stage: Stage) -> list[str]:
    """Those that were not deleted."""
    found = stage.objects("pods", "fairlead.dev/role=router")
    return [one["metadata"]["name"] for one in found if "deletionTimestamp" not in one["metadata"]]


def busy(router: Pages) -> str:
    """The engine of which a router holds most answers, where these are several; else empty."""
    inflight = router.inflight()
    most = max(inflight, key=lambda pod: inflight[pod])
    return most if inflight[most] >= SEVERAL else ""


def killed(cluster: Embedded, pod: str) -> None:
    """Kill its process, from the cluster's host."""
    assert cluster.inside(sys.executable, "-c", KILL, pod).split(), f"no process of {pod}"


def is_of_a_connection(one: StreamResult) -> bool:
    """It broke, or could not be opened: no router answered."""
    return any(name in one.flaw for name in ("APIConnectionError", "RemoteProtocolError", "ReadError"))
