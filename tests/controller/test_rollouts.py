"""A change of what serves: no serving replica goes for one that cannot serve, whatever users change."""

import json
from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st

from fairlead.cluster import kinds
from tests.controller import points
from tests.controller.pretend import Pretend, deployment

Edit = dict[str, Any]

RULES: Final = st.sampled_from(
    [
        {"strategy": "Replace", "maxUnavailable": 1},
        {"strategy": "Replace", "maxUnavailable": 2},
        {"strategy": "Surge", "maxSurge": 1, "maxUnavailable": 0},
        {"strategy": "Surge", "maxSurge": 2, "maxUnavailable": 1},
    ]
)
EDITS: Final = st.lists(
    st.tuples(st.sampled_from([8192, 4096, 2048]), st.sampled_from([2, 3, 4]), st.integers(1, 4)),
    min_size=1,
    max_size=5,
)


@points.DEAR
@given(rules=RULES, edits=EDITS)
def test_a_change_of_mind_never_costs_more_than_the_rollout_may(rules: Edit, edits: list[tuple[int, int, int]]) -> None:
    """P16: in every round enough serve, and no more GPUs are held than requested and spare ones."""
    world = Pretend(gpus=8)
    world.apply(deployment(replicas=3, rollout=rules))
    world.settle()
    least, most, ready = 3, 3, 3
    excused: set[str] = set()
    for context, replicas, rounds in edits:
        world.apply(deployment(replicas=replicas, context=context, rollout=rules))
        least, most = min(ready, least, replicas), max(most, replicas)
        for _ in range(rounds):
            world.rounds()
            ready = len(world.serving())
            assert ready >= least - rules.get("maxUnavailable", 0)
            excused |= leaving(world, context)
            there = {pod["metadata"]["name"] for pod in world.engine_pods()}
            assert len(there - excused) <= most + rules.get("maxSurge", 0)
    world.settle()
    assert len(world.serving()) == edits[-1][1]


def leaving(world: Pretend, context: int) -> set[str]:
    """Pods that drain although the spec has come back to theirs: to scale up beside them is no rollout."""
    ending = [pod for pod in world.engine_pods() if "deletionTimestamp" in pod["metadata"]]
    return {pod["metadata"]["name"] for pod in ending if str(context) in json.dumps(pod["spec"]["containers"])}


def test_a_revert_in_the_middle_keeps_what_serves() -> None:
    """P16: the replicas of the old revision that still serve are the ones that stay."""
    world = Pretend(gpus=4)
    world.apply(deployment(replicas=3))
    world.settle()
    world.apply(deployment(replicas=3, context=4096))
    world.rounds(3)
    left = world.serving()
    world.apply(deployment(replicas=3))
    for _ in range(12):
        world.rounds()
        assert left & world.serving() == left & world.serving_of(8192)
    assert len(world.serving()) == 3


def test_a_refused_spec_keeps_every_pod_that_serves() -> None:
    """P15: and its count may still be changed."""
    world = Pretend()
    world.apply(deployment())
    world.settle()
    served = world.serving()
    world.apply(deployment(context=10_000_000))
    world.settle()
    assert world.serving() == served
    assert world.condition("Accepted") == ("False", "Refused")
    assert world.condition("Ready") == ("False", "Refused")
    assert world.message("Ready").endswith("; 2 replicas keep serving")
    world.apply(deployment(context=10_000_000, replicas=3))
    world.settle()
    assert served < world.serving()
    world.apply(deployment(context=10_000_000, replicas=0))
    world.settle()
    assert world.serving() == set()
    assert world.condition("Ready") == ("False", "Refused")


def test_a_first_spec_that_is_refused_starts_nothing() -> None:
    """P15: there is nothing to keep, and nothing is created."""
    world = Pretend()
    world.apply(deployment(context=10_000_000))
    world.settle()
    assert +world.server.made == {}
    assert world.condition("Stalled") == ("True", "Refused")


def test_a_paused_rollout_still_counts() -> None:
    """P16: while paused, more replicas are added to what serves."""
    world = Pretend()
    world.apply(deployment())
    world.settle()
    (old,) = world.engines()
    world.apply(deployment(replicas=3, context=4096, rollout={"paused": True}))
    world.settle()
    assert world.engines() == {old: 3}
    assert world.condition("Progressing") == ("Unknown", "Paused")
    world.apply(deployment(replicas=3, context=4096))
    world.settle()
    assert old not in world.engines()


def test_while_engines_change_to_another_kind_both_kinds_can_be_reached() -> None:
    """Routers read the port of each pod; the network must admit them to it until the last old replica is gone."""
    world = Pretend(gpus=4)
    world.apply(deployment(replicas=2))
    world.settle()
    (old,) = world.engines()
    before = open_ports(world)
    world.apply(deployment(replicas=2, engine={"kind": "Simulated-SGLang", "context": {"maxTokens": 8192}}))
    world.reconcile_now()
    during = open_ports(world)
    world.settle()
    assert old not in world.engines()
    assert (before, during, open_ports(world)) == ([8000], [30000, 8000], [30000])


def open_ports(world: Pretend) -> list[int]:
    """The ports of engines to which routers are admitted."""
    wall = world.objects.held[(kinds.NETWORK_POLICY.title, "default", "chat-engine")]
    return [one["port"] for one in wall["spec"]["ingress"][0]["ports"]]
