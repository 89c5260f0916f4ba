"""A cluster in which a changed context is tried by a canary."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.fleet.request_samples import RequestSample
from tests.controller.pretend import Pretend, deployment

NO_SPARE: Final[dict[str, Any]] = {
    "strategy": "Canary",
    "canary": {
        "steps": [
            {"hold": "2m"},
            {"traffic": 5, "hold": "0s", "gates": ["Service"]},
            {"replicas": 2, "traffic": 50, "hold": "0s", "gates": ["Service"]},
        ]
    },
}


class TrialWorld(Pretend):
    """Three replicas serve, and the spec now asks for another context."""

    def __init__(self, rollout: Mapping[str, Any] = NO_SPARE, **rest: object) -> None:
        super().__init__(gpus=3)
        self.spec: dict[str, Any] = {"rollout": dict(rollout)} | rest
        self.add_secret()
        self.revert()
        self.settle()
        (self.old,) = self.engines()
        self.apply(self.changed())

    def revert(self) -> None:
        """Change the spec back to the old context."""
        self.apply(deployment(replicas=3, **self.spec))

    def changed(self) -> Manifest:
        """The deployment with the context that is tried."""
        return deployment(replicas=3, context=4096, **self.spec)

    def add_secret(self) -> None:
        """Create the Secret that a spec may name."""
        self.objects.put(kinds.SECRET, {"metadata": {"name": "hf", "namespace": "default"}, "data": {"token": "eA=="}})

    def remove_secret(self) -> None:
        """Delete it, behind the operator's back."""
        del self.objects.held[(kinds.SECRET.title, "default", "hf")]

    def order(self, verb: str) -> None:
        """Issue a command as a user would."""
        document = self.document()
        words = f"{verb} {self.now.isoformat()}"
        metadata = document["metadata"] | {"annotations": {"fairlead.dev/rollout": words}}
        self.objects.put(kinds.INFERENCE_DEPLOYMENT, document | {"metadata": metadata})

    def report(self, samples: list[RequestSample]) -> None:
        """Have routers report these requests, as of now."""
        began = self.now.timestamp()
        self.pod_client.samples_of = [replace(one, at=one.at + began) for one in samples]

    @property
    def canary(self) -> Manifest:
        """The canary's state in the status."""
        found: Manifest = self.document()["status"].get("canary") or {}
        return found

    @property
    def share(self) -> Any:  # noqa: ANN401 - any JSON
        """The share in the routers' configuration."""
        return self.pod_client.share("chat")

    @property
    def counts(self) -> tuple[int, int]:
        """Serving replicas: of the old revision, of the new one."""
        new = len(self.serving_of(4096))
        return len(self.serving()) - new, new

    @property
    def held(self) -> int:
        """Pods that hold an accelerator."""
        return len(self.engine_pods())
