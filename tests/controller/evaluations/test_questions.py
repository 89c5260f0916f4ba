"""What an evaluation asks of two revisions, which may be of two kinds of engine."""

from fairlead.cluster.kinds import Manifest
from fairlead.controller.evaluations import questions
from fairlead.controller.snapshot import DeploymentSnapshot
from fairlead.evaluating.progress import Side
from fairlead.fleet.canaries import CanaryPlan
from fairlead.fleet.desired_state import EngineKind
from fairlead.objects import labels
from fairlead.objects.owner import Owner
from fairlead.planning import canary
from tests.planning.states import T0


def engine(revision: str, *words: str) -> Manifest:
    """The Deployment of one revision."""
    container = {"name": "engine", "command": list(words), "ports": [{"name": "http", "containerPort": 8000}]}
    carried = labels.engine("chat", revision)
    template = {"metadata": {"labels": carried}, "spec": {"containers": [container]}}
    return {"metadata": {"name": f"chat-{revision}", "labels": carried}, "spec": {"template": template}}


def test_two_kinds_on_the_same_port_are_not_mistaken_for_each_other() -> None:
    """Their pages and headers differ: TensorRT-LLM has no header for a priority."""
    engines = (engine("a", "trtllm-serve", "/models/m"), engine("b", "vllm", "serve", "/models/m"))
    observed = DeploymentSnapshot(
        document={}, owner=Owner(namespace="team", name="chat", uid="u"), engines=engines, pods={}, routers=()
    )
    found = questions.revisions(observed, canary.begun("b", "a", CanaryPlan(steps=()), T0))
    assert {side: one.kind for side, one in found.items()} == {
        Side.BASELINE: EngineKind.TENSORRT_LLM,
        Side.CANDIDATE: EngineKind.VLLM,
    }
