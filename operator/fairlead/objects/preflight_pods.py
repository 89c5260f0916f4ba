"""The pod that checks, without a GPU, whether a revision can start: its image, its mounts, the engine's own check.

It is the engine's pod with another command: what keeps an engine pod from being created fails this one too.
"""

from typing import Final

from fairlead.objects import container_resources, engine_pods, labels, names, pod_metadata
from fairlead.objects.manifest import Manifest
from fairlead.objects.owner import Owner

CONTAINER: Final = "check"
_NOT_ITS_OWN: Final = frozenset(
    {"topologySpreadConstraints", "terminationGracePeriodSeconds", "restartPolicy", "initContainers"}
)
_KEPT: Final = ("image", "imagePullPolicy", "terminationMessagePolicy", "securityContext", "volumeMounts")
_LEAST: Final = {container_resources.CPU: "50m", container_resources.MEMORY: "128Mi", container_resources.DISK: "128Mi"}
"""Its requests: small, since the engine that serves has the cores of its node and may have the rest of a quota."""
_MOST: Final = {container_resources.CPU: "2", container_resources.MEMORY: "4Gi", container_resources.DISK: "2Gi"}
"""Its limits, which a quota may count too: an engine's check imports its program and loads no weights."""
BLIND: Final = {"NVIDIA_VISIBLE_DEVICES": "void", "CUDA_VISIBLE_DEVICES": ""}
"""Some container runtimes show all GPUs to a pod that requests none; those belong to other pods."""


def manifest(
    owner: Owner, revision: str, template: Manifest, command: tuple[str, ...], longest_seconds: int
) -> Manifest:
    """Build the whole pod, from the template of the revision's engines."""
    spec = {name: value for name, value in template["spec"].items() if name not in _NOT_ITS_OWN}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": owner.metadata(
            names.check(owner.name, revision),
            template["metadata"]["labels"] | labels.check(owner.name, revision),
            _annotations(template),
        ),
        "spec": spec
        | {
            "containers": [_container(template["spec"]["containers"][0], command)],
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 1,
            "activeDeadlineSeconds": longest_seconds,
        },
    }


def _annotations(template: Manifest) -> dict[str, str]:
    """Return the users' annotations, and the engine's file, which it mounts as well; adapters to load do not matter."""
    written = template["metadata"].get("annotations") or {}
    options = {name: text for name, text in written.items() if name == labels.OPTIONS}
    return pod_metadata.users_annotations(template) | options


def _container(engine: Manifest, command: tuple[str, ...]) -> Manifest:
    """Build the container; one with only `args` keeps its image's entrypoint, which is the command's first word."""
    words = [engine_pods.escaped(word) for word in command]
    env = [one for one in engine.get("env") or () if one["name"] not in BLIND]
    return {
        "name": CONTAINER,
        **{name: engine[name] for name in _KEPT if name in engine},
        **_resources(engine),
        **({"command": words} if "command" in engine else {"args": words[1:]}),
        "env": [*env, *({"name": name, "value": value} for name, value in BLIND.items())],
    }


def _resources(engine: Manifest) -> Manifest:
    """Request and limit the cores, memory and disk that the engine does: a quota refuses a pod that does not."""
    held = engine.get("resources", {})
    limited = {name: amount for name, amount in held.get("limits", {}).items() if name in _LEAST}
    limits = container_resources.capped({name: _MOST[name] for name in limited}, limited)
    usual = {name: amount for name, amount in _LEAST.items() if name in limits or name in held.get("requests", {})}
    return container_resources.field(container_resources.capped(usual, limits), limits)
