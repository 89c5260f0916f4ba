"""How the image is pulled is the same for the operator, what it starts and `helm test`."""

import subprocess
from pathlib import Path
from typing import Any, Final

import yaml

from house import chart_manifests

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


def test_helm_test_gives_them_to_its_engine(helm: Path) -> None:
    words = [str(helm), "template", "fairlead", str(chart_manifests.CHART), "-s", "templates/tests/selftest.yaml"]
    done = subprocess.run([*words, "-f", "-"], input=yaml.safe_dump(VALUES), capture_output=True, text=True, check=True)
    (job,) = [one for one in yaml.safe_load_all(done.stdout) if one["kind"] == "Job"]
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert container["args"][-2:] == ["--image-pull-secret=registry", "--image-pull-secret=mirror"]
