"""The preflight pod of a revision: the engine's own in all that can prevent its creation, and without a GPU."""

import pytest

from fairlead.objects import preflight_pods
from fairlead.objects.manifest import Manifest
from fairlead.objects.owner import Owner

OPTIONS = "fairlead.dev/engine-options"
OWNER = Owner(namespace="default", name="chat", uid="u")


def template(**container: object) -> Manifest:
    """An engine's template, as in a Deployment."""
    engine: Manifest = {
        "name": "engine",
        "image": "vllm:7",
        "env": [{"name": "A", "value": "b"}, {"name": "CUDA_VISIBLE_DEVICES", "value": "0"}],
        "resources": {"limits": {"nvidia.com/gpu": "1"}},
        "startupProbe": {"periodSeconds": 5},
        "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # inside a container
    }
    return {
        "metadata": {"labels": {}},
        "spec": {
            "containers": [engine | container],
            "volumes": [{"name": "tmp", "emptyDir": {}}],
            "nodeSelector": {"nvidia.com/gpu.product": "NVIDIA-L4"},
            "topologySpreadConstraints": [{}],
            "terminationGracePeriodSeconds": 300,
            "restartPolicy": "Always",
        },
    }


def test_it_mounts_what_the_engine_mounts_and_takes_no_gpu() -> None:
    made = preflight_pods.manifest(OWNER, "12345678", template(command=["vllm"]), ("python3", "-c", "x$(A)"), 900)
    assert made["metadata"]["name"] == "chat-12345678-check"
    assert made["metadata"]["ownerReferences"] == [OWNER.reference]
    assert made["metadata"]["labels"]["fairlead.dev/role"] == "check"
    assert made["spec"] == {
        "containers": [
            {
                "name": "check",
                "image": "vllm:7",
                "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # inside a container
                "command": ["python3", "-c", "x$$(A)"],
                "env": [
                    {"name": "A", "value": "b"},
                    {"name": "NVIDIA_VISIBLE_DEVICES", "value": "void"},
                    {"name": "CUDA_VISIBLE_DEVICES", "value": ""},
                ],
            }
        ],
        "volumes": [{"name": "tmp", "emptyDir": {}}],
        "nodeSelector": {"nvidia.com/gpu.product": "NVIDIA-L4"},
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 1,
        "activeDeadlineSeconds": 900,
    }


@pytest.mark.parametrize(
    ("held", "limits", "requests"),
    [
        (("32", "64Gi"), ("2", "4Gi"), ("50m", "128Mi")),
        (("1", "64Mi"), ("1", "64Mi"), ("50m", "64Mi")),
    ],
)
def test_beside_an_engine_on_cpu_it_states_few_resources_as_a_quota_demands(
    held: tuple[str, str], limits: tuple[str, str], requests: tuple[str, str]
) -> None:
    """A quota on cores or memory refuses a pod without them, and one with the engine's own: the engine that serves may
    have the rest of it. The rollout then waited for its check until the deadline."""
    amounts = _amounts(held)
    engine = template(command=["vllm"], resources={"limits": amounts, "requests": amounts})

    made = preflight_pods.manifest(OWNER, "12345678", engine, ("python3",), 900)

    found = made["spec"]["containers"][0]["resources"]
    assert found == {"limits": _amounts(limits), "requests": _amounts(requests)}


def _amounts(given: tuple[str, str]) -> dict[str, str]:
    return {"cpu": given[0], "memory": given[1]}


def test_an_image_that_has_its_own_command_is_given_arguments() -> None:
    made = preflight_pods.manifest(OWNER, "12345678", template(args=["engine"]), ("fairlead", "engine", "--check"), 60)
    assert made["spec"]["containers"][0]["args"] == ["engine", "--check"]
    assert "command" not in made["spec"]["containers"][0]


def test_it_reads_the_file_that_the_engine_would_read_and_is_in_no_router_s_list() -> None:
    written = template(command=["trtllm-serve"])
    written["metadata"]["annotations"] = {OPTIONS: "{}", "fairlead.dev/adapters": "de"}

    made = preflight_pods.manifest(OWNER, "12345678", written, ("python3",), 900)

    assert made["metadata"]["annotations"] == {OPTIONS: "{}"}
