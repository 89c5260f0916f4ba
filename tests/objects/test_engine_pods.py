"""The pod of an engine: what users requested arrives in it, and what they did not request does no harm."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.engines.weight_paths import CACHE, MODEL
from fairlead.fleet.desired_state import (
    DesiredPlacement,
    EnvFrom,
    ModelSource,
    SecretKey,
    SourceScheme,
    SpreadConstraint,
    Storage,
)
from fairlead.fleet.engine_launch import EngineShutdown, EnvVar, WeightMount
from fairlead.fleet.gateways import DesiredDeployment
from fairlead.objects import container_variables, engine_pods, engine_volumes
from fairlead.objects.manifest import Manifest
from tests.objects.specs import FULL, LEAST, OWNER, launch, template, wanted

SIMULATED = LEAST | {"engine": {"kind": "Simulated"}}


def pod(spec: dict[str, Any]) -> Manifest:
    return dict(template(wanted(spec))["spec"])


def container(spec: dict[str, Any]) -> Manifest:
    (only,) = pod(spec)["containers"]
    return dict(only)


def but(**changes: Any) -> DesiredDeployment:  # noqa: ANN401  # fields of a spec
    least = wanted(LEAST)
    return replace(least, revision=replace(least.revision, **changes))


def claim(location: str) -> ModelSource:
    return ModelSource(scheme=SourceScheme.CLAIM, location=location)


def test_gpus_are_requested_by_resource_and_selected_by_product() -> None:
    large = LEAST | {"parallelism": {"tensor": 4}}
    assert container(large)["resources"] == {"limits": {"nvidia.com/gpu": "4"}, "requests": {"nvidia.com/gpu": "4"}}
    assert pod(large)["nodeSelector"] == {"nvidia.com/gpu.product": "NVIDIA-L4"}


def test_a_simulated_engine_takes_the_place_of_a_real_one_and_runs_our_own_image() -> None:
    assert pod(SIMULATED)["nodeSelector"] == pod(LEAST)["nodeSelector"]
    assert container(SIMULATED)["resources"] == container(LEAST)["resources"]
    assert container(SIMULATED)["args"][:5] == ["engine", "--product", "NVIDIA-L4", "--gpus", "1"]
    assert "command" not in container(SIMULATED)
    assert [pod(each)["securityContext"]["runAsUser"] for each in (SIMULATED, LEAST)] == [65532, 2000]


def test_another_vendors_resource_says_itself_which_gpu_it_is() -> None:
    assert "nodeSelector" not in template(but(resource="amd.com/gpu"))["spec"]
    pretended = but(resource="amd.com/gpu", engine=replace(wanted(SIMULATED).revision.engine))
    assert template(pretended)["spec"]["nodeSelector"] == {"nvidia.com/gpu.product": "NVIDIA-L4"}


def test_a_users_own_word_for_the_product_wins() -> None:
    shared = LEAST | {"placement": {"nodeSelector": {"nvidia.com/gpu.product": "NVIDIA-L4-SHARED", "zone": "a"}}}
    assert pod(shared)["nodeSelector"] == {"nvidia.com/gpu.product": "NVIDIA-L4-SHARED", "zone": "a"}


def test_replicas_are_spread_over_nodes_softly_where_no_spread_is_specified() -> None:
    (rule,) = pod(LEAST)["topologySpreadConstraints"]
    assert (rule["topologyKey"], rule["whenUnsatisfiable"]) == ("kubernetes.io/hostname", "ScheduleAnyway")
    placed = but(
        placement=DesiredPlacement(
            spread=(SpreadConstraint(topology_key="zone", hard=True), SpreadConstraint(topology_key="rack"))
        )
    )
    rules = template(placed)["spec"]["topologySpreadConstraints"]
    assert [(one["topologyKey"], one["whenUnsatisfiable"]) for one in rules] == [
        ("zone", "DoNotSchedule"),
        ("rack", "ScheduleAnyway"),
    ]


@pytest.mark.parametrize("word", ["$(HOME)", "$$(HOME)", "$$", "$5", "a$(B)$", "plain"])
def test_kubernetes_passes_on_an_argument_as_it_was_written(word: str) -> None:
    written = container(LEAST | {"engine": {"extraArgs": [f"--chat-template={word}"]}})
    assert expanded(written["command"][-1]) == f"--chat-template={word}"


@given(st.text(alphabet="$()aB-", max_size=12))
def test_no_argument_is_ever_read_as_a_variable(word: str) -> None:
    assert expanded(engine_pods.escaped(word)) == word


def expanded(text: str) -> str:
    """A word after Kubernetes' expansion, where every variable has a nonsense value."""
    out, rest = "", text
    while rest:
        if rest.startswith("$$"):
            out, rest = out + "$", rest[2:]
        elif rest.startswith("$(") and ")" in rest:
            out, rest = out + "NONSENSE", rest.partition(")")[2]
        else:
            out, rest = out + rest[0], rest[1:]
    return out


def test_a_variable_set_twice_appears_once_with_its_last_value_and_position() -> None:
    assert container_variables.environment(
        EnvVar(name="HOME", value="/tmp"),
        EnvVar(name="A", value="1"),
        EnvVar(name="HOME", value="/home/$(A)"),
    ) == [{"name": "A", "value": "1"}, {"name": "HOME", "value": "/home/$(A)"}]


def test_values_are_read_from_where_they_are_kept() -> None:
    assert container_variables.environment(
        EnvVar(name="T", value=SecretKey(name="s", key="k")),
        EnvVar(name="S", value=EnvFrom(name="S", object_name="o", key="k")),
        EnvVar(name="C", value=EnvFrom(name="C", object_name="o", key="k", from_secret=False)),
    ) == [
        {"name": "T", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
        {"name": "S", "valueFrom": {"secretKeyRef": {"name": "o", "key": "k"}}},
        {"name": "C", "valueFrom": {"configMapKeyRef": {"name": "o", "key": "k"}}},
    ]


def test_a_claim_that_serves_twice_is_one_volume() -> None:
    started = replace(launch(wanted(LEAST)), mounts=(WeightMount(source=claim("models/chat/v7/"), path=MODEL),))
    volumes = engine_volumes.pod_volumes(Storage(cache_claim="models"), started)
    assert [volume["name"] for volume in volumes.volumes] == ["claim-0", "shm", "tmp"]
    assert volumes.mounts[:2] == [
        {"name": "claim-0", "mountPath": CACHE},
        {"name": "claim-0", "mountPath": MODEL, "readOnly": True, "subPath": "chat/v7"},
    ]


def test_without_a_claim_the_cache_lives_with_the_pod() -> None:
    assert {"name": "cache", "emptyDir": {}} in pod(LEAST)["volumes"]


@pytest.mark.parametrize(
    ("spec", "size"),
    [
        (LEAST, "1Gi"),
        (LEAST | {"parallelism": {"tensor": 4}}, "4Gi"),
        (LEAST | {"storage": {"sharedMemory": "3G"}}, "3G"),
        (LEAST | {"storage": {"sharedMemory": "0"}}, None),
        (LEAST | {"engine": {"prefixCaching": {"hostMemory": "64Gi"}}}, "65Gi"),
        (LEAST | {"engine": {"extraArgs": ["--kv-offloading-size=8"]}}, "9Gi"),
        (SIMULATED, None),
        (SIMULATED | {"storage": {"sharedMemory": "1Gi"}}, "1Gi"),
    ],
)
def test_shared_memory_is_what_was_requested_or_what_the_gpus_need(spec: dict[str, Any], size: str | None) -> None:
    found = [one["emptyDir"]["sizeLimit"] for one in pod(spec)["volumes"] if one["name"] == "shm"]
    assert found == ([] if size is None else [size])


def test_nothing_is_waited_for_where_routers_need_no_time() -> None:
    at_once = replace(
        launch(wanted(LEAST)), shutdown=EngineShutdown(pre_stop_seconds=0, drain_seconds=9, rest_seconds=20)
    )
    built = engine_pods.template(OWNER, wanted(LEAST), at_once, "0a1b2c3d")["spec"]
    assert "lifecycle" not in built["containers"][0]
    assert built["terminationGracePeriodSeconds"] == 29


def test_the_grace_outlasts_wait_and_drain() -> None:
    built = pod(LEAST | {"drain": {"timeout": "10m", "settle": "20s"}})
    assert built["containers"][0]["lifecycle"] == {"preStop": {"sleep": {"seconds": 20}}}
    assert built["terminationGracePeriodSeconds"] == 20 + 600 + 20


def test_every_placement_setting_reaches_the_pod() -> None:
    built = pod(FULL)
    assert (built["priorityClassName"], built["schedulerName"], built["serviceAccountName"]) == ("p", "s", "a")
    assert built["imagePullSecrets"] == [{"name": "i"}]
    assert built["tolerations"][0] == {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
    assert template(but(placement=DesiredPlacement(runtime_class="nvidia")))["spec"]["runtimeClassName"] == "nvidia"


def test_a_pod_says_which_adapters_it_loads() -> None:
    """Two revisions may load different adapters, and a router must not ask one for what the other has."""
    adapters = [{"name": "tone", "source": "hf://a/tone"}, {"name": "legal", "source": "hf://a/legal"}]
    built = template(wanted(LEAST | {"engine": {"adapters": adapters}}))
    assert built["metadata"]["annotations"] == {"fairlead.dev/adapters": "legal,tone"}
    assert "annotations" not in template(wanted(LEAST))["metadata"]
