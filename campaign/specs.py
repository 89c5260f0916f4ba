"""The wanted state of one deployment as a few figures, and the document that follows from them."""

from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from campaign.moves import Bad, Edit, Field

Manifest = dict[str, Any]

MODEL: Final = "hf://meta-llama/Llama-3.1-8B-Instruct"
PRODUCT: Final = "NVIDIA-L4"
POLICY: Final = "queue"
SECRET: Final = "token"
LANE: Final = "campaign/lane"
"""The label of the nodes that belong to one lane."""
CONTEXTS: Final = (8192, 4096, 2048)
STRATEGIES: Final = ("Replace", "Surge")
TOO_LONG: Final = 10_000_000
FAULT: Final = "FAIRLEAD_ENGINE_FAULT"


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedSpec:
    """The current wanted state."""

    context: int = 8192
    replicas: int = 2
    strategy: str = "Replace"
    routers: int = 1
    sequences: int = 0
    toleration: int = 0
    secret: int = 0
    scaling: int = 0
    bad: str = ""

    def edited(self, edit: Edit) -> "WantedSpec":
        """Change one field; a good value of any field ends a bad setting."""
        if edit.deed in {Field.POLICY_TARGET, Field.POLICY_MODE}:
            return self
        return from_json(asdict(self) | {"bad": "", edit.deed.value: edit.value})

    @property
    def good(self) -> "WantedSpec":
        """The same, made to work on the three GPUs of a lane; Surge needs a spare one."""
        room = 2 if self.strategy == "Surge" else 3
        return replace(self, bad="", replicas=max(1, min(self.replicas, room)))


def from_json(fields: dict[str, Any]) -> WantedSpec:
    """Parse a story's JSON form."""
    return WantedSpec(**fields)


def as_json(wanted: WantedSpec) -> dict[str, Any]:
    """Only the differences from the default."""
    plain = asdict(WantedSpec())
    return {name: value for name, value in asdict(wanted).items() if value != plain[name]}


def document(wanted: WantedSpec, namespace: str, name: str, *, engine: Manifest | None = None) -> Manifest:
    """The InferenceDeployment; its replicas run on the lane's own nodes."""
    spec: Manifest = {
        "model": {"source": MODEL, "servedName": "chat"},
        "engine": _engine(wanted, engine or {}),
        "accelerator": {"product": "NVIDIA-H200" if wanted.bad == Bad.PRODUCT else PRODUCT},
        "placement": {"nodeSelector": {LANE: namespace}},
        "rollout": {"strategy": wanted.strategy, "progressDeadlineSeconds": 60},
        "router": {"replicas": wanted.routers},
        "drain": {"settle": "1s", "timeout": "20s"},
    }
    if wanted.toleration:
        spec["placement"]["tolerations"] = [{"key": f"campaign-{wanted.toleration}", "operator": "Exists"}]
    if wanted.bad == Bad.TOO_WIDE:
        spec["parallelism"] = {"tensor": 8}
    if wanted.scaling:
        spec["scaling"] = {"minReplicas": 1, "maxReplicas": wanted.scaling, "policy": {"name": POLICY}}
    else:
        spec["replicas"] = wanted.replicas
    head = {"name": name, "namespace": namespace}
    return {"apiVersion": "fairlead.dev/v1alpha1", "kind": "InferenceDeployment", "metadata": head, "spec": spec}


def _engine(wanted: WantedSpec, engine: Manifest) -> Manifest:
    env: list[Manifest] = list(engine.get("env", ()))
    made: Manifest = {"kind": "Simulated", "context": {"maxTokens": wanted.context}}
    if wanted.sequences:
        made["batching"] = {"maxSequences": wanted.sequences}
    if wanted.secret:
        env.append(_from_secret("TOKEN", SECRET))
    match wanted.bad:
        case Bad.CONTEXT:
            made["context"] = {"maxTokens": TOO_LONG}
        case Bad.ARGUMENT:
            made["extraArgs"] = ["--port", "9"]
        case Bad.IMAGE:
            made["image"] = "localhost/fairlead:missing"
        case Bad.CRASH:
            env.append({"name": FAULT, "value": "crash-at-start"})
        case Bad.NEVER_READY:
            env.append({"name": FAULT, "value": "hang"})
        case Bad.SECRET:
            env.append(_from_secret("ABSENT", "absent"))
    return made | ({"env": env} if env else {})


def _from_secret(variable: str, name: str) -> Manifest:
    return {"name": variable, "valueFrom": {"secretKeyRef": {"name": name, "key": "token"}}}


def policy(namespace: str, *, target: int = 2, mode: str = "Active") -> Manifest:
    """The policy of a lane; fast, since stories are short."""
    spec: Manifest = {
        "signals": {"queueDepth": {"targetPerReplica": target}},
        "coldStart": {"assume": "3s"},
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": 3, "maxStep": 8}},
        "metrics": {"staleAfter": "5s"},
    }
    if mode != "Active":
        spec["mode"] = mode
    head = {"name": POLICY, "namespace": namespace}
    return {"apiVersion": "fairlead.dev/v1alpha1", "kind": "AutoscalingPolicy", "metadata": head, "spec": spec}
