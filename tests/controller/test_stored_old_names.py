"""What is stored with a field's old name says so in its condition: whoever applied it got no warning at the time."""

from fairlead.review import deployment_review
from fairlead.review.context import ReviewContext
from tests.controller.gateways.gateway_world import GatewayWorld
from tests.controller.pretend import CATALOGUE, deployment

NOTE = (
    "every setting can work | {0}.door: an object: this is the old name of connections; the next release no longer "
    "reads it, and other messages say connections; rename it to {0}.connections"
)


def test_a_stored_deployment_and_a_gateway_say_which_field_to_rename_until_it_is() -> None:
    world = GatewayWorld()
    world.put_gateway(door={"maxConnections": 9})
    world.apply(deployment(router={"door": {"maxConnections": 9}}))
    world.settle()
    assert (world.condition("Accepted"), world.gateway_condition("Accepted")) == (("True", "Accepted"),) * 2
    assert world.message("Accepted") == NOTE.format("spec.router")
    assert world.gateway_message("Accepted") == NOTE.format("spec")
    world.put_gateway(connections={"maxConnections": 9})
    world.apply(deployment(router={"connections": {"maxConnections": 9}}))
    world.settle()
    assert world.message("Accepted") == world.gateway_message("Accepted") == "every setting can work"


def test_a_deployment_whose_speculation_is_switched_off_says_it_too() -> None:
    engine = {"kind": "Simulated", "context": {"maxTokens": 8192}, "speculation": {"method": "ngram", "tokens": 4}}
    document = deployment(engine=engine, router={"door": {"maxConnections": 9}})
    context = ReviewContext(catalogue=CATALOGUE)
    found = deployment_review.without_speculation(deployment_review.read(document, context), document, context)
    assert found.accepted.reason == "SpeculationOff"
    assert found.accepted.message.count("rename it to spec.router.connections") == 1
