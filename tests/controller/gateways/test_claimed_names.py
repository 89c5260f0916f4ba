"""A model name that two deployments of a gateway claim: which of them its clients reach."""

from datetime import timedelta

from tests.controller.gateways.gateway_world import GatewayWorld
from tests.controller.pretend import deployment


def routes(world: GatewayWorld) -> dict[str, str]:
    """The target of each model."""
    return {one["name"]: one["target"] for one in world.configuration()["routes"]}


def test_a_name_that_two_deployments_claim_is_given_to_the_first_and_reported() -> None:
    world = GatewayWorld()
    world.put_gateway()
    for name in ("one", "two"):
        model = {"source": "hf://meta-llama/Llama-3.1-8B-Instruct", "servedName": "llama"}
        world.join(name, model=model, replicas=1)
    world.settle()
    assert routes(world) == {"llama": "default/one"}
    assert world.gateway_condition("Accepted") == ("True", "Accepted")
    assert (
        "spec.models: llama: default/two is served under this name, too, and default/one has it: clients do not reach "
        "default/two by it; add a route with another name that leads there"
    ) in world.gateway_message("Accepted")


def test_who_has_a_name_keeps_it_when_another_deployment_joins_that_claims_it_too() -> None:
    """Else those who may join a gateway could take another team's clients, prompts and answers."""
    world = GatewayWorld()
    world.put_gateway()
    model = {"source": "hf://meta-llama/Llama-3.1-8B-Instruct", "servedName": "llama"}
    world.join("search", model=model, replicas=1)
    world.settle()
    world.now += timedelta(days=30)
    world.join("ads", model=model, replicas=1)
    world.restart()
    world.settle()
    assert routes(world) == {"llama": "default/search"}
    assert "llama: default/ads is served under this name, too" in world.gateway_message("Accepted")
    world.apply(deployment("search", model=model, gateway=None, replicas=1))
    world.settle()
    assert routes(world) == {"llama": "default/ads"}


def test_of_deployments_that_claim_a_free_name_the_oldest_gets_it() -> None:
    model = {"source": "hf://meta-llama/Llama-3.1-8B-Instruct", "servedName": "llama"}
    world = GatewayWorld()
    for name, world.objects.moment in (("search", "2026-11-20T12:00:00Z"), ("ads", "2026-11-20T13:00:00Z")):
        world.join(name, model=model, replicas=1)
    world.put_gateway()
    world.settle()
    assert routes(world) == {"llama": "default/search"}
