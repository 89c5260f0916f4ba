"""Images that are pulled in advance where no label chooses nodes: on all of them, which the author should know."""

from typing import Any, Final

import pytest

from fairlead.fleet.findings import SpecFinding
from fairlead.review import admission
from fairlead.review.result import AdmissionReason
from tests.review.table import CONTEXT, deployment

AMD: Final = {"accelerator": {"product": "AMD-Instinct-MI300X", "resource": "amd.com/gpu"}}
NVIDIA: Final = {"accelerator": {"product": "NVIDIA-L4"}}
CPU: Final = {"accelerator": {"product": "CPU", "cores": 4, "memory": "8Gi"}}
TERMS: Final = {"nodeSelectorTerms": [{"matchExpressions": [{"key": "amd", "operator": "Exists"}]}]}


def found(spec: dict[str, Any]) -> list[SpecFinding]:
    every = admission.review(deployment(**spec), CONTEXT).warnings
    return [one for one in every if one.reason is AdmissionReason.PULLED_EVERYWHERE]


def test_a_resource_keeps_what_holds_images_off_no_node() -> None:
    (warning,) = found(AMD | {"prePull": True})
    assert warning.field == "spec.prePull"
    assert warning.because.endswith("tolerate pull the image, also those without amd.com/gpu")
    assert "spec.placement.nodeSelector" in warning.remedy


def test_replicas_on_cpu_may_run_on_any_node_so_all_pull() -> None:
    (warning,) = found(CPU | {"prePull": True})
    assert warning.because.endswith("tolerate pull the image")


@pytest.mark.parametrize(
    "spec",
    [
        NVIDIA | {"prePull": True},
        AMD,
        AMD | {"prePull": True, "placement": {"nodeSelector": {"gpu": "amd"}}},
        AMD
        | {
            "prePull": True,
            "placement": {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": TERMS}}},
        },
    ],
    ids=["product's label", "not pulled", "selector", "affinity"],
)
def test_where_a_label_chooses_nodes_nothing_is_said(spec: dict[str, Any]) -> None:
    assert found(spec) == []


@pytest.mark.parametrize("affinity", [{"nodeAffinity": []}, {"podAffinity": {}}], ids=["no map", "of pods"])
def test_an_affinity_that_chooses_no_node_is_none(affinity: dict[str, Any]) -> None:
    assert len(found(AMD | {"prePull": True, "placement": {"affinity": affinity}})) == 1
