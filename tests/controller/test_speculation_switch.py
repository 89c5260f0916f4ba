"""Speculation that costs more than it gains: another revision is the target, the spec stays, the status says why."""

from typing import Any, Final

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from tests.controller.pretend import Pretend, deployment

GUESSES: Final = {
    "kind": "Simulated",
    "context": {"maxTokens": 8192},
    "speculation": {"method": "ngram", "tokens": 4},
}
PLAIN: Final = {"kind": "Simulated", "context": {"maxTokens": 8192}}
SCALING: Final = {"minReplicas": 1, "maxReplicas": 4, "policy": {"name": "interactive"}}


def policy(switch_off: str) -> Manifest:
    """As an SRE writes it."""
    metadata = {"name": "interactive", "namespace": "default"}
    spec = {"speculation": {"switchOff": switch_off}}
    return {"apiVersion": "fairlead.dev/v1alpha1", "kind": "AutoscalingPolicy", "metadata": metadata, "spec": spec}


def recommend(world: Pretend, speculation: Any) -> None:  # noqa: ANN401  # also what nobody should have written
    """Recommend as the autoscaler does."""
    live = world.document()
    status = (live.get("status") or {}) | {"scaling": {"recommended": 2, "speculation": speculation}}
    world.objects.put(kinds.INFERENCE_DEPLOYMENT, live | {"status": status})


def serving(*, switch_off: str | None = "WhenItCosts", engine: Manifest = GUESSES) -> Pretend:
    """Two settled replicas."""
    world = Pretend()
    if switch_off is not None:
        world.objects.put(kinds.AUTOSCALING_POLICY, policy(switch_off))
    world.apply(deployment(replicas=None, scaling=SCALING, engine=engine))
    recommend(world, "On")
    world.settle()
    return world


def revision(world: Pretend) -> str:
    """The only one there is."""
    (found,) = world.engines()
    return found


def commands(world: Pretend) -> str:
    """The engines' commands."""
    return str([pod["spec"]["containers"][0]["args"] for pod in world.engine_pods()])


def test_the_fleet_goes_over_to_the_revision_without_guessing_and_back() -> None:
    world = serving()
    speculation = revision(world)
    recommend(world, "Off")
    world.settle()
    assert revision(world) == revision(serving(engine=PLAIN)) != speculation
    assert "speculative" not in commands(world)
    assert world.condition("Accepted") == ("True", "SpeculationOff")
    assert "AutoscalingPolicy interactive allows" in world.message("Accepted")
    assert world.document()["spec"]["engine"] == GUESSES
    recommend(world, "On")
    world.settle()
    assert (revision(world), world.condition("Accepted")) == (speculation, ("True", "Accepted"))


def test_enough_replicas_serve_at_every_moment_of_it() -> None:
    world = serving()
    recommend(world, "Off")
    least = 2
    for _ in range(20):
        world.rounds()
        least = min(least, len(world.serving()))
    assert least >= 1


@pytest.mark.parametrize("switch_off", ["Never", None])
def test_speculation_is_not_switched_off_unless_a_policy_allows_it(switch_off: str | None) -> None:
    world = serving(switch_off=switch_off)
    before = revision(world)
    recommend(world, "Off")
    world.settle()
    assert (revision(world), world.condition("Accepted")) == (before, ("True", "Accepted"))


def test_a_policy_that_takes_its_leave_back_needs_no_autoscaler() -> None:
    world = serving()
    speculation = revision(world)
    recommend(world, "Off")
    world.settle()
    world.objects.put(kinds.AUTOSCALING_POLICY, policy("Never"))
    world.settle()
    assert revision(world) == speculation


@pytest.mark.parametrize("nonsense", [None, "off", 0, [], {}, False])
def test_only_the_one_word_switches(nonsense: object) -> None:
    world = serving()
    before = revision(world)
    recommend(world, nonsense)
    world.settle()
    assert revision(world) == before


@pytest.mark.parametrize("answer", ["On", "Off"])
def test_a_policy_that_only_recommends_leaves_it_as_it_is(answer: str) -> None:
    world = serving()
    recommend(world, answer)
    world.settle()
    before = revision(world)
    live = world.document()
    scaling = {"mode": "Recommend", "advised": 2}
    world.objects.put(kinds.INFERENCE_DEPLOYMENT, live | {"status": live["status"] | {"scaling": scaling}})
    world.settle()
    assert revision(world) == before


def test_a_deployment_without_speculation_is_left_alone() -> None:
    world = serving(engine=PLAIN)
    before = revision(world)
    recommend(world, "Off")
    world.settle()
    assert (revision(world), world.condition("Accepted")) == (before, ("True", "Accepted"))


def test_a_spec_that_is_refused_stays_refused_while_guessing_is_off() -> None:
    world = serving()
    recommend(world, "Off")
    world.settle()
    before = revision(world)
    wrong = GUESSES | {"speculation": {"method": "eagle3", "tokens": 4}}
    world.apply(deployment(replicas=None, scaling=SCALING, engine=wrong))
    world.settle()
    assert world.condition("Accepted")[0] == "False"
    assert revision(world) == before
