"""The autoscaler counts room on nodes whose taint admission lets the replicas of a deployment tolerate."""

from dataclasses import replace

from fairlead.autoscaler.decision_facts import FactCollector, RoundSnapshot, ScalingCase
from fairlead.cluster.gpu_nodes import GpuRequirement
from fairlead.fleet.policies import ScalingPolicy
from tests.autoscaler.fleets import START, SUBJECT, Clock, PretendSource, PretendWorld, written_at

GPU = "nvidia.com/gpu"
TAINT = {"key": "dedicated", "value": "llm", "effect": "NoSchedule"}


def room(tolerations: list[dict[str, str]]) -> int | None:
    """The room for a deployment with one replica, to which admission gave these tolerations."""
    world = PretendWorld()
    node = {"metadata": {"name": "n1", "uid": "n"}, "spec": {"taints": [TAINT]}, "status": {"allocatable": {GPU: "4"}}}
    world.receive({"apiVersion": "v1", "kind": "Node"} | node)
    labels = {"fairlead.dev/deployment": "chat", "fairlead.dev/role": "engine", "fairlead.dev/revision": "00000001"}
    metadata = {"namespace": "default", "labels": labels, "creationTimestamp": written_at(0)}
    template = {"metadata": {"labels": labels}, "spec": {"containers": []}}
    engine = {"metadata": metadata | {"name": "chat-1", "uid": "d"}, "spec": {"template": template}}
    world.receive({"apiVersion": "apps/v1", "kind": "Deployment"} | engine)
    pod = {"metadata": metadata | {"name": "chat-1-a", "uid": "p"}, "spec": {"tolerations": tolerations}}
    world.receive({"apiVersion": "v1", "kind": "Pod"} | pod)
    document = {"metadata": {"namespace": "default", "name": "chat", "uid": "u", "creationTimestamp": written_at(0)}}
    subject = replace(SUBJECT, place=GpuRequirement(resource=GPU, gpus=1))
    case = ScalingCase(document=document, subject=subject, policy=ScalingPolicy())
    return (
        FactCollector()
        .facts(case, PretendSource(Clock()), RoundSnapshot(cluster=world, now=START, lost_nodes=frozenset()))
        .room
    )


def test_admission_opens_the_nodes_that_the_spec_does_not() -> None:
    assert room([{**TAINT, "operator": "Equal"}]) == 4
    assert room([]) == 0
