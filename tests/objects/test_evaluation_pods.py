"""Pods of an evaluation: no GPU, no rights, no group set on a volume, nothing but what their work needs."""

from dataclasses import replace

from fairlead.fleet.conversations import ConfigMapKey
from fairlead.fleet.desired_state import EngineKind, EnvFrom, SecretKey
from fairlead.fleet.evaluation_runners import EvaluationRunner, RunnerKind, RunnerPass, RunnerProgram
from fairlead.fleet.item_sources import ClaimFile, HubFile, ImageFile, ItemSource
from fairlead.objects import evaluation_pods, runner_pods
from fairlead.objects.installation import Installation
from fairlead.objects.manifest import Manifest
from fairlead.objects.runner_pods import RunnerWork

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
    assert spec["volumes"] == [{"name": "source", "persistentVolumeClaim": {"claimName": "evals", "readOnly": True}}]
    (container,) = spec["containers"]
    assert container["args"] == ["evaluator", "read", "--file", "/items/a/items.jsonl"]
    assert container["volumeMounts"] == [{"name": "source", "mountPath": "/items", "readOnly": True}]
    assert {"name": "NVIDIA_VISIBLE_DEVICES", "value": "void"} in container["env"]
    assert "fsGroup" not in spec["securityContext"]
    assert (spec["restartPolicy"], spec["activeDeadlineSeconds"]) == ("Never", 900)
    assert spec["automountServiceAccountToken"] is False


def test_an_image_is_mounted_with_its_credentials_and_not_run() -> None:
    source = ImageFile(reference="registry.example.com/evals:v1", path="items.jsonl", pull_secrets=("registry",))
    spec = evaluation_pods.reader(OWNER, source, PLATFORM)["spec"]
    assert spec["volumes"] == [{"name": "source", "image": {"reference": "registry.example.com/evals:v1"}}]
    assert spec["imagePullSecrets"] == [{"name": "registry"}]
    assert spec["containers"][0]["image"] == "fairlead:1"


def test_a_hub_is_queried_with_a_token_that_only_the_kubelet_reads() -> None:
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


def test_the_harness_reads_the_folder_itself_and_needs_no_copy() -> None:
    runner = EvaluationRunner(
        kind=RunnerKind.LM_EVAL,
        task="support",
        program=RunnerProgram(
            image="lm-eval:1",
            env=(("MODE", "strict"),),
            env_from=(
                EnvFrom(name="KEY", object_name="judge", key="token"),
                EnvFrom(name="TEXT", object_name="texts", key="a", from_secret=False),
            ),
            pull_secrets=("registry",),
        ),
    )
    source = ImageFile(reference="registry.example.com/evals:v1", path="support/items.jsonl", pull_secrets=("other",))
    assert runner.in_pods
    made = runner_pods.manifest(work(runner, source), PLATFORM)
    spec, (program,) = made["spec"], made["spec"]["containers"]
    assert [one["name"] for one in spec["initContainers"]] == ["relay"]
    assert program["command"][:2] == ["python3", "-c"]
    folder = program["command"].index("--include_path")
    assert program["command"][folder + 1] == "/items/support"
    assert {"name": "FAIRLEAD_ITEMS", "value": "/items/support/items.jsonl"} in program["env"]
    assert {"name": "HF_HUB_OFFLINE", "value": "1"} in program["env"]
    assert program["volumeMounts"][0] == {"name": "source", "mountPath": "/items", "readOnly": True}
    assert [one["name"] for one in program["env"][-3:]] == ["MODE", "KEY", "TEXT"]
    assert "configMapKeyRef" in program["env"][-1]["valueFrom"]
    assert spec["imagePullSecrets"] == [{"name": "registry"}, {"name": "other"}]
    private = runner_pods.manifest(work(runner, source), replace(PLATFORM, pull_secrets=("ours", "other")))
    named = [one["name"] for one in private["spec"]["imagePullSecrets"]]
    assert named == ["ours", "other", "registry"], "the relay runs the installation's image"


def test_a_users_own_variable_replaces_the_one_of_its_name() -> None:
    own = (("HF_HUB_OFFLINE", "0"), ("TOKENIZERS_PARALLELISM", "true"))
    where = EnvFrom(name="HF_HOME", object_name="caches", key="home", from_secret=False)
    program = RunnerProgram(image="lm-eval:1", env=own, env_from=(where,))
    runner = EvaluationRunner(kind=RunnerKind.LM_EVAL, task="support", program=program)
    source = ImageFile(reference="registry.example.com/evals:v1", path="support/items.jsonl")
    (made,) = runner_pods.manifest(work(runner, source), PLATFORM)["spec"]["containers"]
    names = [one["name"] for one in made["env"]]
    assert len(set(names)) == len(names)
    assert [one.get("value") for one in made["env"][-3:]] == ["0", "true", None]
    assert {"name": "HF_DATASETS_OFFLINE", "value": "1"} in made["env"]


def test_a_program_without_arguments_runs_its_images_entrypoint_on_a_copy_of_its_items() -> None:
    runner = EvaluationRunner(kind=RunnerKind.JOB, program=RunnerProgram(image="program:1"))
    made = runner_pods.manifest(work(runner, ConfigMapKey(name="questions", key="items.jsonl"), limit=100), PLATFORM)
    copy, _ = made["spec"]["initContainers"]
    (program,) = made["spec"]["containers"]
    assert "command" not in program
    assert "args" not in program
    assert copy["args"][2:] == [
        *("--file", "/source/items.jsonl", "--to", "/items/items.jsonl", "--digest", "abc", "--limit", "100")
    ]
    assert made["metadata"]["name"] == "chat-12345678-noise"
    assert made["metadata"]["labels"]["fairlead.dev/deployment"] == "chat"
    assert {"name": "source", "configMap": {"name": "questions"}} in made["spec"]["volumes"]
    assert made["metadata"]["ownerReferences"][0]["kind"] == "Deployment"


def work(runner: EvaluationRunner, source: ItemSource, limit: int | None = None) -> RunnerWork:
    holder = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "chat-12345678", "namespace": "demo", "uid": "2"},
    }
    return RunnerWork(
        owner=evaluation_pods.of_revision("support", holder),
        deployment="chat",
        serving="chat",
        revision="12345678",
        work=RunnerPass.NOISE,
        runner=runner,
        source=source,
        max_tokens=1024,
        seed=0,
        concurrency=4,
        model="chat",
        kind=EngineKind.VLLM,
        addresses=("198.18.0.1",),
        content="abc",
        key="k",
        limit=limit,
    )


def test_a_relay_gets_only_pods_that_have_an_address() -> None:
    pods: list[Manifest] = [
        {"status": {"podIP": "198.18.0.2"}},
        {"status": {}},
        {},
        {"status": {"podIP": "198.18.0.1"}},
    ]
    assert evaluation_pods.addresses(pods) == ("198.18.0.1", "198.18.0.2")
