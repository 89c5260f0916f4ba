"""HTTPRoutes on a real API server, with the Gateway API's own CRD, which is installed after the operator started.

The operator has exactly the chart's rights for it. The CRD is read from the Go module that publishes it.
"""

import asyncio
import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from devcluster.cache import Cache
from devcluster.door import Embedded
from devcluster.setup import go_build, tools
from house import chart_manifests
from tests.apiserver import rights
from tests.apiserver.rights import Right
from tests.apiserver.test_operator_rights import Scene, scene
from tests.faults.small_cluster import small_cluster

MODULE: Final = "sigs.k8s.io/gateway-api"
DEFINITION: Final = "config/crd/standard/gateway.networking.k8s.io_httproutes.yaml"
VALUES: Final = {"rbac": {"gatewayAPI": True}}
ROUTES: Final = "httproutes.gateway.networking.k8s.io"
APPEARS_WITHIN_S: Final = 45.0
"""As docs/gateway.md says: half a minute until the kind is looked up again, 15 s until the object is."""
PARENT: Final = {"name": "public", "sectionName": "https", "port": 443}
PUBLIC: Final = {"parentRefs": [PARENT], "hostnames": ["a.example"]}


@pytest.fixture(scope="module")
def small() -> Iterator[Embedded]:
    """A cluster without the Gateway API."""
    with small_cluster(gpus=4) as door:
        yield door


def definition(version: str) -> Path:
    """The file of one release; the checksum database verifies the module."""
    words = ["go", "mod", "download", "-json", f"{MODULE}@{version}"]
    environment = go_build.environment(Cache.chosen())
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=environment)
    return Path(json.loads(done.stdout)["Dir"]) / DEFINITION


def test_a_route_comes_with_its_definition_and_lives_by_the_charts_rights(
    small: Embedded, record_property: Callable[[str, object], None]
) -> None:
    helm = tools.ensure(Cache.chosen(), ("helm",)) / "helm"
    granted = rights.granted(chart_manifests.template(helm, VALUES))
    used, seconds = asyncio.run(_story(small))
    record_property("seconds_until_the_kind_is_used", seconds)
    assert seconds < APPEARS_WITHIN_S
    own = {one for one in granted if one.resource == ROUTES}
    assert own == {Right(verb, ROUTES) for verb in ("get", "list", "watch", "create", "patch", "delete")}
    assert (sorted(own - used), sorted(used - granted)) == ([], [])


async def _story(door: Embedded) -> tuple[set[Right], float]:
    async with scene(door, VALUES, ("--gateway-api",)) as one:
        await _gateway(one, httpRoute=PUBLIC)
        await _answers(one, "GatewayApiAbsent")
        began = time.monotonic()
        # A definition without timeouts makes the API server itself return an error, which must not stop other messages.
        await one.kubectl("apply", "--server-side", "-f", str(await asyncio.to_thread(definition, "v1.1.0")))
        await _answers(one, "timeouts: field not declared in schema")
        seconds = time.monotonic() - began
        await one.kubectl("apply", "--server-side", "-f", str(await asyncio.to_thread(definition, "v1.2.1")))
        await one.until("front-gateway", "get", ROUTES, "-A", "--ignore-not-found")
        await _answered_and_mended(one)
        # The definition of a later release, with more defaults, changes nothing of a route.
        await one.kubectl("apply", "--server-side", "-f", str(await asyncio.to_thread(definition, "v1.4.0")))
        before = await _route(one)
        await asyncio.sleep(5)
        await _gateway(one, httpRoute=PUBLIC, replicas=1)
        await one.until("1", "get", "deploy", "front-gateway", "-o", "jsonpath={.spec.replicas}")
        assert (await _route(one))["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
        await _gateway(one, replicas=1)
        await _gone(one)
        log = one.operator.log.read_text(encoding="utf-8")
        assert not re.search(r"\b403\b", log), log
        assert log.count("trying again") <= 1, log
        return rights.used(one.proxy), seconds


async def _answered_and_mended(one: Scene) -> None:
    """A Gateway refuses, then another client changes host names, and all is restored."""
    route = await _route(one)
    (rule,) = route["spec"]["rules"]
    assert (rule["timeouts"], rule["backendRefs"][0]["name"]) == ({"request": "15m5s"}, "front-gateway")
    await _answers(one, "RoutePending")
    condition = {
        "type": "Accepted",
        "status": "False",
        "reason": "NotAllowedByListeners",
        "message": "no listener allows it",
        "observedGeneration": route["metadata"]["generation"],
        "lastTransitionTime": "2026-11-20T12:00:00Z",
    }
    parent = {"parentRef": PARENT, "controllerName": "example.com/g", "conditions": [condition]}
    patch = json.dumps({"status": {"parents": [parent]}})
    await one.kubectl("patch", ROUTES, "front-gateway", "--subresource=status", "--type=merge", "-p", patch)
    await _answers(one, "no listener allows it")
    await one.kubectl(
        "patch", ROUTES, "front-gateway", "--type=merge", "-p", '{"spec": {"hostnames": ["evil.example"]}}'
    )
    await one.until('["a.example"]', "get", ROUTES, "front-gateway", "-o", "jsonpath={.spec.hostnames}")
    version = (await _route(one))["metadata"]["resourceVersion"]
    await asyncio.sleep(5)
    assert (await _route(one))["metadata"]["resourceVersion"] == version


async def _gateway(one: Scene, **spec: object) -> None:
    head: dict[str, Any] = {"apiVersion": "fairlead.dev/v1alpha1", "kind": "InferenceGateway"}
    await one.apply(head | {"metadata": {"name": "front", "namespace": "default"}, "spec": spec})


async def _answers(one: Scene, words: str) -> None:
    await one.until(words, "get", "infg", "front", "-o", 'jsonpath={.status.conditions[?(@.type=="RouteAccepted")]}')


async def _route(one: Scene) -> dict[str, Any]:
    return dict(json.loads(await one.kubectl("get", ROUTES, "front-gateway", "-o", "json")))


async def _gone(one: Scene) -> None:
    for _ in range(100):
        if not (await one.kubectl("get", ROUTES, "-A", "--ignore-not-found")).strip():
            return
        await asyncio.sleep(0.2)
    raise AssertionError("the route stays")
