"""Strict reading reports every error at once; stored reading takes what it can and never fails on one odd object."""

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from fairlead.api import validation_errors
from fairlead.api.deployment import InferenceDeploymentSpec
from fairlead.api.kinds import DEPLOYMENT, KINDS, POLICY
from fairlead.api.object_reader import ParsedObject, ReadResult, read_stored, read_strict
from fairlead.api.read_problems import ReadReason
from fairlead.api.status import InferenceDeploymentStatus
from fairlead.api.validation_errors import MAX_PROBLEMS
from fairlead.fleet.findings import SpecRefusal
from fairlead.fleet.quantization import WeightFormat
from tests.api.bad import LEAST
from tests.api.bad_specs import BAD
from tests.api.objects import written

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.binary(max_size=4) | st.dates(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


def test_the_least_is_read_whole() -> None:
    reading = read_strict(written(), DEPLOYMENT)
    assert reading == ReadResult(
        value=ParsedObject(
            namespace="team", name="chat", generation=7, spec=InferenceDeploymentSpec.model_validate(LEAST)
        )
    )


def test_a_refusal_names_field_value_rule_and_remedy() -> None:
    reading = read_strict(written(LEAST | {"scaling": {"minReplicas": 9, "maxReplicas": 8}}), DEPLOYMENT)
    assert reading.problems == (
        SpecRefusal(
            field="spec.scaling.minReplicas",
            value="9",
            reason=ReadReason.CONTRADICTION,
            because="minReplicas must not exceed maxReplicas (8)",
            remedy="raise maxReplicas or lower minReplicas",
        ),
    )


@pytest.mark.parametrize(
    ("spec", "field", "meant"),
    [
        ({"pod_metadata": {"labels": {"team": "search"}}}, "spec.pod_metadata", "podMetadata"),
        ({"placement": {"node_selector": {"pool": "a"}}}, "spec.placement.node_selector", "nodeSelector"),
        ({"resources": {"requests": {"ephemeral_storage": "1Gi"}}}, "spec.resources.requests.ephemeral_storage", "-"),
    ],
)
def test_a_field_has_the_name_of_the_api_alone_since_the_api_server_drops_every_other(
    spec: dict[str, Any], field: str, meant: str
) -> None:
    (refusal,) = read_strict(written(LEAST | spec), DEPLOYMENT).problems
    assert (refusal.field, refusal.reason) == (field, ReadReason.UNKNOWN_FIELD)
    assert meant in refusal.remedy
    stored = read_stored(written(LEAST | spec), DEPLOYMENT).value
    assert stored is not None
    assert stored.spec == InferenceDeploymentSpec.model_validate(LEAST)


def test_all_errors_are_reported_at_once() -> None:
    spec = {
        "model": {"source": "http://example.com"},
        "accelerator": {"product": "NVIDIA-L4"},
        "replica": 2,
        "replicas": 2,
        "scaling": {"maxReplicas": 4},
        "storage": {"sharedMemory": "2GB"},
    }
    reading = read_strict(written(spec, name="chat.v2") | {"speck": {}}, DEPLOYMENT)
    assert [one.field for one in reading.problems] == [
        "speck",
        "metadata.name",
        "spec.model.source",
        "spec.storage.sharedMemory",
        "spec.replica",
    ]


def test_a_contradiction_is_reported_beside_a_misspelling_elsewhere() -> None:
    spec = LEAST | {"replicas": 2, "scaling": {"maxReplicas": 4}, "storage": {"sharedMemory": "2GB"}}
    fields = [one.field for one in read_strict(written(spec), DEPLOYMENT).problems]
    assert fields == ["spec.storage.sharedMemory", "spec.replicas"]


def test_an_error_that_a_misspelling_may_have_caused_is_not_reported() -> None:
    spec = LEAST | {"engine": {"speculation": {"method": "eagle3", "draft": {"source": "nowhere"}}}}
    fields = [one.field for one in read_strict(written(spec), DEPLOYMENT).problems]
    assert fields == ["spec.engine.speculation.draft.source"]


def test_null_is_absent() -> None:
    spec = LEAST | {
        "replicas": None,
        "engine": None,
        "placement": {"tolerations": [{"operator": "Exists", "key": None}]},
    }
    value = read_strict(written(spec), DEPLOYMENT).value
    assert value is not None
    assert value.spec.replicas is None


@pytest.mark.parametrize(
    ("document", "answer"),
    [
        (None, "InferenceDeployment: no object: an object is expected; begin with apiVersion: fairlead.dev/v1alpha1"),
        ([], "InferenceDeployment: no object"),
        (written() | {"kind": "Deployment"}, "kind: fairlead.dev/v1alpha1 Deployment: fairlead.dev/v1alpha1 Infer"),
        (written() | {"apiVersion": 5}, "kind: absent InferenceDeployment"),
        (written(None), "spec: absent: an object is expected; add spec, see `kubectl explain infd.spec`"),
        (written("chat"), "spec: chat: an object is expected"),
    ],
)
def test_what_is_no_object_of_ours_is_refused_in_one_line(document: object, answer: str) -> None:
    for read in (read_strict, read_stored):
        (problem,) = read(document, DEPLOYMENT).problems
        assert problem.sentence.startswith(answer)


def test_metadata_may_be_missing_or_odd() -> None:
    for metadata in ({}, None, "x", {"name": ["x"], "generation": "7", "namespace": 3}):
        value = read_strict(written() | {"metadata": metadata}, DEPLOYMENT).value
        assert value is not None
        assert (value.namespace, value.name, value.generation) == ("default", "", 0)


def test_a_field_that_is_no_text_is_named_as_such() -> None:
    (problem,) = read_strict(written() | {5: 1}, DEPLOYMENT).problems
    assert problem.field == "(no text)"


def test_a_policy_may_have_any_name_since_no_child_carries_it() -> None:
    assert read_strict(written({}, kind=POLICY, name="team.interactive"), POLICY).problems == ()


def test_stored_ignores_what_a_newer_version_wrote() -> None:
    spec = LEAST | {"engine": {"kind": "vLLM", "warp": 9}, "novelty": {"deep": [1]}}
    reading = read_stored(written(spec), DEPLOYMENT)
    assert reading.problems == ()
    assert reading.value is not None
    assert reading.value.spec == InferenceDeploymentSpec.model_validate(LEAST)


def test_stored_understands_numbers_that_an_older_schema_let_through_as_text() -> None:
    value = read_stored(written(LEAST | {"replicas": "3"}), DEPLOYMENT).value
    assert value is not None
    assert value.spec.replicas == 3


def test_stored_sets_aside_what_it_cannot_read_and_says_so() -> None:
    spec = LEAST | {
        "engine": {
            "quantization": {"weights": "int2", "kvCache": "fp8"},
            "adapters": [{"name": "a"}, {"name": "b", "source": "hf://a/b"}, {"name": "c"}],
        }
    }
    reading = read_stored(written(spec), DEPLOYMENT)
    assert reading.value is not None
    engine = reading.value.spec.engine
    assert engine.quantization.weights is WeightFormat.NONE
    assert [one.name for one in engine.adapters] == ["b"]
    assert [one.field for one in reading.problems] == [
        "spec.engine.quantization.weights",
        "spec.engine.adapters[0].source",
        "spec.engine.adapters[2].source",
    ]


def test_stored_reports_contradictions_and_reads_on() -> None:
    reading = read_stored(written(LEAST | {"replicas": 2, "scaling": {"maxReplicas": 4}}), DEPLOYMENT)
    assert reading.value is not None
    assert [one.field for one in reading.problems] == ["spec.replicas"]


def test_without_a_model_no_sensible_reading_exists() -> None:
    reading = read_stored(written({"model": {"source": "?"}, "accelerator": {"product": "NVIDIA-L4"}}), DEPLOYMENT)
    assert reading.value is None
    assert [one.field for one in reading.problems] == ["spec.model.source"]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.story)
def test_stored_never_takes_a_bad_spec_for_a_good_one(bad: Any) -> None:  # noqa: ANN401  # a row of the table
    stored = read_stored(written(bad.spec, kind=bad.kind), bad.kind)
    lenient = {ReadReason.UNKNOWN_FIELD, ReadReason.BAD_NAME, ReadReason.WRONG_TYPE}
    strict = {one.reason for one in read_strict(written(bad.spec, kind=bad.kind, name=bad.name), bad.kind).problems}
    assert stored.problems or strict <= lenient


@settings(deadline=None)  # a loaded machine is no finding
@given(spec=ANYTHING, kind=st.sampled_from(KINDS))
def test_no_input_ever_raises(spec: object, kind: Any) -> None:  # noqa: ANN401  # one of our kinds
    for document in (spec, written(spec, kind=kind), written(kind=kind) | {"metadata": spec}):
        strict, stored = read_strict(document, kind), read_stored(document, kind)
        assert (strict.value is None) == bool(strict.problems)
        if strict.value is not None:
            assert stored == strict


@settings(deadline=None)
@given(change=ANYTHING, field=st.sampled_from(sorted(InferenceDeploymentSpec.model_json_schema()["properties"])))
def test_one_odd_field_never_raises_and_is_never_silently_taken(change: object, field: str) -> None:
    document = written(LEAST | {field: change})
    strict, stored = read_strict(document, DEPLOYMENT), read_stored(document, DEPLOYMENT)
    assert stored.value is not None or stored.problems
    assert (strict.value is None) == bool(strict.problems)


@pytest.mark.parametrize(
    "spec",
    [
        LEAST | {"x": "y" * 10_000_000},
        LEAST | {"x": [0] * 1_000_000},
        LEAST | {f"x{number}": number for number in range(100_000)},
    ],
    ids=["ten megabytes", "a million numbers", "a hundred thousand fields"],
)
def test_what_is_too_large_is_refused_before_it_is_read(spec: object) -> None:
    started = time.process_time()
    (problem,) = read_strict(written(spec), DEPLOYMENT).problems
    assert problem.reason is ReadReason.TOO_LARGE
    assert time.process_time() - started < 1.0


def test_what_holds_itself_or_goes_very_deep_is_refused() -> None:
    endless: list[object] = []
    endless.append(endless)
    deep: object = 1
    for _ in range(5000):
        deep = {"a": deep}
    for hostile in (endless, deep):
        (problem,) = read_strict(written(LEAST | {"x": hostile}), DEPLOYMENT).problems
        assert problem.because == "it is nested deeper than 32 levels"
        assert read_strict(written() | {"metadata": hostile, "kind": hostile}, DEPLOYMENT).value is None


def test_an_unforeseen_error_is_reported_with_pydantics_message() -> None:
    spec = {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "", "reason": "", "message": ""}]}
    with pytest.raises(ValidationError) as caught:
        InferenceDeploymentStatus.model_validate(spec)
    (problem,) = validation_errors.refusals(caught.value, spec, InferenceDeploymentStatus)
    assert problem.because == "String should have at least 1 character"
    assert problem.remedy == "see `kubectl explain` for what is allowed here"


def test_a_thousand_problems_are_reported_in_part_and_counted() -> None:
    spec = LEAST | {f"x{number}": 1 for number in range(1000)}
    problems = read_strict(written(spec), DEPLOYMENT).problems
    assert len(problems) == MAX_PROBLEMS + 1
    assert problems[-1].because == f"there are {1000 - MAX_PROBLEMS} more problems"
