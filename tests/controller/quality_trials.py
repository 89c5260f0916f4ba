"""A cluster that tries a changed context by its answers to an evaluation; the candidate gets some wrong."""

import json
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Any, Final

from fairlead.api import kinds as ours
from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.controller.evaluations.evaluation_reconcile import EvaluationReconciler
from fairlead.controller.evaluations.quality_runs import QualityQuestion
from fairlead.fleet.gate_verdicts import GateVerdict
from fairlead.review.context import ObjectKey
from tests.controller.pretend import Pretend
from tests.controller.trials import TrialWorld

EVALUATION: Final = ObjectKey(ours.EVALUATION.name, "default", "support")
CONCURRENCY: Final = 16
KEY: Final = "items.jsonl"


def judged(margin: str = "4", **canary: object) -> dict[str, Any]:
    """Users reach it only after it has passed."""
    steps = [{"traffic": 0, "hold": "0s", "gates": ["Quality"]}]
    quality = {"evaluation": EVALUATION.name, "margin": margin}
    return {"strategy": "Canary", "canary": {"steps": steps, "quality": quality} | canary}


def lines(count: int, of: str = "question") -> str:
    """Items whose right answer is their own text."""
    return "".join(
        f"{json.dumps({'input': f'{of} {number}', 'target': f'{of} {number}'})}\n" for number in range(count)
    )


def loses(share: float) -> Callable[[str], str]:
    """A model that gets this share of them wrong, always the same ones."""

    def answer(question: str) -> str:
        drawn = int(sha256(question.encode()).hexdigest()[:8], 16) / 16**8
        return "no idea" if drawn < share else question

    return answer


class EvaluationWorld(Pretend):
    """A cluster with an evaluation."""

    def restart(self) -> None:
        """Restart the operator; the evaluation is reconciled anew too."""
        super().restart()
        self.evaluator = EvaluationReconciler(self.environment, self.sets)

    def write(
        self, items: str, *, name: str = "questions", key: str = KEY, source: Manifest | None = None, **spec: object
    ) -> None:
        """Write evaluation and items as a user would."""
        head = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "questions", "namespace": "default"}}
        self.objects.put(kinds.CONFIG_MAP, head | {"data": {KEY: items}})
        where = (kinds.EVALUATION.title, "default", EVALUATION.name)
        live = self.objects.held.get(where, {})
        named = {"configMap": {"name": name, "key": key}}
        written = {"items": source or named, "concurrency": CONCURRENCY, "minItems": 50} | spec
        document = {"metadata": {"name": EVALUATION.name, "namespace": "default"}, "spec": written}
        status = {"status": live["status"]} if "status" in live else {}
        self.objects.put(kinds.EVALUATION, document | status)

    def evaluate(self) -> Manifest:
        """Reconcile the evaluation once; returns its status."""
        self.run(self.evaluator.reconcile(EVALUATION, self.now))
        found: Manifest = self.objects.held[(kinds.EVALUATION.title, "default", EVALUATION.name)]["status"]
        return found


class QualityWorld(EvaluationWorld, TrialWorld):
    """Three replicas serve, the spec asks for another context, and an evaluation compares the answers."""

    def __init__(
        self, items: str, *, rollout: dict[str, Any] | None = None, losing: float = 0.0, concurrency: int = CONCURRENCY
    ) -> None:
        self.losing = losing
        super().__init__(rollout or judged())
        self.write(items, concurrency=concurrency)

    def steps(self, count: int = 1) -> None:
        """Alternate the cluster, the evaluation, the deployment and one round of questions."""
        for _ in range(count):
            if (kinds.EVALUATION.title, "default", EVALUATION.name) in self.objects.held:
                self.evaluate()
            self.rounds()
            if new := self.canary.get("revision"):
                self.pod_client.answers = {new: loses(self.losing)}
            self.run(self.runs.advance(self.document()["metadata"]["uid"]))

    def until(self, *verdicts: str, most: int = 120) -> Manifest:
        """Run until the gate has one of these verdicts; returns its entry."""
        for _ in range(most):
            self.steps()
            if self.gate.get("verdict") in verdicts and self.gate.get("reason") != "NotFinished":
                return self.gate
        raise AssertionError(f"never {verdicts}: {self.canary}")

    @property
    def question(self) -> QualityQuestion:
        """What the reconcile last asked of the canary's run."""
        return self.runs.questions[self.document()["metadata"]["uid"]]

    @property
    def verdict(self) -> GateVerdict:
        """The verdict of that run so far, which the gate shows after the next reconcile."""
        return self.runs.gate_verdict(self.question)

    @property
    def gate(self) -> Manifest:
        """The gate's entry in the status."""
        found: Iterable[Manifest] = self.canary.get("gates") or ()
        return next(iter(found), {})

    def twice(self, apart: Iterable[str] = ()) -> list[tuple[str, str]]:
        """Questions sent more than once to one revision; the old one answers twice to measure noise."""
        return [
            (revision, question)
            for (revision, question), times in self.pod_client.sent.items()
            if times > (2 if revision == self.old else 1) and question not in set(apart)
        ]
