"""Which pods a deployment is scaled by: its own routers, or those of its gateway."""

from fairlead.autoscaler import deployment_pods
from fairlead.autoscaler.samples.scrape_targets import ScrapeTarget
from fairlead.cluster.kinds import Manifest
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.router_keys import RouterKeys
from tests.autoscaler.fleets import PretendWorld, deployment, pod, written_at

KEYS = RouterKeys(secret=b"s" * 32)


def router_of(gateway: str, number: int, *, ready: bool = True, created: float = 0) -> Manifest:
    """A router pod of a gateway."""
    made = pod(gateway, "router", number)
    labels = {name: text for name, text in made["metadata"]["labels"].items() if name != "fairlead.dev/deployment"}
    made["metadata"] |= {
        "labels": labels | {"fairlead.dev/gateway": gateway},
        "namespace": "platform",
        "creationTimestamp": written_at(created),
    }
    made["status"]["conditions"][0]["status"] = "True" if ready else "False"
    return made


def joined() -> Manifest:
    """A deployment of a gateway in another namespace."""
    document = deployment("chat")
    document["spec"]["gateway"] = {"name": "front", "namespace": "platform"}
    return document


def routers(world: PretendWorld, document: Manifest) -> list[ScrapeTarget]:
    """The routers that are scraped for it."""
    family = deployment_pods.of(world, document)
    targets = deployment_pods.targets(family, document, EngineKind.SIMULATED, KEYS)
    return [one for one in targets if one.kind is None]


def test_a_deployment_of_a_gateway_is_scaled_by_what_the_gateways_routers_say_of_it() -> None:
    world = PretendWorld()
    world.receive(pod("chat", "engine", 0))
    world.receive(router_of("front", 1, created=-600))
    world.receive(router_of("front", 2, ready=False))
    world.receive(router_of("back", 3))
    (one,) = routers(world, joined())
    assert one == ScrapeTarget(
        uid="uid-front-router-1/team/chat",
        namespace="platform",
        name="front-router-1",
        ip="10.0.0.2",
        kind=None,
        deployment="team/chat",
        key=KEYS.bearer("platform", "gateway/front"),
    )
    assert one.path == "/fairlead/v1/endpoints?deployment=team/chat"


def test_two_deployments_have_samples_of_their_own_from_one_router() -> None:
    world = PretendWorld()
    world.receive(router_of("front", 1))
    other = joined()
    other["metadata"] |= {"name": "code"}
    uids = {one.uid for document in (joined(), other) for one in routers(world, document)}
    assert uids == {"uid-front-router-1/team/chat", "uid-front-router-1/team/code"}


def test_while_a_deployment_joins_a_gateway_its_own_routers_are_scraped() -> None:
    world = PretendWorld()
    world.receive(pod("chat", "router", 0))
    world.receive(router_of("front", 1))
    (one,) = routers(world, joined())
    assert (one.name, one.path) == ("chat-router-0", "/fairlead/v1/endpoints")
    assert one.key == KEYS.bearer("team", "chat")


def test_where_no_router_of_the_gateway_is_ready_the_missing_samples_are_noticed() -> None:
    world = PretendWorld()
    world.receive(router_of("front", 1, ready=False))
    assert [one.name for one in routers(world, joined())] == ["front-router-1"]


def test_while_a_deployment_goes_to_another_kind_each_engine_is_scraped_as_its_own() -> None:
    """The spec names the new kind; the old replicas serve until the rollout is over."""
    world, document = PretendWorld(), deployment("chat")
    engines = [pod("chat", "engine", number) for number in range(4)]
    for one, words in zip(engines, (["vllm", "serve"], ["trtllm-serve"], ["sglang", "serve"], []), strict=True):
        port = 30000 if words[:1] == ["sglang"] else 8000
        container = {"name": "engine", "command": words, "ports": [{"name": "http", "containerPort": port}]}
        world.receive(one | {"spec": one["spec"] | {"containers": [container] if words else []}})
    found = deployment_pods.targets(deployment_pods.of(world, document), document, EngineKind.SGLANG, KEYS)
    assert [(one.kind, one.host + one.path) for one in found] == [
        (EngineKind.VLLM, "10.0.0.1:8000/metrics"),
        (EngineKind.TENSORRT_LLM, "10.0.0.2:8000/prometheus/metrics"),
        (EngineKind.SGLANG, "10.0.0.3:30000/metrics"),
        (EngineKind.SGLANG, "10.0.0.4:30000/metrics"),
    ]
