"""Pods that work for an evaluation: no GPU, no right, no group set on a volume, nothing but what their work takes."""

from fairlead.fleet.desired_state import SecretKey
from fairlead.fleet.item_sources import ClaimFile, HubFile, ImageFile
from fairlead.objects import evaluation_pods
from fairlead.objects.installation import Installation
from fairlead.objects.manifest import Manifest

DOCUMENT: Manifest = {"metadata": {"name": "support", "namespace": "demo", "uid": "1"}}
OWNER = evaluation_pods.of_evaluation(DOCUMENT)
PLATFORM = Installation(image="fairlead:1", operator_namespace="fairlead")
CLAIM = ClaimFile(claim="evals", path="a/items.jsonl")


def test_a_volume_is_mounted_for_reading_and_keeps_its_owners() -> None:
    made = evaluation_pods.reader(OWNER, CLAIM, PLATFORM)
    about, spec = made["metadata"], made["spec"]
    assert (about["name"], about["namespace"]) == ("support-items", "demo")
    assert about["labels"]["fairlead.dev/evaluation"] == "support"
    assert "app.kubernetes.io/managed-by" not in about["labels"], "no informer of children finds it"
    assert [one["uid"] for one in about["ownerReferences"]] == ["1"]
    assert "blockOwnerDeletion" not in about["ownerReferences"][0]
    assert spec["volumes"] == [{"name": "items", "persistentVolumeClaim": {"claimName": "evals", "readOnly": True}}]
    (container,) = spec["containers"]
    assert container["args"] == ["evaluator", "read", "--file", "/items/a/items.jsonl"]
    assert container["volumeMounts"] == [{"name": "items", "mountPath": "/items", "readOnly": True}]
    assert {"name": "NVIDIA_VISIBLE_DEVICES", "value": "void"} in container["env"]
    assert "fsGroup" not in spec["securityContext"]
    assert (spec["restartPolicy"], spec["activeDeadlineSeconds"]) == ("Never", 900)
    assert spec["automountServiceAccountToken"] is False


def test_an_image_is_mounted_with_its_credentials_and_not_run() -> None:
    source = ImageFile(reference="registry.example.com/evals:v1", path="items.jsonl", pull_secrets=("registry",))
    spec = evaluation_pods.reader(OWNER, source, PLATFORM)["spec"]
    assert spec["volumes"] == [{"name": "items", "image": {"reference": "registry.example.com/evals:v1"}}]
    assert spec["imagePullSecrets"] == [{"name": "registry"}]
    assert spec["containers"][0]["image"] == "fairlead:1"


def test_a_hub_is_asked_with_a_token_that_only_the_kubelet_reads() -> None:
    source = HubFile(
        repository="datasets/a/b",
        path="items.jsonl",
        revision="v1",
        endpoint="https://hub",
        token=SecretKey(name="hub", key="token"),
    )
    spec = evaluation_pods.reader(OWNER, source, PLATFORM)["spec"]
    (container,) = spec["containers"]
    assert container["args"][2:] == [
        *("--hub", "https://hub", "--repository", "datasets/a/b", "--revision", "v1", "--path", "items.jsonl")
    ]
    token = {"secretKeyRef": {"name": "hub", "key": "token"}}
    assert container["env"][-1] == {"name": "HF_TOKEN", "valueFrom": token}
    assert (spec["volumes"], container["volumeMounts"]) == ([], [])


def test_another_operator_repeats_nothing_and_another_file_is_other_work() -> None:
    made = evaluation_pods.reader(OWNER, CLAIM, PLATFORM)
    upgraded = evaluation_pods.reader(OWNER, CLAIM, Installation(image="fairlead:2", operator_namespace="fairlead"))
    other = evaluation_pods.reader(OWNER, ClaimFile(claim="evals", path="b.jsonl"), PLATFORM)
    assert evaluation_pods.is_same_work(made, upgraded)
    assert not evaluation_pods.is_same_work(made, other)
    assert evaluation_pods.belongs(made, OWNER)
    theirs = {"metadata": {"name": "support-items", "namespace": "demo"}}
    assert not evaluation_pods.belongs(theirs, OWNER)
