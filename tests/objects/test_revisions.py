"""Which edits restart engines, and which never do, whatever release reads them."""

import copy
import json
import re
from pathlib import Path
from typing import Annotated, Any, Final

import pytest
from pydantic import Field

from fairlead.api.api_model import ApiModel
from fairlead.api.deployment import InferenceDeploymentSpec
from fairlead.api.engine import Engine
from fairlead.api.pods import Accelerator
from fairlead.objects import revisions
from tests.api.full_specs import COUNTED, with_value
from tests.objects.specs import LEAST, read, wanted

REVISIONS: Final[list[dict[str, Any]]] = json.loads(
    (Path(__file__).parent / "data" / "known-revisions.json").read_text(encoding="utf-8")
)
"""Specs from when a part of them was new, and the revisions that fleets have carried since."""


def of(spec: dict[str, Any]) -> str:
    return revisions.of(read(spec).spec)


@pytest.mark.parametrize("row", REVISIONS, ids=lambda row: row["of"])
def test_a_spec_of_an_earlier_release_has_its_revision_for_ever(row: dict[str, Any]) -> None:
    """Another digit here restarts every fleet in the world at its next upgrade. A new field needs no new row."""
    assert of(row["spec"]) == row["revision"]
    assert re.fullmatch("[0-9a-f]{8}", row["revision"])


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("model", "source"), "hf://a/other"),
        (("model", "revision"), "v2"),
        (("model", "servedName"), "other"),
        (("model", "shape", "parameters"), 7_000_000_000),
        (("engine", "image"), "example.com/own:2"),
        (("engine", "version"), "0.32.0"),
        (("engine", "batching", "maxSequences"), 32),
        (("engine", "env", 0, "value"), "c"),
        (("engine", "extraArgs", 0), "--seed=2"),
        (("engine", "tools", "parser"), "mistral"),
        (("engine", "chatTemplate", "configMap", "name"), "other"),
        (("accelerator", "product"), "NVIDIA-A100-SXM4-80GB"),
        (("accelerator", "resource"), "example.com/other"),
        (("parallelism", "tensor"), 2),
        (("placement", "nodeSelector", "a"), "2"),
        (("placement", "priorityClassName"), "other"),
        (("storage", "sharedMemory"), "3Gi"),
        (("drain", "timeout"), "2m"),
    ],
    ids=lambda each: ".".join(map(str, each)) if isinstance(each, tuple) else "",
)
def test_what_changes_a_pod_starts_a_revision(path: tuple[str | int, ...], value: object) -> None:
    assert of(with_value(COUNTED, path, value)) != of(COUNTED)


@pytest.mark.parametrize(
    "changes",
    [
        {"replicas": 9},
        {"replicas": None, "scaling": {"minReplicas": 2, "maxReplicas": 4}},
        {"rollout": {"strategy": "Surge"}},
        {"fitCheck": "Enforce"},
        {"router": {"replicas": 5, "limits": {"maxQueued": 9}}},
        {"router": None, "gateway": {"name": "company"}},
        {"accelerator": COUNTED["accelerator"] | {"count": 8}},
    ],
    ids=",".join,
)
def test_counts_rollout_and_door_leave_engines_alone(changes: dict[str, Any]) -> None:
    assert of(COUNTED | changes) == of(COUNTED)


def test_stating_defaults_explicitly_does_not_change_the_revision() -> None:
    aloud = LEAST | {
        "engine": {"kind": "vLLM", "prefixCaching": {"enabled": True}, "speculation": {"method": "off"}},
        "parallelism": {"tensor": 1},
        "drain": {"timeout": "5m"},
        "placement": {"nodeSelector": {}},
    }
    assert of(aloud) == of(LEAST)


def test_guessing_that_is_switched_off_keeps_no_settings() -> None:
    off = LEAST | {"engine": {"speculation": {"method": "off", "tokens": 5, "maxConcurrency": 8}}}
    assert wanted(off).revision == wanted(LEAST).revision
    assert of(off) == of(LEAST)


def test_the_order_of_keys_means_nothing() -> None:
    turned = {field: COUNTED[field] for field in reversed(COUNTED)}
    turned["engine"] = {field: COUNTED["engine"][field] for field in reversed(COUNTED["engine"])}
    assert of(turned) == of(COUNTED)


class LaterEngine(Engine):
    """An engine of a later release: one more field, and another default image."""

    novelty: Annotated[int, Field(ge=0)] = 3
    image: str | None = "vllm/vllm-openai:v0.40.0"


class LaterAccelerator(Accelerator):
    """The GPUs of a later release."""

    sharing: str = "none"


class Novelties(ApiModel):
    """A new part."""

    depth: int = 2


class LaterSpec(InferenceDeploymentSpec):
    """A spec of a later release."""

    engine: Engine = LaterEngine()
    accelerator: Accelerator
    novelties: Novelties = Novelties()


@pytest.mark.parametrize("spec", [LEAST, COUNTED], ids=["least", "full"])
def test_a_later_release_finds_the_same_revisions(spec: dict[str, Any]) -> None:
    written = copy.deepcopy(spec)
    today = read(written).spec
    later = LaterSpec.model_validate(
        today.model_dump(exclude_unset=True)
        | {
            "engine": LaterEngine.model_validate(today.engine.model_dump(exclude_unset=True)),
            "accelerator": LaterAccelerator.model_validate(today.accelerator.model_dump(exclude_unset=True)),
        }
    )
    assert revisions.of(later) == revisions.of(today)
