"""The router with all features on, under load: whatever comes, goes or changes around it, no client notices."""

import base64
import http.client
import json
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Final

import pytest

from tests.node.operator_stage import Deployed, engine
from tests.node.serving.claims import Record, unharmed
from tests.node.serving.test_leaving import drained, routers
from tests.node.stories import Manifest, Stage
from tests.node.streams import NO_KEY, Traffic
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("operated")

SHOP, RESEARCH, LATER = "shop-key-1", "research-key-1", "research-key-2"
KEYS: Final = {"shop": SHOP, "research": RESEARCH}
CLIENTS: Final = 24
"""Three times as many as in the other tests: some always wait for a slot."""
FILE_SECONDS: Final = 150.0
"""A kubelet writes a changed ConfigMap or Secret into running pods within about a minute and a half; ours sooner."""
EVERYTHING: Final[dict[str, Any]] = {
    "bands": [{"name": "product", "priority": 100, "reserved": "0.10"}, {"name": "experiments", "priority": 10}],
    "tenants": [
        {"name": "shop", "keys": [{"name": "keys", "key": "shop"}], "band": "product", "weight": 3},
        {
            "name": "research",
            "keys": [{"name": "keys", "key": "research"}],
            "band": "experiments",
            "tokensPerMinute": 10_000_000,
            "maxConcurrency": 100,
            "explain": True,
        },
    ],
    "limits": {"maxPromptTokens": 7000, "maxOutputTokens": 1000, "maxQueueTime": "60s"},
    "lanes": {"long": {"minPromptTokens": 4000}, "batch": {}},
    "balancing": {"cacheSalt": True},
    "timeouts": {"total": "60s"},
    "cache": {"enabled": True},
    "hedging": {"enabled": True},
}


def test_scaling_rollout_drain_and_new_routers_in_one_day_of_traffic(stage: Stage, record_property: Record) -> None:
    """One traffic through all of them, so that leftovers of one meet the next."""
    chat = with_everything(stage, replicas=3)
    chat.serves()
    with Traffic(chat.address(), clients=CLIENTS, keys=tuple(KEYS.values())) as traffic:
        chat.scale(2)
        chat.serves()
        traffic.goes_on()
        chat.apply(engine=engine(context=4096))
        node = chat.serves().pods[0]["spec"]["nodeName"]
        traffic.goes_on()
        try:
            drained(stage, node)
            chat.serves()
            traffic.goes_on()
        finally:
            stage.door.kubectl("uncordon", node)
        replaced(stage, chat)
        traffic.goes_on()

    unharmed(traffic.report, record_property)


def test_a_changed_setting_and_a_new_key_reach_running_routers(stage: Stage, record_property: Record) -> None:
    chat = with_everything(stage)
    chat.serves()
    before = routers(stage)
    with Traffic(chat.address(), keys=tuple(KEYS.values())) as traffic:
        stage.apply(secret(KEYS | {"later": LATER}))
        tenants = [*EVERYTHING["tenants"], {"name": "later", "keys": [{"name": "keys", "key": "later"}]}]
        chat.apply(router=EVERYTHING | {"tenants": tenants, "limits": {"maxPromptTokens": 6000}})
        eventually(lambda: status(chat.address(), LATER) == 200, "the new tenant's key opens", FILE_SECONDS)
        traffic.goes_on()

    unharmed(traffic.report, record_property)
    assert routers(stage) == before
    assert status(chat.address(), NO_KEY) == 401


def test_routers_scaled_by_another_controller_keep_their_replica_count(stage: Stage, record_property: Record) -> None:
    """As an HPA of their Deployment does; the operator's next edit leaves it too."""
    chat = with_everything(stage, replicas=1)
    chat.serves()
    with Traffic(chat.address(), keys=tuple(KEYS.values())) as traffic:
        stage.kubectl("scale", f"deployment/{chat.name}-router", "--replicas=3")
        eventually(lambda: len(routers(stage)) == 3, "three routers")
        chat.apply(router=EVERYTHING | {"timeouts": {"total": "61s"}})
        stage.kubectl("rollout", "status", f"deployment/{chat.name}-router", "--timeout=80s")
        traffic.goes_on()

    unharmed(traffic.report, record_property)
    (found,) = stage.objects("deployments", "fairlead.dev/role=router")
    assert found["spec"]["replicas"] == 3


@pytest.mark.trial(16)
def test_behind_a_certificate_everything_still_is_seen_by_those_who_may(stage: Stage, tmp_path: Path) -> None:
    """Probes over HTTPS; the operator and Prometheus read routers' pages where they are, with a key or a token."""
    stage.apply(certificate(tmp_path))
    chat = with_everything(stage, replicas=1, router={"connections": {"tls": {"secretName": "certificate"}}})
    assert chat.serves().status["endpoint"].startswith("https://")
    (service,) = stage.objects("services", "fairlead.dev/role=router")
    assert [one["port"] for one in service["spec"]["ports"]] == [443]
    pages = chat.pages()
    stage.kubectl("create", "serviceaccount", "prometheus")
    stage.apply(*may_scrape(stage.namespace))
    prometheus, stranger = (stage.kubectl("create", "token", name).strip() for name in ("prometheus", "default"))
    keys = (None, prometheus, "", "wrong", stranger)
    assert [pages.get("/metrics", key)[0] for key in keys] == [200, 200, 401, 401, 403]
    assert [pages.get("/fairlead/v1/endpoints", key)[0] for key in keys] == [200, 403, 401, 401, 403]
    assert pages.get("/health", "")[0] == 200


def with_everything(stage: Stage, replicas: int = 2, router: Manifest | None = None) -> Deployed:
    stage.apply(secret(KEYS))
    return Deployed(stage, replicas=replicas, router=EVERYTHING if router is None else router)


def replaced(stage: Stage, chat: Deployed) -> None:
    """A rollout of the routers, as an upgrade of the operator causes it."""
    router = f"deployment/{chat.name}-router"
    stage.kubectl("rollout", "restart", router)
    stage.kubectl("rollout", "status", router, "--timeout=80s")


def secret(keys: dict[str, str]) -> Manifest:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "stringData": keys}


def may_scrape(namespace: str) -> tuple[Manifest, Manifest]:
    """What a Prometheus is usually granted."""
    api, metadata = "rbac.authorization.k8s.io", {"name": f"{namespace}-scraper"}
    rules = [{"nonResourceURLs": ["/metrics"], "verbs": ["get"]}]
    role = {"apiVersion": f"{api}/v1", "kind": "ClusterRole", "metadata": metadata, "rules": rules}
    reference = {"apiGroup": api, "kind": "ClusterRole", "name": metadata["name"]}
    subjects = [{"kind": "ServiceAccount", "name": "prometheus", "namespace": namespace}]
    binding = {"apiVersion": f"{api}/v1", "kind": "ClusterRoleBinding", "metadata": metadata}
    return role, binding | {"roleRef": reference, "subjects": subjects}


def certificate(folder: Path) -> Manifest:
    """Self-signed: nobody here verifies it."""
    paths = [folder / "tls.key", folder / "tls.crt"]
    words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=chat"]
    subprocess.run(
        ["openssl", *words, "-keyout", str(paths[0]), "-out", str(paths[1])], check=True, capture_output=True
    )
    data = {path.name: base64.b64encode(path.read_bytes()).decode() for path in paths}
    kind = {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls"}
    return kind | {"metadata": {"name": "certificate"}, "data": data}


def status(address: str, key: str) -> int:
    """The status that a client with this key gets."""
    text = json.dumps({"model": "chat", "max_tokens": 1, "messages": [{"role": "user", "content": "hello"}]})
    heads = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"http://{address}/v1/chat/completions", text.encode(), heads)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310  # an address of our own
            return int(answer.status)
    except urllib.error.HTTPError as problem:
        return problem.code
    except (OSError, http.client.HTTPException):
        return 0
