"""How the image is pulled is the same for the operator, what it starts and `helm test`."""

import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from house import chart_manifests
from tests.apiserver.chart_notes import notes
from tests.apiserver.packaged import DIGEST

SECRETS: Final = [{"name": "registry"}, {"name": "mirror"}]
VALUES: Final[dict[str, Any]] = {"imagePullSecrets": SECRETS, "image": {"pullPolicy": "Always"}}


def test_the_operator_gives_routers_and_evaluations_its_pull_secrets_and_policy(helm: Path) -> None:
    (pod,) = [
        one["spec"]["template"]["spec"] for one in chart_manifests.template(helm, VALUES) if one["kind"] == "Deployment"
    ]
    (container,) = pod["containers"]
    assert pod["imagePullSecrets"] == SECRETS
    assert [word for word in container["args"] if word.startswith("--image-pull")] == [
        *("--image-pull-policy=Always", "--image-pull-secret=registry", "--image-pull-secret=mirror")
    ]


def test_one_value_makes_the_operators_children_take_the_users_that_the_cluster_assigns(helm: Path) -> None:
    for values, flags in (({"assignedUsers": True}, ["--assigned-users"]), ({}, [])):
        (pod,) = [
            one["spec"]["template"]["spec"]
            for one in chart_manifests.template(helm, values)
            if one["kind"] == "Deployment"
        ]
        assert [word for word in pod["containers"][0]["args"] if "users" in word] == flags


@pytest.mark.parametrize("values", [{}, {"autoscaler": {"separate": True}}])
def test_no_pod_of_the_chart_names_a_user_or_a_group_so_that_a_cluster_may_assign_them(
    helm: Path, values: dict[str, Any]
) -> None:
    words = [str(helm), "template", "fairlead", str(chart_manifests.CHART), "-f", "-"]
    done = subprocess.run(words, input=yaml.safe_dump(values), capture_output=True, text=True, check=True)
    pods = [
        one["spec"]["template"]["spec"]
        for one in yaml.safe_load_all(done.stdout)
        if one and one["kind"] in {"Deployment", "Job"}
    ]
    assert len(pods) == 2 + bool(values)
    for pod in pods:
        named = {field for one in (pod, *pod["containers"]) for field in one["securityContext"]}
        assert not named & {"runAsUser", "runAsGroup", "fsGroup"}


def test_helm_test_gives_them_to_its_engine(helm: Path) -> None:
    words = [str(helm), "template", "fairlead", str(chart_manifests.CHART), "-s", "templates/tests/selftest.yaml"]
    done = subprocess.run([*words, "-f", "-"], input=yaml.safe_dump(VALUES), capture_output=True, text=True, check=True)
    (job,) = [one for one in yaml.safe_load_all(done.stdout) if one["kind"] == "Job"]
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert container["args"][-2:] == ["--image-pull-secret=registry", "--image-pull-secret=mirror"]


def test_a_tag_that_a_digest_overrides_comes_with_a_warning(helm: Path) -> None:
    """An upgrade by tag of a release that is pinned by digest would keep the old image without a word.

    Both are not refused: tools that update a pinned image write the tag beside the digest for people to read.
    """
    warning = "WARNING: image.tag next has no effect"
    printed = notes(helm, {"image.tag": "next", "image.digest": DIGEST})
    assert warning in printed
    assert f"What runs is\nregistry.fairlead.dev/fairlead@{DIGEST}\n" in printed
    assert warning not in notes(helm, {"image.tag": "next"})
    assert "image.tag" not in notes(helm, {"image.digest": DIGEST})
