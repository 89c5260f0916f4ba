"""Runs of evaluations that record the questions they get, so that a story can ask the same again, or for others."""

from dataclasses import replace

from fairlead.cluster.kinds import Manifest
from fairlead.controller.evaluations.item_sets import ItemSets
from fairlead.controller.evaluations.quality_runs import QualityQuestion, QualityRuns, RevisionSide, RunnerPods
from fairlead.controller.interfaces import ControllerApiClient, PodAccess
from fairlead.fleet.gate_verdicts import EvaluationVerdict, GateVerdict


class RecordingRuns(QualityRuns):
    """All runs, and the last question of each deployment or adapter."""

    def __init__(self, client: ControllerApiClient, access: PodAccess, sets: ItemSets, work: RunnerPods) -> None:
        super().__init__(client, access, sets, work)
        self.questions: dict[str, QualityQuestion] = {}
        """By the UID."""

    def verdict(self, question: QualityQuestion) -> EvaluationVerdict:
        """The verdict so far."""
        self.questions[question.uid] = question
        return super().verdict(question)

    def gate_verdict(self, question: QualityQuestion) -> GateVerdict:
        """What the gate shows."""
        found = self.verdict(question).verdict
        assert found is not None
        return found


def of_another(question: QualityQuestion, name: str, namespace: str = "default") -> QualityQuestion:
    """The same question of another deployment, whose pods have names of their own."""
    sides = {side: replace(one, pods=_renamed(one, name)) for side, one in question.sides.items()}
    evaluation = question.evaluation._replace(namespace=namespace)
    return replace(question, uid=name, deployment=name, evaluation=evaluation, sides=sides)


def _renamed(side: RevisionSide, name: str) -> tuple[Manifest, ...]:
    named = (f"{name}-{side.revision}-{number}" for number in range(len(side.pods)))
    return tuple(pod | {"metadata": pod["metadata"] | {"name": one}} for pod, one in zip(side.pods, named, strict=True))
