"""Whatever state the operator finds, and however it came about, the end is what the spec says."""

from collections.abc import Callable
from functools import cache
from typing import Any, Final

from hypothesis import example, given
from hypothesis import strategies as st

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from tests.controller import points
from tests.controller.pretend import Pretend, deployment

Spec = dict[str, Any]

OTHERWISE: Final[dict[str, Manifest]] = {
    "ConfigMap": {"data": {"router.json": "{}"}},
    "Role": {"rules": []},
    "RoleBinding": {"subjects": []},
    "Deployment": {"spec": {"replicas": 7}},
    "Service": {"spec": {"selector": {"app": "shop"}}},
    "NetworkPolicy": {"spec": {"ingress": []}},
}
"""What another client would write into a child."""


def _of_another_spec(live: Manifest) -> None:
    for field, value in OTHERWISE.get(live["kind"], {}).items():
        live[field] = value if field != "spec" else live["spec"] | value


def _without_notes(live: Manifest) -> None:
    live["metadata"]["annotations"] = {}


def _without_labels(live: Manifest) -> None:
    """Informers select by label: nobody owns a revision without labels, until its owner is deleted."""
    if "fairlead.dev/revision" not in live["metadata"]["labels"]:
        live["metadata"]["labels"] = {}


EDITS: Final[tuple[Callable[[Manifest], None], ...]] = (_of_another_spec, _without_notes, _without_labels)
MODEL: Final = {"source": "hf://meta-llama/Llama-3.1-8B-Instruct"}
CHILDREN: Final = 12
"""More than there are."""
DEEDS: Final = st.sampled_from(["stays", "is removed", *EDITS])

COUNTED: Final[Spec] = {"replicas": 2}
"""A router whose count we own; otherwise the count belongs to others, and would be a trace of their writes."""

SPECS: Final[st.SearchStrategy[Spec]] = st.fixed_dictionaries(
    {"context": st.sampled_from([8192, 4096, 2048]), "replicas": st.integers(0, 3)},
    optional={
        "rollout": st.sampled_from([{"strategy": "Surge", "maxSurge": 1}, {"maxUnavailable": 2}, {"paused": True}]),
        "router": st.sampled_from([COUNTED | {"replicas": 1}, COUNTED | {"limits": {"maxQueued": 7}}]),
        "placement": st.sampled_from([{"priorityClassName": "high"}, {"nodeSelector": {"absent": "yes"}}]),
        "model": st.just({"source": "hf://nobody/knows"}),
    },
)


def _starts(spec: Spec) -> bool:
    """Whether it can be completed; a paused spec, and one that cannot start, keep what they find."""
    return (
        bool(spec["replicas"]) and not spec.get("rollout", {}).get("paused") and not {"placement", "model"} & set(spec)
    )


LAST: Final[st.SearchStrategy[Spec]] = SPECS.filter(_starts)


@cache
def at_rest() -> Pretend:
    """A settled world of one deployment, as the start of others."""
    world = Pretend(gpus=4)
    world.apply(counted())
    world.settle()
    return world


def counted(**spec: Any) -> Manifest:  # noqa: ANN401  # fields of a spec
    """A deployment that states its number of routers."""
    return deployment(**({"router": COUNTED} | spec))


def settled(*specs: Spec) -> Pretend:
    """A world where these specs followed one another, each brought to rest."""
    world = at_rest().twin() if specs[0] == {} else Pretend(gpus=4)
    for spec in specs:
        world.apply(counted(**spec))
        world.settle()
    return world


def children(world: Pretend) -> list[Manifest]:
    """Every owned object except pods."""
    held = (one for where, one in sorted(world.objects.held.items()) if where[0] != kinds.POD.title)
    return [one for one in held if one["metadata"].get("ownerReferences")]


@points.DEAR
@given(deeds=st.lists(DEEDS, min_size=CHILDREN, max_size=CHILDREN), rounds=st.integers(0, 5))
def test_any_mixture_of_children_becomes_what_the_spec_says(deeds: list[Any], rounds: int) -> None:
    """P2: absent, edited, of an older revision, or all at once."""
    clean = settled({}, {"context": 4096})
    world = settled({})
    world.apply(counted(context=4096))
    world.rounds(rounds)
    for live, deed in zip(children(world), deeds, strict=False):
        if deed == "is removed":
            world.kube.delete(kinds.of(live), "default", live["metadata"]["name"])
        elif callable(deed):
            edited = live | {"metadata": dict(live["metadata"])}
            deed(edited)
            world.objects.put(kinds.of(live), edited)
    world.restart()
    world.settle()
    assert world.fingerprint() == clean.fingerprint()


@points.DEAR
@given(first=SPECS, second=SPECS, last=LAST, rounds=st.integers(0, 6))
@example(first={}, second={"context": 10_000_000}, last={}, rounds=6)
@example(first={}, second={"placement": {"nodeSelector": {"absent": "yes"}}}, last={"context": 4096}, rounds=6)
def test_the_way_to_a_spec_leaves_no_trace(first: Spec, second: Spec, last: Spec, rounds: int) -> None:
    """P13: also through one that is refused, never becomes ready, or is replaced before it completes."""
    straight = settled(first, last)
    world = settled(first)
    world.apply(counted(**second))
    world.rounds(rounds)
    world.apply(counted(**last))
    world.settle()
    assert world.fingerprint() == straight.fingerprint()


@points.DEAR
@given(good=LAST, bad=SPECS)
def test_a_bad_spec_and_its_reversal_change_no_serving_replica(good: Spec, bad: Spec) -> None:
    """P14: serving replicas go on when the bad one cannot start, and the old state returns."""
    world = settled(good)
    before, served = world.fingerprint(), world.serving()
    engine = {"kind": "Simulated", "context": {"maxTokens": 10_000_000}}
    world.apply(counted(**(bad | {"replicas": good["replicas"], "engine": engine, "model": MODEL})))
    world.rounds(3)
    world.apply(counted(**good))
    world.settle()
    assert (world.fingerprint(), world.serving()) == (before, served)
