"""From written specs to the inputs of builders: the smallest and the fullest spec, their launches, one owner."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import yaml

from fairlead.api import deployment_conversion
from fairlead.api.deployment import InferenceDeploymentSpec
from fairlead.api.kinds import DEPLOYMENT
from fairlead.api.object_reader import ParsedObject, read_strict
from fairlead.engines.catalogue import ENGINES
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.start_budget import LifecycleParameters
from fairlead.fleet.desired_state import EngineKind, EngineRelease
from fairlead.fleet.engine_launch import EngineLaunch
from fairlead.fleet.gateways import DesiredDeployment
from fairlead.objects import children, engine_deployment, engine_pods, pre_pull, revisions
from fairlead.objects.engine_deployment import RevisionFacts
from fairlead.objects.installation import Installation
from fairlead.objects.manifest import Manifest
from fairlead.objects.owner import Owner
from tests.api.full_specs import COUNTED
from tests.api.objects import written

SAMPLES: Final = Path(__file__).resolve().parents[2] / "manifests" / "samples"
RELEASES: Final = {
    EngineKind.VLLM: EngineRelease(
        version="0.32.0", image="vllm/vllm-openai:v0.32.0", cpu_image="localhost/fairlead-vllm-cpu:0.32.0"
    ),
    EngineKind.SGLANG: EngineRelease(version="0.5.23", image="lmsysorg/sglang:v0.5.23"),
    EngineKind.TENSORRT_LLM: EngineRelease(version="1.4.0rc1", image="nvcr.io/nvidia/tensorrt-llm/release:1.4.0rc1"),
    EngineKind.SIMULATED: EngineRelease(version="0.32.0", image="fairlead:0.32.0"),
}
OWNER: Final = Owner(namespace="team", name="chat", uid="4f1c")
PLATFORM: Final = Installation(
    image="fairlead:1.2.3",
    operator_namespace="fairlead-system",
    monitoring=(("kubernetes.io/metadata.name", "monitoring"),),
)
LEAST: Final[dict[str, Any]] = {
    "model": {"source": "hf://Qwen/Qwen3-0.6B"},
    "accelerator": {"product": "NVIDIA-L4"},
}
AFFINITY: Final[dict[str, Any]] = {
    "podAntiAffinity": {
        "preferredDuringSchedulingIgnoredDuringExecution": [
            {
                "weight": 5,
                "podAffinityTerm": {"topologyKey": "zone", "labelSelector": {"matchLabels": {"noisy": "yes"}}},
            }
        ]
    }
}
FULL: Final[dict[str, Any]] = COUNTED | {
    "model": {"source": "oci://registry.example.com/models/chat:v7", "servedName": "talk", "tokenSecret": None},
    "engine": COUNTED["engine"]
    | {
        "adapters": [
            {"name": "legal", "source": "pvc://models/adapters/legal", "rank": 8},
            {"name": "support", "source": "pvc://adapters", "rank": 16},
        ],
        "extraArgs": ["--served-with=$(HOSTNAME) $$"],
    },
    "placement": COUNTED["placement"] | {"affinity": AFFINITY, "runtimeClassName": None},
    "router": COUNTED["router"]
    | {"placement": COUNTED["router"]["placement"] | {"affinity": AFFINITY, "runtimeClassName": None}},
}
"""Every source of a volume, every field of a placement, and arguments that Kubernetes would read as variables."""


def read(spec: dict[str, Any], name: str = "chat") -> ParsedObject[InferenceDeploymentSpec]:
    """Parse a valid spec, as the controller has it."""
    reading = read_strict(written(_without_nulls(spec), name=name), DEPLOYMENT)
    assert reading.problems == ()
    assert reading.value is not None
    return reading.value


def wanted(spec: dict[str, Any], name: str = "chat") -> DesiredDeployment:
    """The desired deployment of a spec."""
    return deployment_conversion.deployment(read(spec, name), RELEASES)


def launch(deployment: DesiredDeployment) -> EngineLaunch:
    """How its engine is started, with a pace that nothing has measured."""
    engine = ENGINES[deployment.revision.engine.kind]
    drain = deployment.drain
    lifecycle = LifecycleParameters(
        pre_stop_seconds=int(drain.settle_seconds), drain_seconds=int(drain.timeout_seconds)
    )
    return engine.launch(EngineSetup(revision=deployment.revision), lifecycle)


def template(deployment: DesiredDeployment, revision: str = "0a1b2c3d") -> Manifest:
    """Its engine pod."""
    owner = replace(OWNER, name=deployment.revision.name)
    return engine_pods.template(owner, deployment, launch(deployment), revision)


def everything(spec: dict[str, Any], owner: Owner = OWNER) -> tuple[Manifest, ...]:
    """All children, including one revision with two replicas."""
    deployment = wanted(spec, owner.name)
    facts = RevisionFacts(revision=revisions.of(read(spec, owner.name).spec))
    pod = engine_pods.template(owner, deployment, launch(deployment), facts.revision)
    engines = engine_deployment.manifest(owner, facts, pod, 2)
    holder = (pre_pull.manifest(owner, pod),) if deployment.pre_pull else ()
    return (*children.all_children(owner, deployment, PLATFORM), *holder, engines)


def samples() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every deployment among the samples, by its name."""
    for path in sorted(SAMPLES.glob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text()):
            if document["kind"] == DEPLOYMENT.name:
                yield document["metadata"]["name"], document["spec"]


def _without_nulls(spec: dict[str, Any]) -> dict[str, Any]:
    """A copy without null values."""

    def kept(value: Any) -> Any:  # noqa: ANN401  # any value of a spec
        if isinstance(value, dict):
            return {field: kept(each) for field, each in value.items() if each is not None}
        return [kept(each) for each in value] if isinstance(value, list) else value

    return dict(json.loads(json.dumps(kept(spec))))
