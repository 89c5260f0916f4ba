"""What Helm prints after an installation is true of that installation."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.apiserver.chart_notes import notes

DELETES: Final = "kubectl delete crd"
LEAVES: Final = "leaves serving pods alone"


@pytest.mark.parametrize(
    ("values", "leaves", "deletes"),
    [
        ({}, True, True),
        ({"crds.keep": False}, False, False),
        ({"crds.install": False}, True, False),
        ({"crds.install": False, "crds.keep": False}, True, False),
    ],
    ids=["kept", "not kept", "of another release", "of another release, which this one would not keep"],
)
def test_an_uninstall_does_what_the_notes_say(helm: Path, values: dict[str, Any], leaves: bool, deletes: bool) -> None:
    """With the definitions goes everything that serves, also what other releases serve."""
    printed = notes(helm, values)
    assert (LEAVES in printed, DELETES in printed) == (leaves, deletes)
    assert ("WARNING: `helm uninstall` deletes the CRDs" in printed) is not leaves


@pytest.mark.parametrize("secrets", [[], [{"name": "registry"}, {"name": "mirror"}]], ids=["public", "private"])
def test_the_first_model_of_the_notes_can_pull_its_image(helm: Path, secrets: list[dict[str, str]]) -> None:
    """A simulated engine is of the operator's image, and names no Secret of itself."""
    (text,) = re.findall(r"<<EOF\n(.*?)^    EOF", notes(helm, {"imagePullSecrets": secrets}), re.DOTALL | re.MULTILINE)
    spec = yaml.safe_load(text)["spec"]
    assert spec.pop("placement", {}) == ({"imagePullSecrets": secrets} if secrets else {})
    assert spec.keys() == {"model", "engine", "accelerator"}
