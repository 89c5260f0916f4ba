"""On fake nodes with a working lifecycle, pods are as ready as their containers, even when events come late."""

import asyncio
from typing import Any

from campaign.kube import Eye, Kube, Refusal
from campaign.small_kubelet import Kubelet
from campaign.small_nodes import DOWN

Manifest = dict[str, Any]
PODS, NODES = "/api/v1/pods", "/api/v1/nodes"


class Server(Kube):
    """Holds pods and nodes; merges patches, refuses stale ones, and is unavailable for the first."""

    def __init__(self, *objects: Manifest) -> None:
        self.held = {one["metadata"]["name"]: one for one in objects}
        self.away = True
        self.refused = 0

    async def patch(self, path: str, body: Manifest | list[Manifest]) -> None:
        assert isinstance(body, dict)
        if self.away:
            self.away = False
            raise TimeoutError
        pod = self.held[path.split("/")[-2]]
        if body["metadata"]["resourceVersion"] != pod["metadata"]["resourceVersion"]:
            self.refused += 1
            raise Refusal(409, "the object has been modified")
        pod["status"] |= body["status"]

    def ready(self, name: str) -> str:
        words = {one["type"]: one["status"] for one in self.held[name]["status"]["conditions"]}
        return f"{words['ContainersReady']} {words['Ready']}"


class Filled(Eye):
    """Contains these snapshots."""

    def __init__(self, server: Server, *objects: Manifest) -> None:
        super().__init__(server, "")
        for one in objects:
            self._put(one)


def pod(name: str, containers: str, ready: str, node: str = "up", **about: str) -> Manifest:
    conditions = [{"type": "ContainersReady", "status": containers}, {"type": "Ready", "status": ready}]
    return {
        "metadata": {"name": name, "namespace": "lane", "resourceVersion": "7", **about},
        "spec": {"nodeName": node},
        "status": {"phase": "Running", "conditions": conditions},
    }


async def followed(server: Server, pods: Eye, nodes: Eye) -> None:
    kubelet = Kubelet(server)
    with_time = asyncio.create_task(kubelet.follow(pods, nodes))
    await asyncio.sleep(1.0)
    assert not with_time.done()
    kubelet.end()
    await with_time


def test_a_pod_that_was_called_unready_by_an_old_word_about_its_node_is_ready_again() -> None:
    up = {"metadata": {"name": "up"}}
    down = {"metadata": {"name": "down", "annotations": {DOWN: "yes"}}}
    pods = (
        pod("late", "True", "False"),
        pod("hangs", "False", "False"),
        pod("lost", "True", "False", node="down"),
        pod("nowhere", "True", "False", node="gone"),
        pod("leaves", "True", "False", deletionTimestamp="2026-11-22T11:43:09Z"),
    )
    server = Server(*pods)
    asyncio.run(followed(server, Filled(server, *pods), Filled(server, up, down)))
    assert {name: server.ready(name) for name in server.held} == {
        "late": "True True",
        "hangs": "False False",
        "lost": "True False",
        "nowhere": "True False",
        "leaves": "True False",
    }


def test_what_changed_since_it_was_seen_is_left_as_it_is() -> None:
    up = {"metadata": {"name": "up"}}
    before, now = pod("late", "True", "False"), pod("late", "False", "False", resourceVersion="8")
    server = Server(now)
    asyncio.run(followed(server, Filled(server, before), Filled(server, up)))
    assert server.ready("late") == "False False"
    assert server.refused > 0
