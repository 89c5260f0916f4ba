"""The DaemonSet that holds images: on engines' nodes, with nothing that replicas, routers or quotas would miss."""

import json
from typing import Any, Final

import pytest

from fairlead.api import deployment_conversion
from fairlead.cluster import gpu_nodes, pod_requests
from fairlead.engines.catalogue import releases
from fairlead.fleet.image_pull import ImagePull
from fairlead.objects import applied_hash, drift, pre_pull
from fairlead.objects.manifest import Manifest
from tests.api.full_specs import COUNTED, ON_CPU
from tests.objects.specs import FULL, LEAST, OWNER, read, template, wanted

SPECS: Final[dict[str, dict[str, Any]]] = {"least": LEAST, "full": FULL, "counted": COUNTED, "cpu": ON_CPU}


def of(spec: dict[str, Any]) -> Manifest:
    return pre_pull.manifest(OWNER, template(wanted(spec)))


def pod_of(spec: dict[str, Any]) -> Manifest:
    return dict(of(spec)["spec"]["template"]["spec"])


def test_the_engines_image_sleeps_on_every_node_with_the_accelerator() -> None:
    made = of(LEAST)
    assert made["metadata"]["name"] == "chat-prepull"
    assert made["metadata"]["ownerReferences"] == [OWNER.reference]
    assert made["metadata"]["labels"]["fairlead.dev/role"] == "prepull"
    pod = made["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert (container["image"], container["command"]) == ("vllm/vllm-openai:v0.32.0", ["sleep", "infinity"])
    assert pod["nodeSelector"] == {"nvidia.com/gpu.product": "NVIDIA-L4"}
    assert {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"} in pod["tolerations"]
    assert pre_pull.image(made) == "vllm/vllm-openai:v0.32.0"


@pytest.mark.parametrize("name", SPECS)
def test_it_takes_nothing_that_a_replica_needs(name: str) -> None:
    pod = pod_of(SPECS[name])
    assert gpu_nodes.held_accelerators({"spec": pod | {"nodeName": "a"}}) == 0
    assert not any(pod_requests.requested({"spec": pod})), "a replica that needs a whole node finds one"
    assert not {"priorityClassName", "schedulerName", "topologySpreadConstraints"} & set(pod)
    assert [set(one["resources"]["limits"]) for one in pod["containers"]] == [
        {"cpu", "memory", "ephemeral-storage"} for _ in pod["containers"]
    ], "a quota on limits refuses pods that state none"


@pytest.mark.parametrize("name", SPECS)
def test_it_is_no_engine_to_anything_that_selects_engines(name: str) -> None:
    """An anti-affinity between replicas, a Service or a scrape of users would also find what only holds images."""
    made = of(SPECS[name])
    assert made["spec"]["template"]["metadata"] == {"labels": {"fairlead.dev/pre-pull": "chat"}}
    pod = made["spec"]["template"]["spec"]
    assert [one for one in pod["containers"] if "ports" in one or "readinessProbe" in one] == []
    assert (pod["automountServiceAccountToken"], pod["enableServiceLinks"]) == (False, False)


def test_it_has_the_engines_credentials_security_and_runtime_and_sees_no_gpu() -> None:
    engine, pod = template(wanted(COUNTED))["spec"], pod_of(COUNTED)
    for field in ("tolerations", "runtimeClassName", "imagePullSecrets", "securityContext", "serviceAccountName"):
        assert pod[field] == engine[field], field
    (container,) = pod["containers"]
    assert container["securityContext"] == engine["containers"][0]["securityContext"]
    assert container["env"] == [
        {"name": "NVIDIA_VISIBLE_DEVICES", "value": "void"},
        {"name": "CUDA_VISIBLE_DEVICES", "value": ""},
    ]


def test_of_an_affinity_only_what_chooses_nodes_counts() -> None:
    """With an anti-affinity to replicas, no node with a replica would hold the image."""
    nodes: dict[str, Any] = {
        "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": []}]}
    }
    both = {"nodeAffinity": nodes} | FULL["placement"]["affinity"]
    spec = LEAST | {"placement": {"affinity": both}}
    assert pod_of(spec)["affinity"] == {"nodeAffinity": nodes}
    assert "affinity" not in pod_of(FULL)


def test_weights_in_an_image_are_pulled_with_it() -> None:
    pod = pod_of(FULL)
    assert pod["volumes"] == [{"name": "weights-0", "image": {"reference": "registry.example.com/models/chat:v7"}}]
    (container,) = pod["containers"]
    (mount,) = container["volumeMounts"]
    assert (mount["name"], mount["readOnly"]) == ("weights-0", True)
    assert "volumes" not in pod_of(LEAST)


def test_the_loaders_image_is_held_too_and_once_if_it_is_the_engines() -> None:
    slots = {"engine": {"lora": {"slots": 4, "maxRank": 16}}}
    own = releases("fairlead:1", pull=ImagePull(policy="Always", secrets=("own",)))
    built = deployment_conversion.deployment(read(LEAST | slots), own)
    pod = pre_pull.manifest(OWNER, template(built))["spec"]["template"]["spec"]
    assert [one["name"] for one in pod["containers"]] == ["engine", "loader"]
    assert (pod["containers"][1]["image"], pod["containers"][1]["imagePullPolicy"]) == ("fairlead:1", "Always")
    assert pod["imagePullSecrets"] == [{"name": "own"}]
    assert "serviceAccountName" not in pod, "the loader's account is of no use to an image"
    same = template(built) | {}
    same["spec"]["initContainers"][0]["image"] = same["spec"]["containers"][0]["image"]
    (only,) = pre_pull.manifest(OWNER, same)["spec"]["template"]["spec"]["containers"]
    assert only["name"] == "engine"


def test_an_update_pulls_on_all_nodes_at_once_and_keeps_the_old_image_until_then() -> None:
    assert of(LEAST)["spec"]["updateStrategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": "100%", "maxUnavailable": 0},
    }


def test_what_the_api_server_adds_is_no_difference() -> None:
    """P3: its defaults, as it returns them."""
    intent = applied_hash.with_applied_hash(of(FULL))
    live = json.loads(json.dumps(intent))
    live["spec"]["updateStrategy"]["rollingUpdate"] = {"maxSurge": "100%", "maxUnavailable": 0}
    live["spec"]["template"]["metadata"]["creationTimestamp"] = None
    pod = live["spec"]["template"]["spec"]
    pod |= {"dnsPolicy": "ClusterFirst", "schedulerName": "default-scheduler", "serviceAccount": "a"}
    pod["volumes"][0]["image"]["pullPolicy"] = "IfNotPresent"
    pod["containers"][0] |= {"imagePullPolicy": "IfNotPresent", "terminationMessagePath": "/dev/termination-log"}
    live["status"] = {"numberReady": 3}
    assert drift.differs(intent, live) is None
    pod["nodeSelector"]["other"] = "yes"
    assert drift.spelt(drift.differs(intent, live)) == "spec.template.spec.nodeSelector"
