"""The status matches the cluster: it is computed anew from the cluster's facts whenever things are at rest."""

from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from tests.controller import points
from tests.controller.pretend import Pretend, deployment

ENGINES: Final = "fairlead.dev/deployment=chat,fairlead.dev/role=engine"
ROUTERS: Final = "fairlead.dev/deployment=chat,fairlead.dev/role=router"
SPECS: Final = st.fixed_dictionaries(
    {"context": st.sampled_from([8192, 4096, 10_000_000]), "replicas": st.integers(0, 4)},
    optional={"accelerator": st.sampled_from([{"product": "NVIDIA-L4"}, {"product": "NVIDIA-H100-80GB-HBM3"}])},
)


def is_ready(pod: Manifest) -> bool:
    """By the kubelet's report alone."""
    document = {one["type"]: one["status"] for one in pod.get("status", {}).get("conditions", ())}
    return document.get("Ready") == "True" and "deletionTimestamp" not in pod["metadata"]


def counted(world: Pretend, selector: str) -> tuple[int, int]:
    """Pods that are not terminating, and those of them that are ready."""
    live = world.objects.listed(kinds.POD.title, "default", selector)
    return sum("deletionTimestamp" not in one["metadata"] for one in live), sum(is_ready(one) for one in live)


def expected(world: Pretend, wanted: int) -> dict[str, Any]:
    """The expected status, from pods and nothing that the operator wrote."""
    live, ready = counted(world, ENGINES)
    routers = counted(world, ROUTERS)[1]
    return {
        "replicas": live,
        "readyReplicas": ready,
        "routableReplicas": ready if routers else 0,
        "Available": ready >= wanted - (1 if ready else 0),
        "Routable": wanted == 0 or (ready > 0 and routers > 0),
    }


def status_of(world: Pretend) -> dict[str, Any]:
    """The actual status of the same."""
    status = world.document()["status"]
    found = {name: status[name] for name in ("replicas", "readyReplicas", "routableReplicas")}
    return found | {name: world.condition(name)[0] == "True" for name in ("Available", "Routable")}


@points.DEAR
@given(specs=st.lists(SPECS, min_size=1, max_size=3), gpus=st.integers(1, 4))
def test_the_status_is_what_the_cluster_holds(specs: list[dict[str, Any]], gpus: int) -> None:
    """P28: whenever at rest. What keeps serving while the requested product is absent is not what was requested."""
    world = Pretend(gpus=gpus)
    for spec in specs:
        world.apply(deployment(**spec))
        world.settle()
        if world.condition("Progressing")[1] == "Refused" or not world.engines():
            continue
        assert status_of(world) == expected(world, spec["replicas"])
        whole = status_of(world)["readyReplicas"] == spec["replicas"]
        accepted = world.condition("Accepted")[0] == "True"
        absent = "H100" in str(spec)
        right = world.serving() == world.serving_of(spec["context"]) and not absent
        reported_ready = world.condition("Ready")[0] == "True"
        types = {one["type"] for one in world.document()["status"]["conditions"]}
        assert reported_ready == (accepted and whole) or (absent and not reported_ready)
        assert right or not spec["replicas"] or not reported_ready or "Reconciling" in types
        assert world.document()["status"]["observedGeneration"] == world.document()["metadata"]["generation"]


@points.DEAR
@given(specs=st.lists(SPECS, min_size=1, max_size=3))
def test_no_word_moves_while_nothing_does(specs: list[dict[str, Any]]) -> None:
    """P29: no time, no map order, no name of a pod that changes by itself; refused or not."""
    world = Pretend(gpus=3)
    for spec in specs:
        world.apply(deployment(**spec))
        world.settle()
        before = (world.document()["status"], len(world.server.writes), len(world.event_sink.published))
        world.restart()
        world.now += 7 * world.ROUND
        world.reconcile_now()
        assert (world.document()["status"], len(world.server.writes), len(world.event_sink.published)) == before


def test_a_conditions_transition_time_moves_only_when_its_status_changes() -> None:
    """P29: another message or reason leaves it."""
    world = Pretend(gpus=2)
    world.apply(deployment(replicas=4))
    world.settle()
    before = {one["type"]: one for one in world.document()["status"]["conditions"]}
    world.kube.add_node("node-2", "NVIDIA-L4", 1)
    world.settle()
    after = {one["type"]: one for one in world.document()["status"]["conditions"]}
    assert before["Scheduled"]["message"] != after["Scheduled"]["message"]
    for name in before.keys() & after.keys():
        same = before[name]["status"] == after[name]["status"]
        assert (before[name]["lastTransitionTime"] == after[name]["lastTransitionTime"]) == same


def test_routers_that_say_nothing_leave_it_unknown() -> None:
    """P28: it is unknown, so the status is not False."""
    world = Pretend()
    world.apply(deployment())
    world.settle()
    world.pod_client.silent = True
    world.settle()
    assert world.condition("Routable") == ("Unknown", "RoutersSilent")
    assert world.condition("Ready") == ("Unknown", "RoutersSilent")
    assert world.condition("Available") == ("True", "Available")
