"""The operator with exactly the chart's rights on an API server that enforces them: none missing, none unused.

The proxy records every request; each granted right must have been needed by one of them.
"""

import asyncio
import base64
import json
import re
import ssl
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

from devcluster.cache import Cache
from devcluster.door import Embedded
from devcluster.setup import tools
from fairlead.cluster import connection
from house import chart_manifests
from house.chart_manifests import NAMESPACE
from tests.apiserver import rights
from tests.apiserver.objects_beside import ADAPTER, EVALUATION
from tests.apiserver.rights import Right
from tests.controller.pretend import deployment
from tests.faults.operator import OperatorProcess, own_host
from tests.faults.proxy import Proxy
from tests.faults.small_cluster import small_cluster
from tests.review.bad_hurts import HURTS

WITHIN_S: Final = 180.0
ITEM: Final = '{"id": 17, "input": "Which city hosts the Louvre?", "target": "Paris"}'
"""One is too few for a canary, which admission knows once it was counted."""
"""How long the operator's next step may take on a busy machine."""
GUARDS_OWNERS: Final = {
    Right("update", f"{plural}.fairlead.dev/finalizers") for plural in ("inferencedeployments", "inferencegateways")
}
"""Needed by no request of its own: this API server requires it whenever a child may block its owner's deletion."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """An operator with only the chart's rights."""

    door: Embedded
    proxy: Proxy
    operator: OperatorProcess

    async def kubectl(self, *words: str, text: str | None = None) -> str:
        """Run as the administrator, outside the event loop."""
        return await asyncio.to_thread(lambda: self.door.kubectl(*words, text=text))

    async def apply(self, *manifests: dict[str, Any]) -> None:
        """Apply as a user."""
        listed = {"apiVersion": "v1", "kind": "List", "items": list(manifests)}
        await self.kubectl("apply", "-f", "-", text=json.dumps(listed))

    async def until(self, words: str, *get: str, gone: bool = False) -> None:
        """Wait until kubectl's output contains these words, or does no more."""
        seen, began = await self.kubectl(*get), asyncio.get_running_loop().time()
        while (words in seen) is gone:
            if asyncio.get_running_loop().time() > began + WITHIN_S:
                log = self.operator.log.read_text(encoding="utf-8")[-3000:]
                raise AssertionError(f"{words!r} {'stayed' if gone else 'was not'} in {get}: {seen}\n{log}")
            await asyncio.sleep(0.2)
            seen = await self.kubectl(*get)

    async def until_needed(self, *needed: Right) -> None:
        """Wait until requests have needed these rights; at the time-out the test names those that none needed."""
        until = asyncio.get_running_loop().time() + WITHIN_S
        while asyncio.get_running_loop().time() < until and not set(needed) <= rights.used(self.proxy):
            await asyncio.sleep(0.1)


@pytest.fixture(scope="module")
def small() -> Iterator[Embedded]:
    """A cluster with the chart's roles and no operator of the chart."""
    with small_cluster(gpus=4) as door:
        yield door


@asynccontextmanager
async def scene(
    door: Embedded, values: Mapping[str, Any] | None = None, flags: tuple[str, ...] = (), host: str = ""
) -> AsyncIterator[Scene]:
    """The chart's objects without its Deployment, and an operator process that acts as its account."""
    chart = chart_manifests.template(tools.ensure(Cache.chosen(), ("helm",)) / "helm", values)
    kept = [one for one in chart if one["kind"] not in {"Deployment", "PodDisruptionBudget"}]
    await asyncio.to_thread(lambda: door.kubectl("create", "namespace", NAMESPACE))
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": [_without_webhook_rules(one) for one in kept]})
    await asyncio.to_thread(lambda: door.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", text=listed))
    token = await asyncio.to_thread(lambda: door.kubectl("create", "token", "fairlead", "-n", NAMESPACE))
    where = {"KUBECONFIG": str(door.kubeconfig)}
    with tempfile.TemporaryDirectory() as folder:
        async with await connection.connect(where) as way, Proxy(await way.credentials()).served() as proxy:
            path = proxy.kubeconfig_through(Path(folder) / "kubeconfig", token.strip())
            operator = OperatorProcess(
                kubeconfig=path, folder=Path(folder), host=host or own_host(), flags=flags, lease_namespace=NAMESPACE
            )
            operator.start()
            try:
                await asyncio.to_thread(operator.wait_ready)
                yield Scene(door=door, proxy=proxy, operator=operator)
            finally:
                await asyncio.to_thread(operator.kill)


@pytest.mark.trial(11)
@pytest.mark.trial(12)
@pytest.mark.trial(17)
def test_every_right_is_needed_and_none_is_missing(
    small: Embedded, record_property: Callable[[str, object], None]
) -> None:
    """controller.5"""
    chart = chart_manifests.template(tools.ensure(Cache.chosen(), ("helm",)) / "helm")
    granted = rights.granted(chart)
    used = asyncio.run(_used(small))
    record_property("granted", len(granted))
    record_property("used", len(used))
    unused = sorted(granted - used - GUARDS_OWNERS)
    assert (unused, sorted(used - granted)) == ([], [])


async def _used(door: Embedded) -> set[Right]:
    async with scene(door) as one:
        await _a_whole_life(one)
        await _reviews(one)
        await _new_certificates(one)
        log = one.operator.log.read_text(encoding="utf-8")
        assert not re.search(r"\b403\b", log), log
        return rights.used(one.proxy)


async def _a_whole_life(one: Scene) -> None:
    """With references to everything, fewer replicas, a checked revision, and children of an earlier release."""
    env = [{"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "mode"}}}]
    template = {"configMap": {"name": "settings", "key": "mode"}}
    engine = {"kind": "Simulated", "context": {"maxTokens": 8192}, "env": env, "chatTemplate": template}
    document = deployment(engine=engine, storage={"cache": {"claimName": "models"}}, prePull=True)
    document["spec"]["model"]["tokenSecret"] = {"name": "hf", "key": "token"}
    policy = {
        "apiVersion": "fairlead.dev/v1alpha1",
        "kind": "AutoscalingPolicy",
        "metadata": {"name": "calm"},
        "spec": {},
    }
    await one.apply(*_named(), policy, EVALUATION, ADAPTER, document)
    await one.until("NoAdapterSlots", "get", "adp", "sql", "-o", "json")
    await one.until("1", "get", "evaluation", "support", "-o", "jsonpath={.status.items}")
    await one.until("Complete", "get", "infd", "chat", "-o", "yaml")
    stripped = json.dumps([{"op": "remove", "path": "/metadata/labels"}])
    name = (await one.kubectl("get", "pod", "-l", "fairlead.dev/role=engine", "-o", "name")).split()[0]
    await one.kubectl("patch", name, "--type=json", "-p", stripped)
    await one.until("fairlead.dev/role", "get", name, "-o", "yaml")
    await _crashed(one, name)
    await one.kubectl("scale", "infd", "chat", "--replicas=1")
    await one.until("chat   1", "get", "infd", "-o", "custom-columns=N:.metadata.name,R:.status.readyReplicas")
    await one.kubectl("delete", "service", "chat-router")
    await one.until("chat-router", "get", "service")
    route = {"name": "chat", "strategy": "Single", "deployment": "chat"}
    gateway = {"apiVersion": "fairlead.dev/v1alpha1", "kind": "InferenceGateway", "metadata": {"name": "door"}}
    await one.apply(gateway | {"spec": {"models": [route]}}, *await _earlier_children(one))
    document["spec"] |= {
        "replicas": 1,
        "rollout": {"strategy": "Canary", "canary": {"steps": [{"gates": ["Quality"]}]}},
    }
    await one.apply(document)
    await one.until("gate Quality compares answers", "get", "infd", "chat", "-o", "json")
    assert "chat-router" in await one.kubectl("get", CHILDREN)
    del document["spec"]["rollout"], document["spec"]["prePull"]
    await one.apply(document)
    await one.until("chat-earlier", "get", CHILDREN, gone=True)
    document["spec"]["engine"] |= {"context": {"maxTokens": 4096}}
    await one.apply(document)
    deleted = ("deployments.apps", "daemonsets.apps", "pods")
    await one.until_needed(*(Right("delete", name) for name in deleted))


async def _crashed(one: Scene, name: str) -> None:
    """An engine whose termination message does not say why it ended, so that its log is read."""
    ended = {"exitCode": 1, "reason": "Error", "message": "RuntimeError: See root cause above."}
    status = {"name": "engine", "ready": False, "restartCount": 1, "image": "i", "imageID": "i"}
    status |= {"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": ended}}
    patch = json.dumps({"status": {"containerStatuses": [status]}})
    await one.kubectl("patch", name, "--subresource=status", "--type=merge", "-p", patch)
    await one.until_needed(Right("get", "pods/log"))


CHILDREN: Final = "deploy,svc,cm,sa,role,rolebinding,pdb,netpol"


async def _earlier_children(one: Scene) -> list[dict[str, Any]]:
    """One of each kind under a name that this release does not use, owned as its own are."""
    found = json.loads(await one.kubectl("get", CHILDREN, "-l", "fairlead.dev/deployment=chat", "-o", "json"))
    by_kind = {child["kind"]: child for child in found["items"] if child["metadata"]["name"] == "chat-router"}
    for child in by_kind.values():
        kept = {key: child["metadata"][key] for key in ("namespace", "labels", "ownerReferences")}
        child["metadata"] = kept | {"name": "chat-earlier"}
        child.pop("status", None)
        for given in ("clusterIP", "clusterIPs"):
            child.get("spec", {}).pop(given, None)
    return list(by_kind.values())


async def _reviews(one: Scene) -> None:
    """Send reviews as the API server would: of objects that name others, so that each of our kinds is looked up."""
    scaled = deployment()
    scaled["spec"] |= {"scaling": {"minReplicas": 1, "maxReplicas": 2, "policy": {"name": "calm"}}}
    del scaled["spec"]["replicas"]
    tenants = [{"name": "shop", "budget": {"maxCost": "25"}}]
    gateway: dict[str, Any] = {"models": [{"name": "chat", "strategy": "Single", "deployment": "chat"}]}
    gateway |= {"tenants": tenants, "external": [{"name": "far", "url": "https://api.example.com/v1", "model": "m"}]}
    joins = deployment("joins")
    joins["spec"] |= {"gateway": {"name": "door"}}
    judged = deployment("judged", replicas=3)
    canary = {"steps": [{"gates": ["Quality"]}], "quality": {"evaluation": "support"}}
    judged["spec"] |= {"rollout": {"strategy": "Canary", "canary": canary}}
    answer: dict[str, Any] = {}
    for document in (
        scaled,
        joins,
        {
            "apiVersion": "fairlead.dev/v1alpha1",
            "kind": "InferenceGateway",
            "metadata": {"name": "door", "namespace": "default"},
            "spec": gateway,
        },
    ):
        answer = await _reviewed(one, document)
        assert answer["response"]["allowed"], answer
    assert any("the budget of shop refuses none of them" in warning for warning in answer["response"]["warnings"]), (
        answer
    )
    answer = await _reviewed(one, judged)
    assert "spec.rollout.canary.quality" in answer["response"]["status"]["message"], answer
    for row in HURTS:
        assert isinstance(row.given, dict)
        named = {"name": "bad", "namespace": "default"}
        answer = await _reviewed(one, row.given | {"metadata": named})
        assert not answer["response"]["allowed"], row.story
        assert row.wording in answer["response"]["status"]["message"], answer


async def _reviewed(one: Scene, document: dict[str, Any]) -> dict[str, Any]:
    plural = {"InferenceDeployment": "inferencedeployments", "InferenceGateway": "inferencegateways"}[document["kind"]]
    resource = {"group": "fairlead.dev", "version": "v1alpha1", "resource": plural}
    request = {"uid": "1", "operation": "CREATE", "object": document, "userInfo": {"username": "somebody"}}
    review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}
    request |= {
        "resource": resource,
        "kind": {"group": "fairlead.dev", "version": "v1alpha1", "kind": document["kind"]},
    }
    secret = json.loads(await one.kubectl("get", "secret", "fairlead-webhook", "-n", NAMESPACE, "-o", "json"))
    trust = ssl.create_default_context(cadata=base64.b64decode(secret["data"]["ca.crt"]).decode())
    url = f"https://{one.operator.host}:9443/validate"
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            url, json=review | {"request": request}, ssl=trust, server_hostname=f"fairlead-webhook.{NAMESPACE}.svc"
        ) as answer,
    ):
        return dict(await answer.json())


async def _new_certificates(one: Scene) -> None:
    """A Secret that is no longer valid is rewritten by the next one that starts."""
    broken = json.dumps({"data": {"tls.crt": base64.b64encode(b"no certificate").decode()}})
    await one.kubectl("patch", "secret", "fairlead-webhook", "-n", NAMESPACE, "--type=merge", "-p", broken)
    assert await asyncio.to_thread(one.operator.stop) == 0
    one.operator.start()
    await asyncio.to_thread(one.operator.wait_ready)
    await one.until_needed(Right("update", "secrets"))


def _named() -> tuple[dict[str, Any], ...]:
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, "storageClassName": ""}
    return (
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "hf"}, "stringData": {"token": "t"}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"mode": "quiet"}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "questions"}, "data": {"items.jsonl": ITEM}},
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "models"}, "spec": claim},
    )


def _without_webhook_rules(one: dict[str, Any]) -> dict[str, Any]:
    """The API server of this test cannot reach a Service, and need not call it."""
    if one["kind"] != "ValidatingWebhookConfiguration":
        return one
    return one | {"webhooks": [hook | {"rules": []} for hook in one["webhooks"]]}
