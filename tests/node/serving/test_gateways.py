"""One address for several deployments, under load: models move in and out, routes and tenants change, targets go."""

import urllib.error
import urllib.request
from typing import Any, Final

import pytest

from tests.node.operator_stage import Deployed, answers, engine
from tests.node.serving.claims import Record, unharmed
from tests.node.serving.test_leaving import routers
from tests.node.serving.test_router import secret, status
from tests.node.stories import Manifest, Stage
from tests.node.streams import NO_KEY, Traffic
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("operated")

NAME: Final = "company"
KEYS_SECONDS: Final = 150.0
"""A kubelet writes a changed Secret into running pods within about a minute and a half; ours sooner."""
ROUTES_SECONDS: Final = 20.0


@pytest.fixture
def gateway(stage: Stage) -> "Gateway":
    """Without routes: what joins is served under its own name."""
    return Gateway(stage)


class Gateway:
    """One InferenceGateway of a test."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._spec: dict[str, Any] = {}

    def apply(self, **changes: object) -> None:
        """Apply it, with these fields of its spec changed."""
        self._spec |= changes
        kind = {"apiVersion": "fairlead.dev/v1alpha1", "kind": "InferenceGateway"}
        self._stage.apply(kind | {"metadata": {"name": NAME}, "spec": self._spec})

    def address(self) -> str:
        """An address that leads to its routers."""
        door = eventually(lambda: self._stage.door.expose(self._stage.namespace, f"{NAME}-gateway", 80), "a door")
        eventually(lambda: answers(door), "the Service leads to a router")
        return door

    def message(self, kind: str) -> str:
        """The message of one of its conditions."""
        (document,) = self._stage.objects("infg")
        found: list[Manifest] = document.get("status", {}).get("conditions", ())
        return next((str(one["message"]) for one in found if one["type"] == kind), "")


def test_a_model_moves_into_a_gateway_and_out_again_and_no_client_notices(
    stage: Stage, gateway: Gateway, record_property: Record
) -> None:
    """Its clients keep their address: the deployment's Service leads to the gateway meanwhile."""
    chat = Deployed(stage)
    chat.serves()
    own = routers(stage)
    before = chat.observe().engines
    with Traffic(chat.address()) as traffic:
        gateway.apply()
        chat.apply(gateway={"name": NAME})
        eventually(lambda: not set(own) & set(routers(stage)), "its own routers have gone", 120.0)
        chat.serves()
        traffic.goes_on()
        assert f"//{NAME}-gateway." in chat.observe().status["endpoint"]
        shared = routers(stage)
        chat.apply(gateway=None)
        eventually(lambda: set(routers(stage)) - set(shared), "routers of its own", 120.0)
        chat.serves()
        traffic.goes_on()
        eventually(lambda: f"//{chat.name}-router." in chat.observe().status["endpoint"], "its own address again")
        traffic.goes_on()

    unharmed(traffic.report, record_property)
    assert chat.observe().engines == before, "no engine was touched"


def test_routes_and_tenants_change_and_a_target_goes_under_load(
    stage: Stage, gateway: Gateway, record_property: Record
) -> None:
    stage.apply(secret({"shop": "shop-key"}) | {"metadata": {"name": f"{NAME}-keys"}})
    small, large = joined(stage, "small"), joined(stage, "large")
    single: dict[str, Any] = {"name": "chat", "deployment": "small"}
    gateway.apply(models=[single], tenants=[{"name": "shop"}])
    small.serves()
    large.serves()
    address, served = gateway.address(), routers(stage)
    eventually(lambda: answered_by(address) == "small", "the route is known")
    with Traffic(address, keys=("shop-key",)) as traffic:
        weights = [{"deployment": "small", "weight": 0}, {"deployment": "large", "weight": 1}]
        gateway.apply(models=[{"name": "chat", "strategy": "Weighted", "weighted": weights}])
        eventually(lambda: answered_by(address) == "large", "the weights are known", ROUTES_SECONDS)
        traffic.goes_on()
        rule = {"name": "short", "when": {"maxPromptTokens": 4000}, "deployment": "small"}
        ruled = {"name": "chat", "strategy": "Rules", "deployment": "large", "rules": [rule]}
        gateway.apply(models=[ruled | {"fallback": {"deployments": ["large"]}}])
        eventually(lambda: answered_by(address) == "small", "the rules are known", ROUTES_SECONDS)
        stage.apply(secret({"shop": "shop-key", "later": "later-key"}) | {"metadata": {"name": f"{NAME}-keys"}})
        gateway.apply(tenants=[{"name": "shop"}, {"name": "later"}])
        stage.kubectl("delete", "infd", "small", "--wait=false")
        eventually(lambda: answered_by(address) == "large", "the fallback answers", 60.0)
        traffic.goes_on()
        eventually(lambda: status(address, "later-key") == 200, "the new tenant's key opens", KEYS_SECONDS)
        traffic.goes_on()

    unharmed(traffic.report, record_property)
    assert routers(stage) == served, "no router restarted"
    assert status(address, NO_KEY) == 401
    eventually(lambda: "there is no such InferenceDeployment" in gateway.message("Accepted"), "who is missing is said")


def joined(stage: Stage, name: str) -> Deployed:
    """A deployment of the gateway, of one replica."""
    model = {"source": "hf://meta-llama/Llama-3.1-8B-Instruct", "servedName": name}
    return Deployed(stage, name, model=model, engine=engine(), replicas=1, gateway={"name": NAME})


def answered_by(address: str) -> str:
    """The deployment that answers a request for `chat`, by the router's header; empty where none does."""
    text = b'{"model": "chat", "max_tokens": 1, "messages": [{"role": "user", "content": "hello"}]}'
    heads = {"Authorization": "Bearer shop-key", "Content-Type": "application/json"}
    request = urllib.request.Request(f"http://{address}/v1/chat/completions", text, heads)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310  # an address of our own
            return str(answer.headers.get("x-fairlead-target", "")).rpartition("/")[2]
    except (urllib.error.URLError, OSError):
        return ""
