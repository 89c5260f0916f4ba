"""Our CRDs on a real API server: it accepts, keeps and explains them, and refuses what they refuse."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from devcluster.door import DoorClosed, Embedded
from fairlead.api.kinds import API_VERSION, KINDS, Kind
from fairlead.api.object_reader import read_strict
from house.crds import FOLDER
from tests.api.bad import LEAST, Bad
from tests.api.bad_specs import BAD
from tests.api.edges import SPELT
from tests.api.full_specs import FULL, with_value, without_revision

SAMPLES = sorted((FOLDER.parent / "manifests" / "samples").glob("*.yaml"))


def test_the_definitions_are_established_and_structural(served: Embedded) -> None:
    for kind in KINDS:
        there = json.loads(served.kubectl("get", "crd", kind.crd, "-o", "json"))
        found = {one["type"]: one["status"] for one in there["status"]["conditions"]}
        assert found == {"NamesAccepted": "True", "Established": "True"}, kind.name


def test_applying_them_twice_changes_nothing(served: Embedded) -> None:
    before = [_version(served, kind) for kind in KINDS]

    assert served.kubectl("apply", "-f", str(FOLDER)).count("unchanged") == len(KINDS)
    served.kubectl("apply", "--server-side", "--force-conflicts", "--field-manager=again", "-f", str(FOLDER))
    once = [_version(served, kind) for kind in KINDS]
    served.kubectl("apply", "--server-side", "--force-conflicts", "--field-manager=again", "-f", str(FOLDER))

    assert [generation for _, generation in once] == [generation for _, generation in before]
    assert [_version(served, kind) for kind in KINDS] == once


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_is_taken_without_a_warning(served: Embedded, sample: Path) -> None:
    count = len(list(yaml.safe_load_all(sample.read_text())))
    output = served.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", str(sample))
    assert output.count("(server dry run)") == count


@pytest.mark.parametrize(("kind", "spec"), FULL, ids=lambda each: each.short if isinstance(each, Kind) else "")
def test_a_spec_with_every_field_is_taken_without_a_warning(
    served: Embedded, kind: Kind[Any], spec: dict[str, Any]
) -> None:
    text = json.dumps(_object(kind, "full", spec))
    assert "created" in served.kubectl("create", "--dry-run=server", "--validate=strict", "-f", "-", text=text)


@pytest.mark.parametrize(
    ("kind", "path", "values"), SPELT, ids=lambda each: each[-1] if isinstance(each, tuple) and len(each) < 9 else ""
)
def test_both_doors_draw_the_edge_of_a_spelling_at_the_same_place(
    served: Embedded, kind: Kind[Any], path: tuple[str | int, ...], values: tuple[object, ...]
) -> None:
    """All values in one call; kubectl names each refused object."""
    full = next(spec for one, spec in FULL if one is kind)
    base = without_revision(full) if path[-1] == "source" else full
    named = {f"edge{number}": with_value(base, path, value) for number, value in enumerate(values)}
    objects = [_object(kind, name, spec) for name, spec in named.items()]
    ours = {name for name, spec in named.items() if read_strict(_object(kind, name, spec), kind).problems}

    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    with pytest.raises(DoorClosed) as refused:
        served.kubectl("create", "--dry-run=server", "-f", "-", text=text)

    theirs = set(re.findall(r'"(edge\d+)" is invalid', str(refused.value)))
    assert {values[int(name[4:])] for name in ours ^ theirs} == set()


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.story)
def test_a_bad_spec_is_refused_with_its_field_and_what_to_do(served: Embedded, bad: Bad) -> None:
    with pytest.raises(DoorClosed) as refused:
        served.kubectl("create", "--dry-run=server", "-f", "-", text=json.dumps(_object(bad.kind, bad.name, bad.spec)))
    assert (bad.there or re.sub(r" \(\d+\)", "", bad.wording)) in str(refused.value)  # CEL cost forbids numbers
    assert bad.at in str(refused.value)


def test_explain_describes_the_settings_of_a_spec(served: Embedded) -> None:
    text = " ".join(served.kubectl("explain", "infd.spec.engine.speculation").split())
    assert "Speculative decoding" in text
    assert "Running requests in a replica above which speculative decoding is switched off" in text
    assert "enum: off, ngram, draftModel, eagle3" in text


def test_the_same_object_applied_twice_is_unchanged(served: Embedded) -> None:
    text = json.dumps(_object(KINDS[0], "twice", LEAST))
    served.kubectl("apply", "-f", "-", text=text)
    before = _metadata(served, "twice")
    assert "unchanged" in served.kubectl("apply", "-f", "-", text=text)
    assert _metadata(served, "twice") == before


def test_replicas_are_set_through_the_scale_subresource_and_nowhere_else_by_default(served: Embedded) -> None:
    served.kubectl("apply", "-f", "-", text=json.dumps(_object(KINDS[0], "scaled", LEAST)))
    assert served.kubectl("get", "infd", "scaled", "-o", "jsonpath={.spec.replicas}") == ""

    served.kubectl("scale", "infd", "scaled", "--replicas=3")

    assert served.kubectl("get", "infd", "scaled", "-o", "jsonpath={.spec.replicas}") == "3"
    status = {"replicas": 2, "selector": "fairlead.dev/deployment=scaled,fairlead.dev/role=engine"}
    patch = json.dumps({"status": status})
    served.kubectl("patch", "infd", "scaled", "--subresource=status", "--type=merge", "-p", patch)
    path = f"/apis/{API_VERSION}/namespaces/default/inferencedeployments/scaled/scale"
    scale = json.loads(served.kubectl("get", "--raw", path))
    assert (scale["spec"], scale["status"]) == ({"replicas": 3}, status)


def test_an_hpa_needs_a_first_count_since_the_server_has_no_scale_without_one(served: Embedded) -> None:
    """Why docs/reference/api.md tells users of an HPA or KEDA to run `kubectl scale` once."""
    served.kubectl("apply", "-f", "-", text=json.dumps(_object(KINDS[0], "uncounted", LEAST)))
    path = f"/apis/{API_VERSION}/namespaces/default/inferencedeployments/uncounted/scale"
    with pytest.raises(DoorClosed, match=r"the spec replicas field .* does not exist"):
        served.kubectl("get", "--raw", path)
    served.kubectl("scale", "infd", "uncounted", "--replicas=1")
    assert json.loads(served.kubectl("get", "--raw", path))["spec"] == {"replicas": 1}


def test_scaling_by_hand_is_refused_where_a_policy_decides(served: Embedded) -> None:
    spec = LEAST | {"scaling": {"maxReplicas": 4}}
    served.kubectl("apply", "-f", "-", text=json.dumps(_object(KINDS[0], "decided", spec)))
    with pytest.raises(DoorClosed, match="replicas and scaling cannot both decide"):
        served.kubectl("scale", "infd", "decided", "--replicas=3")


def test_writing_status_changes_no_spec_and_no_generation(served: Embedded) -> None:
    served.kubectl("apply", "-f", "-", text=json.dumps(_object(KINDS[0], "reported", LEAST)))
    patch = json.dumps({"spec": {"replicas": 9}, "status": {"readyReplicas": 1, "routableReplicas": 1}})
    served.kubectl("patch", "infd", "reported", "--subresource=status", "--type=merge", "-p", patch)
    there = json.loads(served.kubectl("get", "infd", "reported", "-o", "json"))
    assert there["metadata"]["generation"] == 1
    assert "replicas" not in there["spec"]
    assert there["status"] == {"readyReplicas": 1, "routableReplicas": 1}


def test_get_shows_the_most_useful_columns_first(served: Embedded) -> None:
    served.kubectl("apply", "-f", "-", text=json.dumps(_object(KINDS[0], "shown", LEAST)))
    head = served.kubectl("get", "infd", "shown").splitlines()[0].split()
    assert head == ["NAME", "MODEL", "PRODUCT", "READY", "DESIRED", "ROUTABLE", "POLICY", "REASON", "AGE"]
    assert "shown" in served.kubectl("get", "fairlead")


def _object(kind: Kind[Any], name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": API_VERSION, "kind": kind.name, "metadata": {"name": name}, "spec": spec}


def _version(served: Embedded, kind: Kind[Any]) -> tuple[str, int]:
    metadata = json.loads(served.kubectl("get", "crd", kind.crd, "-o", "json"))["metadata"]
    return metadata["resourceVersion"], metadata["generation"]


def _metadata(served: Embedded, name: str) -> tuple[str, int]:
    metadata = json.loads(served.kubectl("get", "infd", name, "-o", "json"))["metadata"]
    return metadata["resourceVersion"], metadata["generation"]
