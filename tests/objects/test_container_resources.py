"""What users request for a container reaches it and the containers beside it, as a cluster's quotas demand."""

from typing import Any, Final

import pytest

from fairlead.objects import drift, preflight_pods, revisions
from fairlead.objects.manifest import Manifest
from tests.api.full_specs import ON_CPU
from tests.objects.specs import LEAST, OWNER, read, template, wanted

STATED: Final = {
    "requests": {"cpu": "0.5", "memory": "16Gi", "ephemeral-storage": "40Gi"},
    "limits": {"cpu": 2, "memory": "32768Mi"},
}
LORA: Final = {"engine": {"lora": {"slots": 4}}}


def pod(resources: Manifest, **spec: Any) -> Manifest:  # noqa: ANN401  # any field of a spec
    return template(wanted(LEAST | {"resources": resources} | spec))


def engine(pod: Manifest) -> Manifest:
    return dict(pod["spec"]["containers"][0]["resources"])


def check(pod: Manifest) -> Manifest:
    made = preflight_pods.manifest(OWNER, "12345678", pod, ("python3",), 900)
    return dict(made["spec"]["containers"][0])


def revision(spec: dict[str, Any]) -> str:
    return revisions.of(read(spec).spec)


def test_an_engine_requests_them_beside_its_gpus_spelt_as_the_server_would() -> None:
    assert engine(pod(STATED)) == {
        "requests": {"cpu": "500m", "memory": "16Gi", "ephemeral-storage": "40Gi", "nvidia.com/gpu": "1"},
        "limits": {"cpu": "2", "memory": "32Gi", "nvidia.com/gpu": "1"},
    }


def test_a_request_without_a_limit_leaves_the_engine_unlimited() -> None:
    assert engine(pod({"requests": {"memory": "16Gi"}})) == {
        "requests": {"memory": "16Gi", "nvidia.com/gpu": "1"},
        "limits": {"nvidia.com/gpu": "1"},
    }


def test_a_simulated_engine_without_a_gpu_has_them_too() -> None:
    simulated = {"engine": {"kind": "Simulated"}, "accelerator": {"product": "NVIDIA-L4", "resource": "none"}}
    assert engine(pod({"requests": {"cpu": 1}}, **simulated)) == {"requests": {"cpu": "1"}}


def test_an_engine_on_cpu_keeps_cores_and_memory_of_its_accelerator_and_may_limit_its_disk() -> None:
    disk = {"limits": {"ephemeral-storage": "20Gi"}}
    assert engine(pod(disk, **ON_CPU)) == {
        "requests": {"cpu": "4", "memory": "8Gi"},
        "limits": {"cpu": "4", "memory": "8Gi", "ephemeral-storage": "20Gi"},
    }


def test_without_them_no_pod_and_no_revision_changes() -> None:
    """A fleet must not restart at an upgrade."""
    empty = LEAST | {"resources": {"requests": {}, "limits": {}}}

    assert template(wanted(empty)) == template(wanted(LEAST))
    assert revision(empty) == revision(LEAST)
    assert "resources" not in check(template(wanted(LEAST)))


def test_a_change_of_them_starts_a_revision() -> None:
    assert len({revision(LEAST), revision(LEAST | {"resources": STATED})}) == 2


def test_the_loader_states_what_the_engine_states_since_a_quota_counts_every_container() -> None:
    (loader,) = pod(STATED, **LORA)["spec"]["initContainers"]
    assert loader["resources"] == {
        "requests": {"cpu": "50m", "memory": "128Mi", "ephemeral-storage": "128Mi"},
        "limits": {"cpu": "1", "memory": "1Gi"},
    }


@pytest.mark.parametrize(
    ("stated", "requests"),
    [
        ({"requests": {"cpu": "4"}}, {"cpu": "50m"}),
        ({"requests": {"memory": "1Gi"}, "limits": {"memory": "2Gi"}}, {"memory": "128Mi"}),
        ({"limits": {"cpu": "10m", "ephemeral-storage": "1Gi"}}, {"cpu": "10m", "ephemeral-storage": "128Mi"}),
    ],
)
def test_the_check_before_a_rollout_requests_little_of_what_the_engine_states(
    stated: Manifest, requests: Manifest
) -> None:
    """Otherwise a quota refuses the check alone, and the rollout waits for it until its deadline."""
    assert check(pod(stated))["resources"]["requests"] == requests
    assert check(pod(stated))["resources"].get("limits", {}) == stated.get("limits", {})


def test_an_edit_by_hand_is_found_and_the_servers_spelling_is_not() -> None:
    intent = pod(STATED)
    rewritten = pod(STATED | {"requests": {"cpu": "500m", "memory": f"{16 << 30}", "ephemeral-storage": "40960Mi"}})
    edited = pod(STATED | {"limits": {"cpu": 2, "memory": "16Gi"}})

    assert drift.differs(intent, rewritten) is None
    assert drift.spelt(drift.differs(intent, edited)) == "spec.containers[engine].resources.limits.memory"


OFFLOADING: Final = {"engine": {"extraArgs": ["--cpu-offload-gb", "8"]}}


@pytest.mark.parametrize(
    ("stated", "memory"),
    [({}, "8Gi"), ({"requests": {"cpu": 2}}, "8Gi"), ({"requests": {"memory": "16Gi"}}, "16Gi")],
)
def test_weights_in_main_memory_are_requested_where_no_amount_is_stated(stated: dict[str, Any], memory: str) -> None:
    assert engine(pod(stated, **OFFLOADING))["requests"]["memory"] == memory
    assert "memory" not in engine(pod(stated, **OFFLOADING))["limits"]


def test_a_limit_of_memory_alone_is_the_request_as_kubernetes_has_it() -> None:
    assert "memory" not in engine(pod({"limits": {"memory": "32Gi"}}, **OFFLOADING))["requests"]


def test_a_request_of_weights_is_in_whole_mib() -> None:
    part = {"engine": {"extraArgs": ["--cpu-offload-gb=0.3"]}}
    assert engine(pod({}, **part))["requests"]["memory"] == "308Mi"


@pytest.mark.parametrize(
    ("stated", "memory"), [({}, "64Gi"), ({"requests": {"memory": "80Gi"}}, "80Gi"), ({"limits": {"cpu": 2}}, "64Gi")]
)
def test_kv_blocks_in_main_memory_are_requested_where_no_amount_is_stated(stated: dict[str, Any], memory: str) -> None:
    keeping = {"engine": {"prefixCaching": {"hostMemory": "64Gi"}}}
    assert engine(pod(stated, **keeping))["requests"]["memory"] == memory


def test_weights_and_kv_blocks_in_main_memory_are_requested_together() -> None:
    both = {"engine": {"prefixCaching": {"hostMemory": "64Gi"}, "extraArgs": ["--cpu-offload-gb=8"]}}
    assert engine(pod({}, **both))["requests"]["memory"] == "72Gi"
