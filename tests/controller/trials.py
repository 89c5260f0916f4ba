"""A cluster whose operator carries out canaries, which admission refuses in this release: only a test gets as far."""

from dataclasses import replace
from typing import Any

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.controller.reconcile import GenerationReview, Reconciler
from fairlead.controller.snapshot import DeploymentSnapshot
from fairlead.fleet.canaries import CanaryGate, CanaryPlan, CanaryStep
from fairlead.fleet.desired_state import DesiredRollout, RolloutStrategy
from fairlead.fleet.request_samples import RequestSample
from tests.controller.pretend import Pretend, deployment

NO_SPARE = DesiredRollout(
    strategy=RolloutStrategy.CANARY,
    max_surge=0,
    max_unavailable=1,
    canary=CanaryPlan(
        steps=(
            CanaryStep(traffic=0, hold_seconds=120),
            CanaryStep(traffic=5, gates=(CanaryGate.SERVICE,)),
            CanaryStep(replicas=2, traffic=50, gates=(CanaryGate.SERVICE,)),
        )
    ),
)


class CanaryReconciler(Reconciler):
    """One for which every spec asks for a canary."""

    rollout = NO_SPARE

    def _understand(self, observed: DeploymentSnapshot) -> GenerationReview:
        found = super()._understand(observed)
        judged = found.judged
        if judged.deployment is None:
            return found
        return found._replace(judged=replace(judged, deployment=replace(judged.deployment, rollout=self.rollout)))


class TrialWorld(Pretend):
    """Three replicas serve, and the spec has come to ask for another context."""

    def __init__(self) -> None:
        super().__init__(gpus=3)
        self.apply(deployment(replicas=3))
        self.settle()
        (self.old,) = self.engines()
        self.apply(deployment(replicas=3, context=4096))

    def restart(self) -> None:
        """A fresh operator that remembers nothing."""
        super().restart()
        before = self.operator.__dict__
        self.operator = CanaryReconciler.__new__(CanaryReconciler)
        self.operator.__dict__.update(before)

    def order(self, verb: str) -> None:
        """A person orders it."""
        document = self.document()
        words = f"{verb} {self.now.isoformat()}"
        metadata = document["metadata"] | {"annotations": {"fairlead.dev/rollout": words}}
        self.objects.put(kinds.INFERENCE_DEPLOYMENT, document | {"metadata": metadata})

    def report(self, samples: list[RequestSample]) -> None:
        """Routers report these requests, as of now."""
        began = self.now.timestamp()
        self.pod_client.samples_of = [replace(one, at=one.at + began) for one in samples]

    @property
    def canary(self) -> Manifest:
        """Its state in the status."""
        found: Manifest = self.document()["status"].get("canary") or {}
        return found

    @property
    def share(self) -> Any:  # noqa: ANN401 - any JSON
        """What routers are told of a share."""
        return self.pod_client.share("chat")

    @property
    def counts(self) -> tuple[int, int]:
        """Replicas that serve: of the old revision, of the new one."""
        new = len(self.serving_of(4096))
        return len(self.serving()) - new, new

    @property
    def held(self) -> int:
        """Pods that hold an accelerator."""
        return len(self.engine_pods())
