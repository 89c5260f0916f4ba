"""Where the cluster assigns every pod its user and groups, as OpenShift does, no pod of ours names its own."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import pytest

from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.evaluation_runners import EvaluationRunner, RunnerKind, RunnerProgram
from fairlead.fleet.item_sources import ClaimFile
from fairlead.objects import children, evaluation_pods, gateway_children, pre_pull, preflight_pods, runner_pods
from fairlead.objects.installation import Installation
from fairlead.objects.manifest import Manifest
from tests.objects.specs import FULL, LEAST, OWNER, PLATFORM, RELEASES, template, wanted
from tests.objects.test_evaluation_pods import work
from tests.objects.test_gateway_children import FRONT_OWNER, gateway
from tests.objects.test_pull_secrets import READING, of_routers

OPENSHIFT: Final = replace(PLATFORM, assigned_users=True)
ITEMS: Final = ClaimFile(claim="evals", path="items.jsonl")
PROGRAM: Final = EvaluationRunner(kind=RunnerKind.JOB, program=RunnerProgram(image="program:1"))
SLOTS: Final[dict[str, Any]] = {"engine": {"lora": {"slots": 4, "maxRank": 16}}}
ENGINES: Final[dict[str, dict[str, Any]]] = {
    **{kind.value: LEAST | {"engine": {"kind": kind.value}} for kind in RELEASES},
    "with every field": FULL,
    "with slots for adapters": LEAST | SLOTS,
}
IDENTITY: Final = frozenset({"runAsUser", "runAsGroup", "fsGroup"})


def of_engine(spec: dict[str, Any], *, assigned: bool) -> Iterator[Manifest]:
    """The pods of one revision: its engines, its check without a GPU, and what holds its images on nodes."""
    engine = template(replace(wanted(spec), assigned_users=assigned))
    yield engine["spec"]
    yield preflight_pods.manifest(OWNER, "0a1b2c3d", engine, ("vllm", "--help"), 900)["spec"]
    yield pre_pull.manifest(OWNER, engine)["spec"]["template"]["spec"]


def of_installation(installation: Installation) -> Iterator[Manifest]:
    """The pods of a deployment's routers and of a gateway's, the one that reads items, and one of a runner."""
    yield of_routers(children.all_children(OWNER, wanted(LEAST), installation))
    yield of_routers(gateway_children.all_children(FRONT_OWNER, gateway(), {}, installation))
    yield evaluation_pods.reader(READING, ITEMS, installation)["spec"]
    yield runner_pods.manifest(work(PROGRAM, ITEMS), installation)["spec"]


def named(pod: Manifest) -> set[str]:
    """The fields in which a pod, or a container of it, names a user or a group."""
    contexts = [pod["securityContext"]]
    contexts += [one["securityContext"] for one in (*pod["containers"], *(pod.get("initContainers") or ()))]
    return {field for one in contexts for field in one} & IDENTITY


def is_restricted(pod: Manifest) -> bool:
    """Whether Pod Security `restricted` admits it, whoever its user is."""
    context = pod["securityContext"]
    return bool(context["runAsNonRoot"] and context["seccompProfile"] == {"type": "RuntimeDefault"})


@pytest.mark.parametrize("spec", ENGINES.values(), ids=ENGINES)
def test_an_engines_pods_name_a_user_only_where_the_cluster_assigns_none(spec: dict[str, Any]) -> None:
    assert [named(pod) for pod in of_engine(spec, assigned=True)] == [set()] * 3
    assert [named(pod) for pod in of_engine(spec, assigned=False)] == [set(IDENTITY)] * 3
    assert all(is_restricted(pod) for pod in of_engine(spec, assigned=True))


def test_pods_of_the_installations_image_name_a_user_only_where_the_cluster_assigns_none() -> None:
    assert [named(pod) for pod in of_installation(OPENSHIFT)] == [set()] * 4
    assert ["runAsUser" in named(pod) for pod in of_installation(PLATFORM)] == [True] * 4
    assert all(is_restricted(pod) for pod in of_installation(OPENSHIFT))


def test_a_cache_of_weights_is_not_walked_through_at_each_start_with_an_assigned_group_either() -> None:
    """The group that the cluster assigns is set on volumes too."""
    engine = next(of_engine(FULL, assigned=True))
    assert engine["securityContext"]["fsGroupChangePolicy"] == "OnRootMismatch"


def test_what_pods_write_to_is_a_volume_of_their_own_whose_folder_any_user_may_write() -> None:
    """An emptyDir without its own mode; a home folder in the image would belong to the image's user."""
    engine = next(of_engine(LEAST, assigned=True))
    (container,) = engine["containers"]
    folders = {one["name"]: one["emptyDir"] for one in engine["volumes"] if "emptyDir" in one}
    home = next(one["value"] for one in container["env"] if one["name"] == "HOME")
    written = {one["mountPath"] for one in container["volumeMounts"] if one["name"] in folders}
    assert home in written
    assert container["securityContext"]["readOnlyRootFilesystem"]


def test_every_kind_of_engine_is_among_them() -> None:
    real = {EngineKind.VLLM, EngineKind.SGLANG, EngineKind.TENSORRT_LLM, EngineKind.SIMULATED}
    assert set(RELEASES) == real
